package mem

import (
	"cmp"
	"context"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// CreateRole creates a role.
func (t *Tracking) CreateRole(ctx context.Context, spec core.RoleSpec) (_ core.Role, err error) {
	defer named(&err, "create role", spec.Name)
	if err := t.change(ctx); err != nil {
		return core.Role{}, err
	}
	if err := core.CheckRoleSpec(spec); err != nil {
		return core.Role{}, err
	}
	t.data.mu.Lock()
	defer t.data.mu.Unlock()
	a := &t.data.accounts
	role := core.Role{ID: a.lastRole + 1, Workspace: spec.Workspace, Name: spec.Name, Description: spec.Description}
	if err := a.unique(role); err != nil {
		return core.Role{}, err
	}
	if err := a.join(&role, spec.Members); err != nil {
		return core.Role{}, err
	}
	a.grant(&role, spec.Grants)
	a.lastRole++
	a.roles[role.ID] = &role
	return cloneRole(role), nil
}

// unique refuses a role whose name another one of its workspace has.
func (a *accounts) unique(role core.Role) error {
	for _, r := range a.roles {
		if r.ID != role.ID && r.Workspace == role.Workspace && r.Name == role.Name {
			return core.Exists("role", role.Name)
		}
	}
	return nil
}

// join adds members, or none when one is unknown.
func (a *accounts) join(role *core.Role, users []core.UserID) error {
	known := map[core.UserID]bool{}
	for _, u := range a.users {
		known[u.ID] = true
	}
	for _, id := range users {
		if !known[id] {
			return core.Errorf(core.NotFound, "user with id=%d not found", id)
		}
	}
	for _, id := range users {
		if slices.ContainsFunc(role.Members, func(m core.Member) bool { return m.User == id }) {
			continue
		}
		a.lastMember++
		role.Members = append(role.Members, core.Member{ID: a.lastMember, User: id})
	}
	return nil
}

// grant adds grants, in the place of those for the same.
func (a *accounts) grant(role *core.Role, grants []core.Grant) {
	for _, g := range grants {
		at := slices.IndexFunc(role.Grants, func(has core.Grant) bool { return has.Kind == g.Kind && has.Pattern == g.Pattern })
		if at >= 0 {
			role.Grants[at].Permission = g.Permission
			continue
		}
		a.lastGrant++
		g.ID = a.lastGrant
		role.Grants = append(role.Grants, g)
	}
}

// Role returns a role.
func (t *Tracking) Role(ctx context.Context, id core.RoleID) (_ core.Role, err error) {
	defer named(&err, "get role", "")
	if err := t.read(ctx); err != nil {
		return core.Role{}, err
	}
	t.data.mu.RLock()
	defer t.data.mu.RUnlock()
	role, err := t.data.accounts.role(id)
	if err != nil {
		return core.Role{}, err
	}
	return cloneRole(*role), nil
}

func (a *accounts) role(id core.RoleID) (*core.Role, error) {
	role, found := a.roles[id]
	if !found {
		return nil, core.Errorf(core.NotFound, "Role with id=%d not found", id)
	}
	return role, nil
}

// UpdateRole changes a role.
func (t *Tracking) UpdateRole(ctx context.Context, id core.RoleID, change core.RoleChange) (_ core.Role, err error) {
	defer named(&err, "update role", "")
	if err := t.change(ctx); err != nil {
		return core.Role{}, err
	}
	if err := core.CheckRoleChange(change); err != nil {
		return core.Role{}, err
	}
	t.data.mu.Lock()
	defer t.data.mu.Unlock()
	a := &t.data.accounts
	old, err := a.role(id)
	if err != nil {
		return core.Role{}, err
	}
	role := cloneRole(*old)
	if change.Name != nil {
		role.Name = *change.Name
	}
	if change.Description != nil {
		role.Description = *change.Description
	}
	if err := a.unique(role); err != nil {
		return core.Role{}, err
	}
	role.Members = slices.DeleteFunc(role.Members, func(m core.Member) bool { return slices.Contains(change.Leave, m.User) })
	if err := a.join(&role, change.Join); err != nil {
		return core.Role{}, err
	}
	role.Grants = slices.DeleteFunc(role.Grants, func(g core.Grant) bool { return slices.Contains(change.Revoke, g.ID) })
	a.grant(&role, change.Grant)
	*old = role
	return cloneRole(role), nil
}

// DeleteRole removes a role.
func (t *Tracking) DeleteRole(ctx context.Context, id core.RoleID) (err error) {
	defer named(&err, "delete role", "")
	if err := t.change(ctx); err != nil {
		return err
	}
	t.data.mu.Lock()
	defer t.data.mu.Unlock()
	if _, err := t.data.accounts.role(id); err != nil {
		return err
	}
	delete(t.data.accounts.roles, id)
	return nil
}

// SearchRoles lists roles by id.
func (t *Tracking) SearchRoles(ctx context.Context, q core.RoleQuery) (_ core.Page[core.Role], err error) {
	defer named(&err, "search roles", q.Name)
	if err := t.read(ctx); err != nil {
		return core.Page[core.Role]{}, err
	}
	t.data.mu.RLock()
	defer t.data.mu.RUnlock()
	var all []core.Role
	for _, r := range t.data.accounts.roles {
		if wanted(*r, q) {
			all = append(all, cloneRole(*r))
		}
	}
	slices.SortFunc(all, func(a, b core.Role) int { return cmp.Compare(a.ID, b.ID) })
	return accountPage(q.Fingerprint(), q.PageOptions, all, func(r core.Role) core.RoleID { return r.ID })
}

func wanted(r core.Role, q core.RoleQuery) bool {
	member := func(m core.Member) bool { return m.User == q.Member }
	given := func(g core.Grant) bool { return g.ID == q.Grant }
	on := func(g core.Grant) bool { return g.Kind == q.Kind && g.Pattern == q.Pattern }
	return (len(q.Workspaces) == 0 || slices.Contains(q.Workspaces, r.Workspace)) &&
		(q.Name == "" || r.Name == q.Name) &&
		(q.Member == 0 || slices.ContainsFunc(r.Members, member)) &&
		(q.Grant == 0 || slices.ContainsFunc(r.Grants, given)) &&
		(q.Kind == "" || slices.ContainsFunc(r.Grants, on))
}

func cloneRole(r core.Role) core.Role {
	r.Grants, r.Members = slices.Clone(r.Grants), slices.Clone(r.Members)
	return r
}
