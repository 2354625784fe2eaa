package server

import (
	"context"
	"net/http"

	"github.com/mlstore/mlstore/server/access"
)

// principal is who sends a request. The zero value is somebody without a name.
type principal struct {
	name   string
	admin  bool
	caller *access.Caller // with accounts
}

// authenticator finds out who sends a request. ErrUnauthenticated is somebody who did not prove it.
type authenticator interface {
	authenticate(r *http.Request) (principal, error)
}

// guard decides whether a principal is allowed what a route needs: ErrPermission when not.
type guard interface {
	allow(ctx context.Context, p principal, needs []need) error

	// sees reports whether a principal may see something that a search has found.
	sees(p principal, f found) bool

	// created gives a principal what they have made.
	created(ctx context.Context, p principal, f found) error

	// moved lets what was granted on a resource follow it to its new name, or go with it when that is empty.
	moved(ctx context.Context, f found, name string) error
}

// found is a resource that is at hand, so that nobody need look it up.
type found struct {
	kind   kind
	id     string
	prompt bool // a registered model, or a version of one, that is a prompt
}

// trusting is the authenticator and guard of a server without accounts: everybody may do everything.
type trusting struct{}

func (trusting) authenticate(*http.Request) (principal, error) { return principal{admin: true}, nil }

func (trusting) allow(context.Context, principal, []need) error { return nil }

func (trusting) sees(principal, found) bool { return true }

func (trusting) created(context.Context, principal, found) error { return nil }

func (trusting) moved(context.Context, found, string) error { return nil }
