package mem

import (
	"cmp"
	"context"
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// accounts are who may use a server, and for what. The lock of trackingData guards them.
type accounts struct {
	users  map[string]*core.User
	roles  map[core.RoleID]*core.Role
	tokens map[string]keptToken

	lastUser   core.UserID
	lastRole   core.RoleID
	lastGrant  core.GrantID
	lastMember core.MemberID
}

// keptToken is a token and what its user's password was when it was made.
type keptToken struct {
	core.Token

	user     core.UserID
	password [sha256.Size]byte
}

func newAccounts() accounts {
	return accounts{users: map[string]*core.User{}, roles: map[core.RoleID]*core.Role{}, tokens: map[string]keptToken{}}
}

// CreateUser creates a user.
func (t *Tracking) CreateUser(ctx context.Context, spec core.UserSpec) (_ core.User, err error) {
	defer named(&err, "create user", spec.Name)
	if err := t.change(ctx); err != nil {
		return core.User{}, err
	}
	if err := core.CheckUserSpec(spec); err != nil {
		return core.User{}, err
	}
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, taken := d.accounts.users[spec.Name]; taken {
		return core.User{}, core.Exists("user", spec.Name)
	}
	d.accounts.lastUser++
	user := core.User{ID: d.accounts.lastUser, Name: spec.Name, Admin: spec.Admin, Password: spec.Password}
	d.accounts.users[user.Name] = &user
	return user, nil
}

// User returns a user by name.
func (t *Tracking) User(ctx context.Context, name string) (_ core.User, err error) {
	defer named(&err, "get user", name)
	if err := t.read(ctx); err != nil {
		return core.User{}, err
	}
	t.data.mu.RLock()
	defer t.data.mu.RUnlock()
	user, err := t.data.accounts.user(name)
	if err != nil {
		return core.User{}, err
	}
	return *user, nil
}

func (a *accounts) user(name string) (*core.User, error) {
	user, found := a.users[name]
	if !found {
		return nil, core.Missing("user", name)
	}
	return user, nil
}

// UpdateUser changes a user.
func (t *Tracking) UpdateUser(ctx context.Context, name string, change core.UserChange) (_ core.User, err error) {
	defer named(&err, "update user", name)
	if err := t.change(ctx); err != nil {
		return core.User{}, err
	}
	if err := core.CheckUserChange(change); err != nil {
		return core.User{}, err
	}
	t.data.mu.Lock()
	defer t.data.mu.Unlock()
	user, err := t.data.accounts.user(name)
	if err != nil {
		return core.User{}, err
	}
	if change.Admin != nil {
		user.Admin = *change.Admin
	}
	if change.Password != nil {
		user.Password = *change.Password
	}
	return *user, nil
}

// DeleteUser removes a user with what is theirs alone.
func (t *Tracking) DeleteUser(ctx context.Context, name string) (err error) {
	defer named(&err, "delete user", name)
	if err := t.change(ctx); err != nil {
		return err
	}
	t.data.mu.Lock()
	defer t.data.mu.Unlock()
	a := &t.data.accounts
	user, err := a.user(name)
	if err != nil {
		return err
	}
	delete(a.users, name)
	own := core.OwnRole(user.ID)
	maps.DeleteFunc(a.roles, func(_ core.RoleID, r *core.Role) bool { return r.Name == own })
	for _, r := range a.roles {
		r.Members = slices.DeleteFunc(r.Members, func(m core.Member) bool { return m.User == user.ID })
	}
	maps.DeleteFunc(a.tokens, func(_ string, t keptToken) bool { return t.user == user.ID })
	return nil
}

// SearchUsers lists all users by id.
func (t *Tracking) SearchUsers(ctx context.Context, o core.PageOptions) (_ core.Page[core.User], err error) {
	defer named(&err, "search users", "")
	if err := t.read(ctx); err != nil {
		return core.Page[core.User]{}, err
	}
	t.data.mu.RLock()
	defer t.data.mu.RUnlock()
	var all []core.User
	for _, u := range t.data.accounts.users {
		all = append(all, *u)
	}
	slices.SortFunc(all, func(a, b core.User) int { return cmp.Compare(a.ID, b.ID) })
	return accountPage("users", o, all, func(u core.User) core.UserID { return u.ID })
}

// accountPage cuts a page from the list, which is sorted by key. A token holds the last key of the page before.
func accountPage[T any, K cmp.Ordered](query string, o core.PageOptions, all []T, key func(T) K) (core.Page[T], error) {
	limit, err := core.CheckPage(o, core.AccountPage())
	if err != nil {
		return core.Page[T]{}, err
	}
	if o.Token != "" {
		var last K
		if err := unseal(query, o.Token, &last); err != nil {
			return core.Page[T]{}, err
		}
		all = slices.DeleteFunc(all, func(item T) bool { return key(item) <= last })
	}
	page := core.Page[T]{Items: all}
	if len(all) > limit {
		page.Items = all[:limit:limit]
		page.Next, err = seal(query, key(page.Items[limit-1]))
	}
	return page, err
}
