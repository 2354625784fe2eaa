package server

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/server/access"
)

// accounts is the authenticator and guard of a server with users. It denies what is missing as it denies what is somebody
// else's, so that nobody learns what there is.
type accounts struct {
	server *Server
	access *access.Access
	places places
}

func (a *accounts) authenticate(r *http.Request) (principal, error) {
	caller, err := a.access.Login(r)
	if err != nil {
		return principal{}, err
	}
	return principal{name: caller.Rights.User.Name, admin: caller.Rights.All() && caller.Scope == nil, caller: &caller}, nil
}

// denied is what everybody hears who is not allowed something.
func denied() error { return core.Errorf(core.PermissionDenied, "Permission denied") }

func (a *accounts) allow(ctx context.Context, p principal, needs []need) error {
	for _, n := range needs {
		ok, err := a.meets(ctx, p, n)
		if err != nil {
			return err
		}
		if !ok {
			return denied()
		}
	}
	return nil
}

func (a *accounts) meets(ctx context.Context, p principal, n need) (bool, error) {
	switch {
	case n.permission == anyone:
		return true, nil
	case p.caller == nil:
		return false, core.Errorf(core.Unauthenticated, "You are not authenticated: send a name and its password, or a token")
	case !reaches(p.caller.Scope, n):
		return false, nil
	case n.permission == authenticated:
		return true, nil
	case n.permission == admin:
		return p.caller.Rights.User.Admin, nil
	}
	if n.kind.ofAccounts() {
		return a.administers(ctx, p.caller.Rights, n)
	}
	t, err := a.target(ctx, n)
	if err != nil {
		return false, err
	}
	return t.allows(p.caller, n.permission), nil
}

// levelOf is how much somebody must be allowed for a permission.
func levelOf(p permission) access.Level {
	switch p {
	case read:
		return access.Read
	case use:
		return access.Use
	case edit, create:
		return access.Edit
	case anyone, authenticated, manage, admin: // the first two and the last never come so far
	}
	return access.Manage
}

// reaches reports whether a token is for such a need at all; what it is for in detail is for target.
func reaches(scope *core.TokenScope, n need) bool {
	if scope == nil {
		return true
	}
	confined := len(scope.Experiments)+len(scope.Models) > 0
	switch {
	case n.permission == admin || n.kind.ofAccounts():
		return scope.Access == core.TokenManages && !confined
	case n.permission == create:
		return scope.Access != core.TokenReads && (!confined || n.id != "")
	}
	switch scope.Access {
	case core.TokenManages:
		return true
	case core.TokenWrites:
		return n.permission != manage
	case core.TokenReads:
		return n.permission <= read
	}
	return false
}

// target is the resource that a need is about.
type target struct {
	experiment string   // that it belongs to, or is; empty is none, or one that is missing
	model      string   // registered model that it belongs to, or is
	prompt     bool     // the model is a prompt
	children   []string // kinds of what is meant inside: all of them must allow it
	missing    bool     // nobody was granted anything on it
	unnamed    bool     // it lies where nothing is known of
	creates    string   // kind of what is to be made, outside of everything
}

// allows reports whether somebody may do so much with the target.
func (t target) allows(c *access.Caller, p permission) bool {
	if c.Scope != nil && !t.inside(*c.Scope) {
		return false
	}
	level, r := levelOf(p), c.Rights
	if t.creates != "" {
		// A model called * would be what is granted by the name of all models.
		return (t.model != core.GrantAll || r.All()) && !r.Of(access.Key{Kind: t.creates, Pattern: t.model}).Denied
	}
	container, exists := t.container()
	if !exists {
		return r.Of().Level >= level
	}
	whole := r.Of(container)
	if len(t.children) == 0 {
		return whole.Level >= level
	}
	if p == create { // what is made is not there to be granted: the container decides, and nobody may have forbidden it
		return whole.Level >= level && !r.Of(access.Key{Kind: t.children[0], Pattern: core.GrantAll}).Denied
	}
	if whole.Level < access.Read {
		return false
	}
	for _, kind := range t.children {
		if r.Of(access.Key{Kind: kind, Pattern: core.GrantAll}, container).Level < level {
			return false
		}
	}
	return true
}

// container is what grants name.
func (t target) container() (access.Key, bool) {
	switch {
	case t.missing || t.unnamed:
		return access.Key{}, false
	case t.model != "" && t.prompt:
		return access.Key{Kind: core.GrantPrompt, Pattern: t.model}, true
	case t.model != "":
		return access.Key{Kind: core.GrantModel, Pattern: t.model}, true
	}
	return access.Key{Kind: core.GrantExperiment, Pattern: t.experiment}, true
}

// inside reports whether a token is for the target.
func (t target) inside(scope core.TokenScope) bool {
	if len(scope.Experiments)+len(scope.Models) == 0 {
		return true
	}
	for _, id := range scope.Experiments {
		if t.experiment == string(id) && t.experiment != "" {
			return true
		}
	}
	for _, name := range scope.Models {
		if t.model == name && t.model != "" {
			return true
		}
	}
	return false
}

// administers judges what is done to accounts.
func (a *accounts) administers(ctx context.Context, r *access.Rights, n need) (bool, error) {
	switch n.kind { //nolint:exhaustive // of accounts alone; the rest is below
	case userKind:
		return r.User.Admin || n.id == r.User.Name, nil
	case workspaceKind:
		if n.permission == read {
			return r.IsIn(n.id), nil
		}
		return r.Manages(n.id), nil
	case memberKind:
		return a.knowsMember(ctx, r, n.id)
	}
	if r.User.Admin {
		return true, nil
	}
	workspace, err := a.workspaceOf(ctx, n)
	if err != nil || workspace == "" {
		return false, err
	}
	if n.permission == read {
		return r.IsIn(workspace), nil
	}
	return r.Manages(workspace), nil
}

// workspaceOf is the workspace of a role, or of that which has a grant; empty when there is none.
func (a *accounts) workspaceOf(ctx context.Context, n need) (string, error) {
	id, err := strconv.ParseInt(n.id, 10, 64)
	if err != nil {
		return "", nil //nolint:nilerr // a role that is none is nobody's
	}
	if n.kind == grantKind {
		roles, err := a.access.Roles(ctx, core.RoleQuery{Grant: core.GrantID(id)})
		if err != nil || len(roles) == 0 || id == 0 {
			return "", err
		}
		return roles[0].Workspace, nil
	}
	role, err := a.access.Store().Role(ctx, core.RoleID(id))
	if errors.Is(err, core.ErrNotFound) {
		return "", nil
	}
	return role.Workspace, err
}

// knowsMember reports whether somebody is in a workspace that the caller administers.
func (a *accounts) knowsMember(ctx context.Context, r *access.Rights, name string) (bool, error) {
	if r.User.Admin || name == r.User.Name {
		return true, nil
	}
	if name == "" || !r.ManagesAny() {
		return r.ManagesAny(), nil
	}
	other, err := a.access.Rights(ctx, name)
	if err != nil {
		if errors.Is(err, core.ErrNotFound) {
			err = nil
		}
		return false, err
	}
	for _, role := range other.Roles {
		if r.Manages(role.Workspace) {
			return true, nil
		}
	}
	return false, nil
}

func (a *accounts) sees(p principal, f found) bool {
	if p.caller == nil {
		return false
	}
	t := target{model: f.id, prompt: f.prompt}
	if f.kind == experimentKind {
		t = target{experiment: f.id}
	}
	if f.kind == versionKind {
		t.children = []string{versionGrant(f.prompt)}
	}
	return t.allows(p.caller, read)
}

func (a *accounts) created(ctx context.Context, p principal, f found) error {
	grant := core.Grant{Kind: core.GrantExperiment, Pattern: f.id, Permission: core.GrantManage}
	if f.kind == modelKind {
		grant.Kind = modelGrant(f.prompt)
	}
	return a.access.Grant(ctx, p.caller.Rights.User.ID, grant)
}

func (a *accounts) moved(ctx context.Context, f found, name string) error {
	for _, kind := range []string{core.GrantModel, core.GrantPrompt} {
		if err := a.access.Move(ctx, access.Key{Kind: kind, Pattern: f.id}, name); err != nil {
			return err
		}
	}
	return nil
}

func modelGrant(prompt bool) string {
	if prompt {
		return core.GrantPrompt
	}
	return core.GrantModel
}

func versionGrant(prompt bool) string {
	if prompt {
		return core.GrantPromptVer
	}
	return core.GrantModelVersion
}
