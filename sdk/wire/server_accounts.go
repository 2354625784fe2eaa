package wire

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

type accountsServer struct {
	trackingv1.UnimplementedAccountsServiceServer
}

func (accountsServer) CreateUser(
	ctx context.Context, r *trackingv1.CreateUserRequest,
) (*trackingv1.CreateUserResponse, error) {
	store, err := abilityOf[core.Accounts](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	user, err := store.CreateUser(ctx, core.UserSpec{
		Name: r.GetName(), Admin: r.GetAdmin(), Password: core.NewSecret(r.GetPassword()),
	})
	return &trackingv1.CreateUserResponse{User: pbUser(user)}, err
}

func (accountsServer) GetUser(ctx context.Context, r *trackingv1.GetUserRequest) (*trackingv1.GetUserResponse, error) {
	store, err := abilityOf[core.Accounts](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	user, err := store.User(ctx, r.GetName())
	return &trackingv1.GetUserResponse{User: pbUser(user)}, err
}

func (accountsServer) UpdateUser(
	ctx context.Context, r *trackingv1.UpdateUserRequest,
) (*trackingv1.UpdateUserResponse, error) {
	store, err := abilityOf[core.Accounts](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	change := core.UserChange{Admin: r.Admin}
	if r.Password != nil {
		change.Password = new(core.NewSecret(r.GetPassword()))
	}
	user, err := store.UpdateUser(ctx, r.GetName(), change)
	return &trackingv1.UpdateUserResponse{User: pbUser(user)}, err
}

func (accountsServer) DeleteUser(
	ctx context.Context, r *trackingv1.DeleteUserRequest,
) (*trackingv1.DeleteUserResponse, error) {
	store, err := abilityOf[core.Accounts](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	return &trackingv1.DeleteUserResponse{}, store.DeleteUser(ctx, r.GetName())
}

func (accountsServer) SearchUsers(
	ctx context.Context, r *trackingv1.SearchUsersRequest,
) (*trackingv1.SearchUsersResponse, error) {
	store, err := abilityOf[core.Accounts](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	return fit(ctx, store.SearchUsers, corePage(r.GetPage()), func(p core.Page[core.User]) *trackingv1.SearchUsersResponse {
		return &trackingv1.SearchUsersResponse{Users: each(p.Items, pbUser), Next: p.Next}
	})
}

func (accountsServer) CreateRole(
	ctx context.Context, r *trackingv1.CreateRoleRequest,
) (*trackingv1.CreateRoleResponse, error) {
	store, err := abilityOf[core.Accounts](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	role, err := store.CreateRole(ctx, core.RoleSpec{
		Workspace: r.GetWorkspace(), Name: r.GetName(), Description: r.GetDescription(), Grants: each(r.GetGrants(), coreGrant),
		Members: renumber[core.UserID](r.GetMembers()),
	})
	return &trackingv1.CreateRoleResponse{Role: pbRole(role)}, err
}

func (accountsServer) GetRole(ctx context.Context, r *trackingv1.GetRoleRequest) (*trackingv1.GetRoleResponse, error) {
	store, err := abilityOf[core.Accounts](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	role, err := store.Role(ctx, core.RoleID(r.GetId()))
	return &trackingv1.GetRoleResponse{Role: pbRole(role)}, err
}

func (accountsServer) UpdateRole(
	ctx context.Context, r *trackingv1.UpdateRoleRequest,
) (*trackingv1.UpdateRoleResponse, error) {
	store, err := abilityOf[core.Accounts](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	role, err := store.UpdateRole(ctx, core.RoleID(r.GetId()), core.RoleChange{
		Name: r.Name, Description: r.Description, Grant: each(r.GetGrant(), coreGrant),
		Revoke: renumber[core.GrantID](r.GetRevoke()), Join: renumber[core.UserID](r.GetJoin()),
		Leave: renumber[core.UserID](r.GetLeave()),
	})
	return &trackingv1.UpdateRoleResponse{Role: pbRole(role)}, err
}

func (accountsServer) DeleteRole(
	ctx context.Context, r *trackingv1.DeleteRoleRequest,
) (*trackingv1.DeleteRoleResponse, error) {
	store, err := abilityOf[core.Accounts](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	return &trackingv1.DeleteRoleResponse{}, store.DeleteRole(ctx, core.RoleID(r.GetId()))
}

func (accountsServer) SearchRoles(
	ctx context.Context, r *trackingv1.SearchRolesRequest,
) (*trackingv1.SearchRolesResponse, error) {
	store, err := abilityOf[core.Accounts](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	q := core.RoleQuery{
		Workspaces: r.GetWorkspaces(), Name: r.GetName(), Member: core.UserID(r.GetMember()), Grant: core.GrantID(r.GetGrant()),
		Kind: r.GetKind(), Pattern: r.GetPattern(),
	}
	search := func(ctx context.Context, o core.PageOptions) (core.Page[core.Role], error) {
		q.PageOptions = o
		return store.SearchRoles(ctx, q)
	}
	return fit(ctx, search, corePage(r.GetPage()), func(p core.Page[core.Role]) *trackingv1.SearchRolesResponse {
		return &trackingv1.SearchRolesResponse{Roles: each(p.Items, pbRole), Next: p.Next}
	})
}

func (accountsServer) CreateToken(
	ctx context.Context, r *trackingv1.CreateTokenRequest,
) (*trackingv1.CreateTokenResponse, error) {
	store, err := abilityOf[core.Accounts](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	return &trackingv1.CreateTokenResponse{}, store.CreateToken(ctx, coreToken(r.GetToken()))
}

func (accountsServer) GetToken(
	ctx context.Context, r *trackingv1.GetTokenRequest,
) (*trackingv1.GetTokenResponse, error) {
	store, err := abilityOf[core.Accounts](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	token, err := store.Token(ctx, r.GetId())
	return &trackingv1.GetTokenResponse{Token: pbToken(token)}, err
}

func (accountsServer) DeleteToken(
	ctx context.Context, r *trackingv1.DeleteTokenRequest,
) (*trackingv1.DeleteTokenResponse, error) {
	store, err := abilityOf[core.Accounts](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	return &trackingv1.DeleteTokenResponse{}, store.DeleteToken(ctx, r.GetId())
}

func (accountsServer) SearchTokens(
	ctx context.Context, r *trackingv1.SearchTokensRequest,
) (*trackingv1.SearchTokensResponse, error) {
	store, err := abilityOf[core.Accounts](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	search := func(ctx context.Context, o core.PageOptions) (core.Page[core.Token], error) {
		return store.SearchTokens(ctx, core.TokenQuery{User: r.GetUser(), PageOptions: o})
	}
	return fit(ctx, search, corePage(r.GetPage()), func(p core.Page[core.Token]) *trackingv1.SearchTokensResponse {
		return &trackingv1.SearchTokensResponse{Tokens: each(p.Items, pbToken), Next: p.Next}
	})
}
