package access

import (
	"context"
	"errors"

	"github.com/mlstore/mlstore/core"
)

// own finds the role that holds what a user alone was granted in the default workspace.
func (a *Access) own(ctx context.Context, user core.UserID) (core.Role, bool, error) {
	page, err := a.store.SearchRoles(ctx, core.RoleQuery{
		Workspaces: []string{core.DefaultWorkspace}, Name: core.OwnRole(user), PageOptions: core.PageOptions{Limit: 1},
	})
	if err != nil || len(page.Items) == 0 {
		return core.Role{}, false, err
	}
	role := page.Items[0]
	for _, m := range role.Members {
		if m.User != user {
			return core.Role{}, false, core.State(role.Name, "the role %q has a name that is kept for the user %d, and the user %d "+
				"is in it: rename it first", role.Name, user, m.User)
		}
	}
	return role, true, nil
}

// Grant gives a user something alone, in the place of what they had on the same.
func (a *Access) Grant(ctx context.Context, user core.UserID, grants ...core.Grant) error {
	defer a.Forget()
	for {
		role, found, err := a.own(ctx, user)
		if err != nil {
			return err
		}
		if found {
			_, err = a.store.UpdateRole(ctx, role.ID, core.RoleChange{Grant: grants, Join: []core.UserID{user}})
			return err
		}
		_, err = a.store.CreateRole(ctx, core.RoleSpec{
			Workspace: core.DefaultWorkspace, Name: core.OwnRole(user), Grants: grants, Members: []core.UserID{user},
		})
		if !errors.Is(err, core.ErrExists) { // another one was quicker: it is found now
			return err
		}
	}
}

// Granted finds what a user alone was granted on a resource; none is ErrNotFound.
func (a *Access) Granted(ctx context.Context, user core.UserID, key Key) (core.RoleID, core.Grant, error) {
	role, found, err := a.own(ctx, user)
	if err != nil {
		return 0, core.Grant{}, err
	}
	if found {
		for _, g := range role.Grants {
			if g.Kind == key.Kind && g.Pattern == key.Pattern {
				return role.ID, g, nil
			}
		}
	}
	return 0, core.Grant{}, core.Errorf(core.NotFound, "Permission with user_id=%d on resource_type=%s, resource_id=%s not found",
		user, key.Kind, key.Pattern)
}

// Revoke takes from a user what they alone were granted on a resource; none is ErrNotFound.
func (a *Access) Revoke(ctx context.Context, user core.UserID, key Key) error {
	defer a.Forget()
	role, grant, err := a.Granted(ctx, user, key)
	if err != nil {
		return err
	}
	_, err = a.store.UpdateRole(ctx, role, core.RoleChange{Revoke: []core.GrantID{grant.ID}})
	return err
}

// Move gives what users alone were granted on a resource to its new name; an empty name takes it. What roles were granted
// stays with the name that they name.
func (a *Access) Move(ctx context.Context, key Key, name string) error {
	defer a.Forget()
	roles, err := a.Roles(ctx, core.RoleQuery{Kind: key.Kind, Pattern: key.Pattern})
	if err != nil {
		return err
	}
	for _, role := range roles {
		if !core.IsOwnRole(role.Name) {
			continue
		}
		var change core.RoleChange
		for _, g := range role.Grants {
			if g.Kind != key.Kind || g.Pattern != key.Pattern {
				continue
			}
			change.Revoke = append(change.Revoke, g.ID)
			if name != "" {
				change.Grant = append(change.Grant, core.Grant{Kind: g.Kind, Pattern: name, Permission: g.Permission})
			}
		}
		if _, err := a.store.UpdateRole(ctx, role.ID, change); err != nil && !errors.Is(err, core.ErrNotFound) {
			return err
		}
	}
	return nil
}
