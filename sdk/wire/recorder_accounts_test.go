package wire_test

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

func (r trackingRecorder) CreateUser(_ context.Context, spec core.UserSpec) (core.User, error) {
	r.note(spec)
	return say(r.recorder, func(u *core.User) { u.Name = spec.Name })
}

func (r trackingRecorder) User(_ context.Context, name string) (core.User, error) {
	r.note(name)
	return say(r.recorder, func(u *core.User) { u.Name = name })
}

func (r trackingRecorder) UpdateUser(_ context.Context, name string, change core.UserChange) (core.User, error) {
	r.note(name, change)
	return say(r.recorder, func(u *core.User) { u.Name = name })
}

func (r trackingRecorder) DeleteUser(_ context.Context, name string) error {
	r.note(name)
	return nil
}

func (r trackingRecorder) SearchUsers(_ context.Context, o core.PageOptions) (core.Page[core.User], error) {
	r.note(o)
	return say[core.Page[core.User]](r.recorder, nil)
}

func (r trackingRecorder) CreateRole(_ context.Context, spec core.RoleSpec) (core.Role, error) {
	r.note(spec)
	return say[core.Role](r.recorder, nil)
}

func (r trackingRecorder) Role(_ context.Context, id core.RoleID) (core.Role, error) {
	r.note(id)
	return say(r.recorder, func(role *core.Role) { role.ID = id })
}

func (r trackingRecorder) UpdateRole(_ context.Context, id core.RoleID, change core.RoleChange) (core.Role, error) {
	r.note(id, change)
	return say(r.recorder, func(role *core.Role) { role.ID = id })
}

func (r trackingRecorder) DeleteRole(_ context.Context, id core.RoleID) error {
	r.note(id)
	return nil
}

func (r trackingRecorder) SearchRoles(_ context.Context, q core.RoleQuery) (core.Page[core.Role], error) {
	r.note(q)
	return say[core.Page[core.Role]](r.recorder, nil)
}

func (r trackingRecorder) CreateToken(_ context.Context, token core.Token) error {
	r.note(token)
	return nil
}

func (r trackingRecorder) Token(_ context.Context, id string) (core.Token, error) {
	r.note(id)
	return say(r.recorder, func(t *core.Token) { t.ID = id })
}

func (r trackingRecorder) DeleteToken(_ context.Context, id string) error {
	r.note(id)
	return nil
}

func (r trackingRecorder) SearchTokens(_ context.Context, q core.TokenQuery) (core.Page[core.Token], error) {
	r.note(q)
	return say[core.Page[core.Token]](r.recorder, nil)
}
