package server

import (
	"cmp"
	"context"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
	"github.com/mlstore/mlstore/server/access"
)

// accountRoutes serve users, roles, permissions and tokens, where there are any. Source: mlflow/server/auth/__init__.py.
func (s *Server) accountRoutes() []route {
	a, ok := s.guard.(*accounts)
	if !ok {
		return nil
	}
	return slices.Concat(a.userRoutes(), a.roleRoutes(), a.permissionRoutes(), a.oldPermissionRoutes(), a.tokenRoutes())
}

func (a *accounts) userRoutes() []route {
	name := func(q rest.UserName) string { return q.Username }
	return []route{
		json(rest.UsersCreate, on(manage, memberKind, func(rest.CreateUser) string { return "" }), a.createUser),
		json(rest.UsersGet, on(read, userKind, name), a.getUser),
		json(rest.UsersCurrent, known[rest.None], a.currentUser),
		json(rest.UsersList, known[rest.None], a.listUsers),
		json(rest.UsersUpdatePassword,
			on(manage, userKind, func(q rest.UpdatePassword) string { return q.Username }), a.updatePassword),
		json(rest.UsersUpdateAdmin, administrators[rest.UpdateAdmin], a.updateAdmin),
		json(rest.UsersDelete, administrators[rest.UserName], a.deleteUser),
	}
}

func noUser(err error, name string) error {
	return phrased(err, core.NotFound, "User with username=%s not found", cut(name))
}

func (a *accounts) createUser(c *call, q rest.CreateUser) (rest.UserAnswer, error) {
	if err := cmp.Or(core.CheckUserName(q.Username), access.CheckPassword(q.Username, q.Password)); err != nil {
		return rest.UserAnswer{}, err
	}
	hash, err := access.HashPassword(q.Password)
	if err != nil {
		return rest.UserAnswer{}, err
	}
	user, err := a.access.Store().CreateUser(c.ctx(), core.UserSpec{Name: q.Username, Password: hash})
	a.access.Forget()
	return rest.UserAnswer{User: rest.UserOf(user, core.Role{})},
		phrased(err, core.AlreadyExists, "User (username=%s) already exists.", cut(q.Username))
}

func (a *accounts) getUser(c *call, q rest.UserName) (rest.UserAnswer, error) {
	rights, err := a.access.Rights(c.ctx(), q.Username)
	if err != nil {
		return rest.UserAnswer{}, noUser(err, q.Username)
	}
	return rest.UserAnswer{User: rest.UserOf(rights.User, ownRole(rights))}, nil
}

// ownRole is the role of what was granted to a user alone.
func ownRole(r *access.Rights) core.Role {
	for _, role := range r.Roles {
		if role.Name == core.OwnRole(r.User.ID) && role.Workspace == core.DefaultWorkspace {
			return role
		}
	}
	return core.Role{}
}

func currentOf(u core.User) rest.CurrentUser {
	return rest.CurrentUser{ID: int64(u.ID), Username: u.Name, IsAdmin: u.Admin}
}

func (a *accounts) currentUser(c *call, _ rest.None) (rest.CurrentUserAnswer, error) {
	return rest.CurrentUserAnswer{
		User: currentOf(c.principal.caller.Rights.User), IsBasicAuth: c.principal.caller.Method == "basic",
	}, nil
}

// listUsers lists everybody, with those of their roles that the caller may see.
func (a *accounts) listUsers(c *call, _ rest.None) (rest.UsersAnswer, error) {
	roles, err := a.access.Roles(c.ctx(), core.RoleQuery{})
	if err != nil {
		return rest.UsersAnswer{}, err
	}
	r := c.principal.caller.Rights
	answer := rest.UsersAnswer{Users: []rest.ListedUser{}}
	for user, err := range core.All(c.ctx(), a.access.Store().SearchUsers, core.PageOptions{}) {
		if err != nil {
			return rest.UsersAnswer{}, err
		}
		shown := slices.DeleteFunc(slices.Clone(roles), func(role core.Role) bool {
			return !isMember(role, user.ID) || user.ID != r.User.ID && !r.Manages(role.Workspace)
		})
		answer.Users = append(answer.Users, rest.ListedUser{CurrentUser: currentOf(user), Roles: rest.RolesOf(shown)})
	}
	return answer, nil
}

func isMember(role core.Role, user core.UserID) bool {
	return slices.ContainsFunc(role.Members, func(m core.Member) bool { return m.User == user })
}

// updatePassword changes a password. Whoever changes their own shows that they know it, so that nobody can who has found their
// browser open.
func (a *accounts) updatePassword(c *call, q rest.UpdatePassword) (rest.None, error) {
	if q.Username == c.principal.name {
		if err := a.checkCurrent(c.ctx(), c.principal.caller.Rights.User, q); err != nil {
			return rest.None{}, err
		}
	}
	if err := access.CheckPassword(q.Username, q.Password); err != nil {
		return rest.None{}, err
	}
	hash, err := access.HashPassword(q.Password)
	if err != nil {
		return rest.None{}, err
	}
	_, err = a.access.Store().UpdateUser(c.ctx(), q.Username, core.UserChange{Password: &hash})
	a.access.Forget()
	return rest.None{}, noUser(err, q.Username)
}

func (a *accounts) checkCurrent(ctx context.Context, user core.User, q rest.UpdatePassword) error {
	if q.CurrentPassword == "" {
		return core.Invalid("current_password", "Current password is required when changing your own password.")
	}
	fits, err := a.access.Proves(ctx, user, q.CurrentPassword)
	switch {
	case err != nil:
		return err
	case !fits:
		return core.Invalid("current_password", "Current password does not match.")
	case q.Password == q.CurrentPassword:
		return core.Invalid("password", "New password must differ from the current password.")
	}
	return nil
}

func (a *accounts) updateAdmin(c *call, q rest.UpdateAdmin) (rest.None, error) {
	_, err := a.access.Store().UpdateUser(c.ctx(), q.Username, core.UserChange{Admin: &q.IsAdmin})
	a.access.Forget()
	return rest.None{}, noUser(err, q.Username)
}

func (a *accounts) deleteUser(c *call, q rest.UserName) (rest.None, error) {
	if q.Username == c.principal.name {
		return rest.None{}, &core.Error{
			Code: core.InvalidArgument, Reason: core.ReasonBadRequest, Err: core.Errorf(core.InvalidArgument,
				"Users cannot delete their own account. Ask another admin to delete this user instead."),
		}
	}
	err := a.access.Store().DeleteUser(c.ctx(), q.Username)
	a.access.Forget()
	return rest.None{}, noUser(err, q.Username)
}
