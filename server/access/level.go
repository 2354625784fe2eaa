package access

import (
	"github.com/mlstore/mlstore/core"
)

// Level is how much somebody may do with a resource. Source: mlflow/server/auth/permissions.py.
type Level int

// The levels, each with all before it. Deleting is part of managing.
const (
	Nothing Level = iota
	Read
	Use
	Edit
	Manage
)

// ParseLevel reads the name of a permission that a configuration may name as the default.
func ParseLevel(name string) (Level, error) {
	switch name {
	case core.GrantNothing, core.GrantDeny:
		return Nothing, nil
	case core.GrantRead:
		return Read, nil
	case core.GrantUse:
		return Use, nil
	case core.GrantEdit:
		return Edit, nil
	case core.GrantManage:
		return Manage, nil
	}
	return Nothing, core.Invalid("default_permission", "%q is no permission: write READ, USE, EDIT, MANAGE or NO_PERMISSIONS", name)
}

func (l Level) String() string {
	return [...]string{core.GrantNothing, core.GrantRead, core.GrantUse, core.GrantEdit, core.GrantManage}[l]
}

// Key is what a grant is for: a resource, or all of a kind.
type Key struct{ Kind, Pattern string }

// Verdict is what grants say of a resource.
type Verdict struct {
	Level  Level
	Denied bool // by a grant that says so, and not for want of one
}

// Rights are what one user may do.
type Rights struct {
	User  core.User
	Roles []core.Role // those that the user is a member of

	grants  map[Key]Verdict // by what they are for, several of a kind folded
	manager map[string]bool // of which workspaces
	least   Level           // of everything that nobody said anything about
}

func newRights(user core.User, roles []core.Role, least Level) *Rights {
	r := &Rights{User: user, Roles: roles, grants: map[Key]Verdict{}, manager: map[string]bool{}, least: least}
	for _, role := range roles {
		for _, g := range role.Grants {
			if g.Kind == core.GrantWorkspace && g.Permission == core.GrantManage {
				r.manager[role.Workspace] = true
			}
			if role.Workspace == core.DefaultWorkspace {
				key := Key{g.Kind, g.Pattern}
				r.grants[key] = r.grants[key].with(verdictOf(g.Permission))
			}
		}
	}
	return r
}

func verdictOf(permission string) Verdict {
	level, _ := ParseLevel(permission) // an unknown one gives nothing
	return Verdict{Level: level, Denied: permission == core.GrantDeny}
}

// with folds two verdicts on one resource: a denial wins, then the highest level.
func (v Verdict) with(other Verdict) Verdict {
	if v.Denied || other.Denied {
		return Verdict{Denied: true}
	}
	return Verdict{Level: max(v.Level, other.Level)}
}

// All reports whether the user may do everything: an administrator, also one of the workspace that all resources are in.
func (r *Rights) All() bool { return r.User.Admin || r.manager[core.DefaultWorkspace] }

// Manages reports whether the user administers the users and roles of a workspace.
func (r *Rights) Manages(workspace string) bool { return r.User.Admin || r.manager[workspace] }

// ManagesAny reports whether the user administers any workspace.
func (r *Rights) ManagesAny() bool { return r.User.Admin || len(r.manager) > 0 }

// IsIn reports whether the user has a role in the workspace.
func (r *Rights) IsIn(workspace string) bool {
	for _, role := range r.Roles {
		if role.Workspace == workspace {
			return true
		}
	}
	return r.Manages(workspace)
}

// Of is the verdict on a resource. The first of the keys for which there is a grant decides; a positive one never gives less
// than the default. Without any the default counts.
func (r *Rights) Of(keys ...Key) Verdict {
	if r.All() {
		return Verdict{Level: Manage}
	}
	for _, key := range keys {
		if v, found := r.on(key); found {
			if !v.Denied {
				v.Level = max(v.Level, r.least)
			}
			return v
		}
	}
	return Verdict{Level: r.least}
}

// on folds the grants for one resource and those for all of its kind.
func (r *Rights) on(key Key) (Verdict, bool) {
	one, found := r.grants[key]
	all, foundAll := r.grants[Key{key.Kind, core.GrantAll}]
	switch {
	case found && foundAll:
		return one.with(all), true
	case found:
		return one, true
	}
	return all, foundAll
}
