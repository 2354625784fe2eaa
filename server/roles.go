package server

import (
	"errors"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

func (a *accounts) roleRoutes() []route {
	role := func(q rest.RoleID) string { return decimal(q.RoleID) }
	return []route{
		json(rest.RolesCreate, on(manage, workspaceKind, func(q rest.CreateRole) string { return q.Workspace }), a.createRole),
		json(rest.RolesGet, on(read, roleKind, role), a.getRole),
		json(rest.RolesList, listRolesNeeds, a.listRoles),
		json(rest.RolesUpdate, on(manage, roleKind, func(q rest.UpdateRole) string { return decimal(q.RoleID) }), a.updateRole),
		json(rest.RolesDelete, on(manage, roleKind, role), a.deleteRole),
		json(rest.RolesAddPermission,
			on(manage, roleKind, func(q rest.AddRolePermission) string { return decimal(q.RoleID) }), a.addPermission),
		json(rest.RolesRemovePermission,
			on(manage, grantKind, func(q rest.RolePermissionID) string { return decimal(q.RolePermissionID) }), a.removePermission),
		json(rest.RolesListPermissions, on(read, roleKind, role), a.rolePermissions),
		json(rest.RolesUpdatePermission,
			on(manage, grantKind, func(q rest.UpdateRolePermission) string { return decimal(q.RolePermissionID) }), a.updatePermission),
		json(rest.RolesAssign, on(manage, roleKind, func(q rest.RoleUser) string { return decimal(q.RoleID) }), a.assignRole),
		json(rest.RolesUnassign, on(manage, roleKind, func(q rest.RoleUser) string { return decimal(q.RoleID) }), a.unassignRole),
		json(rest.RolesListUsers, on(manage, roleKind, role), a.roleUsers),
		json(rest.UsersListRoles, on(read, memberKind, func(q rest.UserName) string { return q.Username }), a.userRoles),
	}
}

func decimal(n rest.Int) string { return strconv.FormatInt(int64(n), 10) }

// listRolesNeeds are those of listing the roles of workspaces, or of all.
func listRolesNeeds(q rest.ListRoles) []need {
	if len(q.Workspaces) == 0 {
		return []need{{permission: admin}}
	}
	needs := make([]need, len(q.Workspaces))
	for i, name := range q.Workspaces {
		needs[i] = need{read, workspaceKind, name}
	}
	return needs
}

// checkNewRole refuses names that are kept for the roles of users' own.
func checkNewRole(name string) error {
	if strings.HasPrefix(name, core.OwnRolePrefix) {
		return core.Invalid("name", "Role name '%s' uses the reserved '__user_' prefix, which is held for the per-user permission "+
			"representation. Choose a different name.", cut(name))
	}
	return nil
}

func (a *accounts) createRole(c *call, q rest.CreateRole) (rest.RoleAnswer, error) {
	if err := checkNewRole(q.Name); err != nil {
		return rest.RoleAnswer{}, err
	}
	role, err := a.access.Store().CreateRole(c.ctx(), core.RoleSpec{
		Workspace: q.Workspace, Name: q.Name, Description: q.Description,
	})
	return rest.RoleAnswer{Role: rest.RoleOf(role)}, phrased(err, core.AlreadyExists,
		"Role with name=%s already exists in workspace=%s.", cut(q.Name), cut(q.Workspace))
}

func (a *accounts) getRole(c *call, q rest.RoleID) (rest.RoleAnswer, error) {
	role, err := a.access.Store().Role(c.ctx(), core.RoleID(q.RoleID))
	return rest.RoleAnswer{Role: rest.RoleOf(role)}, err
}

func (a *accounts) listRoles(c *call, q rest.ListRoles) (rest.RolesAnswer, error) {
	for _, name := range q.Workspaces {
		if strings.TrimSpace(name) == "" {
			return rest.RolesAnswer{}, core.Invalid("workspace", "Parameter 'workspace' must be a non-empty string when provided.")
		}
	}
	roles, err := a.access.Roles(c.ctx(), core.RoleQuery{Workspaces: q.Workspaces})
	return rest.RolesAnswer{Roles: rest.RolesOf(roles)}, err
}

func (a *accounts) updateRole(c *call, q rest.UpdateRole) (rest.RoleAnswer, error) {
	if q.Name == nil && q.Description == nil {
		return rest.RoleAnswer{}, core.Invalid("name",
			"At least one of 'name' or 'description' must be provided to update a role.")
	}
	if q.Name != nil {
		if err := checkNewRole(*q.Name); err != nil {
			return rest.RoleAnswer{}, err
		}
	}
	role, err := a.changeRole(c, core.RoleID(q.RoleID), core.RoleChange{Name: q.Name, Description: q.Description})
	return rest.RoleAnswer{Role: rest.RoleOf(role)}, err
}

func (a *accounts) changeRole(c *call, id core.RoleID, change core.RoleChange) (core.Role, error) {
	defer a.access.Forget()
	return a.access.Store().UpdateRole(c.ctx(), id, change)
}

func (a *accounts) deleteRole(c *call, q rest.RoleID) (rest.None, error) {
	defer a.access.Forget()
	return rest.None{}, a.access.Store().DeleteRole(c.ctx(), core.RoleID(q.RoleID))
}

func (a *accounts) addPermission(c *call, q rest.AddRolePermission) (rest.RolePermissionAnswer, error) {
	grant := core.Grant{Kind: q.ResourceType, Pattern: q.ResourcePattern, Permission: q.Permission}
	if err := core.CheckGrant(grant); err != nil {
		return rest.RolePermissionAnswer{}, err
	}
	id := core.RoleID(q.RoleID)
	role, err := a.access.Store().Role(c.ctx(), id)
	if err != nil {
		return rest.RolePermissionAnswer{}, err
	}
	if _, has := grantOn(role, grant); has {
		return rest.RolePermissionAnswer{}, core.Errorf(core.AlreadyExists, "Permission for role_id=%d on resource_type=%s, "+
			"resource_pattern=%s already exists.", id, grant.Kind, cut(grant.Pattern))
	}
	if role, err = a.changeRole(c, id, core.RoleChange{Grant: []core.Grant{grant}}); err != nil {
		return rest.RolePermissionAnswer{}, err
	}
	made, _ := grantOn(role, grant)
	return rest.RolePermissionAnswer{RolePermission: rest.RolePermissionOf(id, made)}, nil
}

// grantOn finds what a role has for the resource of a grant.
func grantOn(role core.Role, grant core.Grant) (core.Grant, bool) {
	for _, g := range role.Grants {
		if g.Kind == grant.Kind && g.Pattern == grant.Pattern {
			return g, true
		}
	}
	return core.Grant{}, false
}

// roleWith finds the role that has a grant, and the grant.
func (a *accounts) roleWith(c *call, id core.GrantID) (core.Role, core.Grant, error) {
	if id > 0 {
		roles, err := a.access.Roles(c.ctx(), core.RoleQuery{Grant: id})
		if err != nil {
			return core.Role{}, core.Grant{}, err
		}
		for _, role := range roles {
			for _, g := range role.Grants {
				if g.ID == id {
					return role, g, nil
				}
			}
		}
	}
	return core.Role{}, core.Grant{}, core.Errorf(core.NotFound, "RolePermission with id=%d not found", id)
}

func (a *accounts) removePermission(c *call, q rest.RolePermissionID) (rest.None, error) {
	role, grant, err := a.roleWith(c, core.GrantID(q.RolePermissionID))
	if err != nil {
		return rest.None{}, err
	}
	_, err = a.changeRole(c, role.ID, core.RoleChange{Revoke: []core.GrantID{grant.ID}})
	return rest.None{}, err
}

func (a *accounts) rolePermissions(c *call, q rest.RoleID) (rest.RolePermissionsAnswer, error) {
	role, err := a.access.Store().Role(c.ctx(), core.RoleID(q.RoleID))
	return rest.RolePermissionsAnswer{RolePermissions: rest.RoleOf(role).Permissions}, err
}

func (a *accounts) updatePermission(c *call, q rest.UpdateRolePermission) (rest.RolePermissionAnswer, error) {
	role, grant, err := a.roleWith(c, core.GrantID(q.RolePermissionID))
	if err != nil {
		return rest.RolePermissionAnswer{}, err
	}
	grant.Permission = q.Permission
	_, err = a.changeRole(c, role.ID, core.RoleChange{Grant: []core.Grant{grant}})
	return rest.RolePermissionAnswer{RolePermission: rest.RolePermissionOf(role.ID, grant)}, err
}

func (a *accounts) assignRole(c *call, q rest.RoleUser) (rest.AssignmentAnswer, error) {
	user, err := a.access.Store().User(c.ctx(), q.Username)
	if err != nil {
		return rest.AssignmentAnswer{}, noUser(err, q.Username)
	}
	id := core.RoleID(q.RoleID)
	role, err := a.access.Store().Role(c.ctx(), id)
	if err == nil && core.IsOwnRole(role.Name) {
		err = core.Invalid("role_id", "the role %q holds what one user alone was granted: nobody else can have it", role.Name)
	}
	if err == nil && isMember(role, user.ID) {
		err = core.Errorf(core.AlreadyExists, "User with id=%d is already assigned role with id=%d.", user.ID, id)
	}
	if err != nil {
		return rest.AssignmentAnswer{}, err
	}
	if role, err = a.changeRole(c, id, core.RoleChange{Join: []core.UserID{user.ID}}); err != nil {
		return rest.AssignmentAnswer{}, err
	}
	answer := rest.AssignmentAnswer{}
	for _, m := range role.Members {
		if m.User == user.ID {
			answer.Assignment = assignment(role.ID, m)
		}
	}
	return answer, nil
}

func assignment(role core.RoleID, m core.Member) rest.Assignment {
	return rest.Assignment{ID: int64(m.ID), UserID: int64(m.User), RoleID: int64(role)}
}

func (a *accounts) unassignRole(c *call, q rest.RoleUser) (rest.None, error) {
	user, err := a.access.Store().User(c.ctx(), q.Username)
	if err != nil {
		return rest.None{}, noUser(err, q.Username)
	}
	role, err := a.access.Store().Role(c.ctx(), core.RoleID(q.RoleID))
	if errors.Is(err, core.ErrNotFound) || err == nil && !isMember(role, user.ID) {
		return rest.None{}, core.Errorf(core.NotFound, "Role assignment not found for user_id=%d, role_id=%d.", user.ID, q.RoleID)
	}
	if err != nil {
		return rest.None{}, err
	}
	_, err = a.changeRole(c, role.ID, core.RoleChange{Leave: []core.UserID{user.ID}})
	return rest.None{}, err
}

func (a *accounts) roleUsers(c *call, q rest.RoleID) (rest.AssignmentsAnswer, error) {
	role, err := a.access.Store().Role(c.ctx(), core.RoleID(q.RoleID))
	answer := rest.AssignmentsAnswer{Assignments: []rest.Assignment{}}
	for _, m := range role.Members {
		answer.Assignments = append(answer.Assignments, assignment(role.ID, m))
	}
	return answer, err
}

// userRoles lists the roles of a user that the caller may see.
func (a *accounts) userRoles(c *call, q rest.UserName) (rest.RolesAnswer, error) {
	rights, err := a.access.Rights(c.ctx(), q.Username)
	if err != nil {
		return rest.RolesAnswer{}, noUser(err, q.Username)
	}
	answer := rest.RolesAnswer{Roles: []rest.Role{}}
	for _, role := range rights.Roles {
		if q.Username == c.principal.name || c.principal.caller.Rights.Manages(role.Workspace) {
			answer.Roles = append(answer.Roles, rest.RoleOf(role))
		}
	}
	return answer, nil
}
