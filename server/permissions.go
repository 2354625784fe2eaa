package server

import (
	"context"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
	"github.com/mlstore/mlstore/server/access"
)

// permissionRoutes serve what users alone were granted, as MLflow has them since 3.13.
func (a *accounts) permissionRoutes() []route {
	return []route{
		json(rest.UsersCurrentPermission, known[rest.None], a.currentPermissions),
		json(rest.UsersListPermissions, on(read, memberKind, func(q rest.UserName) string { return q.Username }), a.userPermissions),
		json(rest.UsersGrant, grantNeeds, a.grantPermission),
		json(rest.UsersRevoke, grantNeeds, a.revokePermission),
		json(rest.UsersGetPermission, seePermissionNeeds, a.getPermission),
	}
}

// grantNeeds are those of whoever gives or takes: to manage the resource, or everything when that is meant, or when the kind of
// resource is none that this server keeps.
func grantNeeds(q rest.UserPermission) []need {
	if q.ResourceID != core.GrantAll {
		switch q.ResourceType {
		case core.GrantExperiment:
			return []need{{manage, experimentKind, q.ResourceID}}
		case core.GrantModel, core.GrantPrompt:
			return []need{{manage, modelKind, q.ResourceID}}
		}
	}
	return []need{{manage, workspaceKind, core.DefaultWorkspace}}
}

// seePermissionNeeds are those of asking what somebody may do: it is their own matter, and that of whoever administers them.
func seePermissionNeeds(q rest.UserPermission) []need { return []need{{read, memberKind, q.Username}} }

func (a *accounts) currentPermissions(c *call, _ rest.None) (rest.PermissionsAnswer, error) {
	return held(c.principal.caller.Rights, func(core.Role) bool { return true }), nil
}

func (a *accounts) userPermissions(c *call, q rest.UserName) (rest.PermissionsAnswer, error) {
	rights, err := a.access.Rights(c.ctx(), q.Username)
	if err != nil {
		return rest.PermissionsAnswer{}, noUser(err, q.Username)
	}
	return held(rights, func(role core.Role) bool {
		return q.Username == c.principal.name || c.principal.caller.Rights.Manages(role.Workspace)
	}), nil
}

func held(r *access.Rights, shown func(core.Role) bool) rest.PermissionsAnswer {
	answer := rest.PermissionsAnswer{IsAdmin: r.User.Admin, Permissions: []rest.HeldPermission{}}
	for _, role := range r.Roles {
		if !shown(role) {
			continue
		}
		for _, g := range role.Grants {
			answer.Permissions = append(answer.Permissions, rest.HeldPermission{
				RoleID: int64(role.ID), RoleName: role.Name, Workspace: role.Workspace, ResourceType: g.Kind,
				ResourcePattern: g.Pattern, Permission: g.Permission,
			})
		}
	}
	return answer
}

// checkUserGrant refuses what users alone cannot be granted.
func checkUserGrant(kind string) error {
	if kind == core.GrantWorkspace {
		return core.Invalid("resource_type", "resource_type 'workspace' is not supported by the per-user permission convenience "+
			"APIs. Give the user a role that has it.")
	}
	return nil
}

func (a *accounts) grantPermission(c *call, q rest.UserPermission) (rest.None, error) {
	grant := core.Grant{Kind: q.ResourceType, Pattern: q.ResourceID, Permission: q.Permission}
	if err := checkUserGrant(q.ResourceType); err != nil {
		return rest.None{}, err
	}
	return rest.None{}, a.grantNew(c.ctx(), q.Username, grant)
}

// grantNew grants what the user alone does not have yet.
func (a *accounts) grantNew(ctx context.Context, name string, grant core.Grant) error {
	if err := core.CheckGrant(grant); err != nil {
		return err
	}
	user, err := a.access.Store().User(ctx, name)
	if err != nil {
		return noUser(err, name)
	}
	if _, _, err := a.access.Granted(ctx, user.ID, access.Key{Kind: grant.Kind, Pattern: grant.Pattern}); err == nil {
		return core.Errorf(core.AlreadyExists, "Permission for user=%s on resource_type=%s, resource_id=%s already exists.",
			cut(name), grant.Kind, cut(grant.Pattern))
	}
	return a.access.Grant(ctx, user.ID, grant)
}

func (a *accounts) revokePermission(c *call, q rest.UserPermission) (rest.None, error) {
	if err := checkUserGrant(q.ResourceType); err != nil {
		return rest.None{}, err
	}
	if err := core.CheckGrantPattern(q.ResourceType, q.ResourceID); err != nil {
		return rest.None{}, err
	}
	return rest.None{}, a.revoke(c.ctx(), q.Username, access.Key{Kind: q.ResourceType, Pattern: q.ResourceID})
}

func (a *accounts) revoke(ctx context.Context, name string, key access.Key) error {
	user, err := a.access.Store().User(ctx, name)
	if err != nil {
		return noUser(err, name)
	}
	return a.access.Revoke(ctx, user.ID, key)
}

// getPermission answers what a request of the user would be judged by.
func (a *accounts) getPermission(c *call, q rest.UserPermission) (rest.GetPermissionAnswer, error) {
	if err := checkUserGrant(q.ResourceType); err != nil {
		return rest.GetPermissionAnswer{}, err
	}
	if !slices.Contains(core.GrantKinds(), q.ResourceType) {
		return rest.GetPermissionAnswer{}, core.CheckGrantPattern(q.ResourceType, q.ResourceID)
	}
	rights, err := a.access.Rights(c.ctx(), q.Username)
	if err != nil {
		return rest.GetPermissionAnswer{}, noUser(err, q.Username)
	}
	v := rights.Of(access.Key{Kind: q.ResourceType, Pattern: q.ResourceID})
	answer := rest.GetPermissionAnswer{Allowed: v.Level >= access.Use, Permission: v.Level.String()}
	if v.Denied {
		answer.Permission = core.GrantDeny
	}
	return answer, nil
}

// oldPermissionRoutes serve the same to clients of MLflow up to 3.12.
func (a *accounts) oldPermissionRoutes() []route {
	experiment := func(q rest.ExperimentPermissionRequest) []need {
		return grantNeeds(rest.UserPermission{ResourceType: core.GrantExperiment, ResourceID: q.ExperimentID})
	}
	model := func(q rest.RegisteredModelPermissionRequest) []need {
		return grantNeeds(rest.UserPermission{ResourceType: core.GrantModel, ResourceID: q.Name})
	}
	return []route{
		json(rest.ExperimentPermissionsCreate, experiment, onExperiment(a.createOld)),
		json(rest.ExperimentPermissionsGet, experiment, onExperiment(a.getOld)),
		json(rest.ExperimentPermissionsUpdate, experiment, nothingOnExperiment(a.updateOld)),
		json(rest.ExperimentPermissionsDelete, experiment, nothingOnExperiment(a.deleteOld)),
		json(rest.RegisteredModelPermissionsCreate, model, onModel(a.createOld)),
		json(rest.RegisteredModelPermissionsGet, model, onModel(a.getOld)),
		json(rest.RegisteredModelPermissionsUpdate, model, nothingOnModel(a.updateOld)),
		json(rest.RegisteredModelPermissionsDelete, model, nothingOnModel(a.deleteOld)),
	}
}

// oldGrant is a grant that an old client speaks of, to a user.
type oldGrant struct {
	username string
	core.Grant
}

// oldCall is what such a client can ask.
type oldCall func(context.Context, oldGrant) (core.UserID, core.Grant, error)

func experimentGrant(q rest.ExperimentPermissionRequest) oldGrant {
	return oldGrant{q.Username, core.Grant{
		Kind: core.GrantExperiment, Pattern: q.ExperimentID, Permission: rest.GrantPermission(q.Permission),
	}}
}

func onExperiment(f oldCall) func(*call, rest.ExperimentPermissionRequest) (rest.ExperimentPermissionAnswer, error) {
	return func(c *call, q rest.ExperimentPermissionRequest) (rest.ExperimentPermissionAnswer, error) {
		user, grant, err := f(c.ctx(), experimentGrant(q))
		return rest.ExperimentPermissionAnswer{ExperimentPermission: rest.ExperimentPermissionOf(user, grant)}, err
	}
}

func nothingOnExperiment(f oldCall) func(*call, rest.ExperimentPermissionRequest) (rest.None, error) {
	return func(c *call, q rest.ExperimentPermissionRequest) (rest.None, error) {
		_, _, err := f(c.ctx(), experimentGrant(q))
		return rest.None{}, err
	}
}

func modelGrantOf(q rest.RegisteredModelPermissionRequest) oldGrant {
	return oldGrant{q.Username, core.Grant{
		Kind: core.GrantModel, Pattern: q.Name, Permission: rest.GrantPermission(q.Permission),
	}}
}

func onModel(f oldCall) func(*call, rest.RegisteredModelPermissionRequest) (rest.RegisteredModelPermissionAnswer, error) {
	return func(c *call, q rest.RegisteredModelPermissionRequest) (rest.RegisteredModelPermissionAnswer, error) {
		user, grant, err := f(c.ctx(), modelGrantOf(q))
		return rest.RegisteredModelPermissionAnswer{
			RegisteredModelPermission: rest.RegisteredModelPermissionOf(user, grant),
		}, err
	}
}

func nothingOnModel(f oldCall) func(*call, rest.RegisteredModelPermissionRequest) (rest.None, error) {
	return func(c *call, q rest.RegisteredModelPermissionRequest) (rest.None, error) {
		_, _, err := f(c.ctx(), modelGrantOf(q))
		return rest.None{}, err
	}
}

func (a *accounts) createOld(ctx context.Context, o oldGrant) (core.UserID, core.Grant, error) {
	if err := a.grantNew(ctx, o.username, o.Grant); err != nil {
		return 0, core.Grant{}, err
	}
	return a.getOld(ctx, o)
}

func (a *accounts) getOld(ctx context.Context, o oldGrant) (core.UserID, core.Grant, error) {
	user, err := a.access.Store().User(ctx, o.username)
	if err != nil {
		return 0, core.Grant{}, noUser(err, o.username)
	}
	_, grant, err := a.access.Granted(ctx, user.ID, access.Key{Kind: o.Kind, Pattern: o.Pattern})
	return user.ID, grant, err
}

func (a *accounts) updateOld(ctx context.Context, o oldGrant) (core.UserID, core.Grant, error) {
	if err := core.CheckGrant(o.Grant); err != nil {
		return 0, core.Grant{}, err
	}
	user, _, err := a.getOld(ctx, o)
	if err != nil {
		return 0, core.Grant{}, err
	}
	return user, o.Grant, a.access.Grant(ctx, user, o.Grant)
}

func (a *accounts) deleteOld(ctx context.Context, o oldGrant) (core.UserID, core.Grant, error) {
	return 0, core.Grant{}, a.revoke(ctx, o.username, access.Key{Kind: o.Kind, Pattern: o.Pattern})
}
