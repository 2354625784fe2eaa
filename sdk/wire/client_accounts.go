package wire

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

// userAnswer is for calls that name their user.
func userAnswer(asked string, pb *trackingv1.User, err error) (core.User, error) {
	if err != nil {
		return core.User{}, err
	}
	u := coreUser(pb)
	return answer(u, checkSame("user", asked, u.Name))
}

// CreateUser creates a user.
func (t *tracking) CreateUser(ctx context.Context, spec core.UserSpec) (core.User, error) {
	reply, err := t.accounts.CreateUser(ctx, &trackingv1.CreateUserRequest{
		Name: spec.Name, Admin: spec.Admin, Password: spec.Password.Reveal(),
	})
	return userAnswer(spec.Name, reply.GetUser(), err)
}

// User returns a user.
func (t *tracking) User(ctx context.Context, name string) (core.User, error) {
	reply, err := t.accounts.GetUser(ctx, &trackingv1.GetUserRequest{Name: name})
	return userAnswer(name, reply.GetUser(), err)
}

// UpdateUser changes a user.
func (t *tracking) UpdateUser(ctx context.Context, name string, change core.UserChange) (core.User, error) {
	request := &trackingv1.UpdateUserRequest{Name: name, Admin: change.Admin}
	if change.Password != nil {
		request.Password = new(change.Password.Reveal())
	}
	reply, err := t.accounts.UpdateUser(ctx, request)
	return userAnswer(name, reply.GetUser(), err)
}

// DeleteUser deletes a user.
func (t *tracking) DeleteUser(ctx context.Context, name string) error {
	_, err := t.accounts.DeleteUser(ctx, &trackingv1.DeleteUserRequest{Name: name})
	return err
}

// SearchUsers lists users.
func (t *tracking) SearchUsers(ctx context.Context, o core.PageOptions) (core.Page[core.User], error) {
	reply, err := t.accounts.SearchUsers(ctx, &trackingv1.SearchUsersRequest{Page: pbPage(o)})
	if err != nil {
		return core.Page[core.User]{}, err
	}
	page := core.Page[core.User]{Items: each(reply.GetUsers(), coreUser), Next: reply.GetNext()}
	return answer(page, checkPage(len(page.Items), page.Next, o, core.AccountPage()))
}

// roleAnswer is for calls that name their role, or make one, for which they ask with 0.
func roleAnswer(asked core.RoleID, pb *trackingv1.Role, err error) (core.Role, error) {
	if err != nil {
		return core.Role{}, err
	}
	r := coreRole(pb)
	if r.ID == 0 || asked != 0 && r.ID != asked {
		err = lie("the role %d, when %d was asked for", r.ID, asked)
	}
	return answer(r, err)
}

// CreateRole creates a role.
func (t *tracking) CreateRole(ctx context.Context, spec core.RoleSpec) (core.Role, error) {
	reply, err := t.accounts.CreateRole(ctx, &trackingv1.CreateRoleRequest{
		Workspace: spec.Workspace, Name: spec.Name, Description: spec.Description, Grants: each(spec.Grants, pbGrant),
		Members: renumber[int64](spec.Members),
	})
	return roleAnswer(0, reply.GetRole(), err)
}

// Role returns a role.
func (t *tracking) Role(ctx context.Context, id core.RoleID) (core.Role, error) {
	reply, err := t.accounts.GetRole(ctx, &trackingv1.GetRoleRequest{Id: int64(id)})
	return roleAnswer(id, reply.GetRole(), err)
}

// UpdateRole changes a role.
func (t *tracking) UpdateRole(ctx context.Context, id core.RoleID, change core.RoleChange) (core.Role, error) {
	reply, err := t.accounts.UpdateRole(ctx, &trackingv1.UpdateRoleRequest{
		Id: int64(id), Name: change.Name, Description: change.Description, Grant: each(change.Grant, pbGrant),
		Revoke: renumber[int64](change.Revoke), Join: renumber[int64](change.Join), Leave: renumber[int64](change.Leave),
	})
	return roleAnswer(id, reply.GetRole(), err)
}

// DeleteRole deletes a role.
func (t *tracking) DeleteRole(ctx context.Context, id core.RoleID) error {
	_, err := t.accounts.DeleteRole(ctx, &trackingv1.DeleteRoleRequest{Id: int64(id)})
	return err
}

// SearchRoles lists roles.
func (t *tracking) SearchRoles(ctx context.Context, q core.RoleQuery) (core.Page[core.Role], error) {
	reply, err := t.accounts.SearchRoles(ctx, &trackingv1.SearchRolesRequest{
		Workspaces: q.Workspaces, Name: q.Name, Member: int64(q.Member), Grant: int64(q.Grant), Kind: q.Kind,
		Pattern: q.Pattern, Page: pbPage(q.PageOptions),
	})
	if err != nil {
		return core.Page[core.Role]{}, err
	}
	page := core.Page[core.Role]{Items: each(reply.GetRoles(), coreRole), Next: reply.GetNext()}
	return answer(page, checkPage(len(page.Items), page.Next, q.PageOptions, core.AccountPage()))
}

// CreateToken keeps a token.
func (t *tracking) CreateToken(ctx context.Context, token core.Token) error {
	_, err := t.accounts.CreateToken(ctx, &trackingv1.CreateTokenRequest{Token: pbToken(token)})
	return err
}

// Token returns a token.
func (t *tracking) Token(ctx context.Context, id string) (core.Token, error) {
	reply, err := t.accounts.GetToken(ctx, &trackingv1.GetTokenRequest{Id: id})
	if err != nil {
		return core.Token{}, err
	}
	token := coreToken(reply.GetToken())
	return answer(token, checkSame("token", id, token.ID))
}

// DeleteToken deletes a token.
func (t *tracking) DeleteToken(ctx context.Context, id string) error {
	_, err := t.accounts.DeleteToken(ctx, &trackingv1.DeleteTokenRequest{Id: id})
	return err
}

// SearchTokens lists tokens.
func (t *tracking) SearchTokens(ctx context.Context, q core.TokenQuery) (core.Page[core.Token], error) {
	reply, err := t.accounts.SearchTokens(ctx, &trackingv1.SearchTokensRequest{User: q.User, Page: pbPage(q.PageOptions)})
	if err != nil {
		return core.Page[core.Token]{}, err
	}
	page := core.Page[core.Token]{Items: each(reply.GetTokens(), coreToken), Next: reply.GetNext()}
	return answer(page, checkPage(len(page.Items), page.Next, q.PageOptions, core.AccountPage()))
}
