package access

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Caller is who sends a request.
type Caller struct {
	Rights *Rights
	Scope  *core.TokenScope // of a token; nil came with a password
	Method string           // "basic" or "token"
}

// Login finds out who sends a request, by its Authorization. ErrUnauthenticated is somebody who did not prove it, and
// ErrExhausted somebody who failed too often, or comes while too many others are looked at.
func (a *Access) Login(r *http.Request) (Caller, error) {
	header := r.Header.Values("Authorization")
	if len(header) != 1 {
		return Caller{}, unproved()
	}
	from := address(r)
	caller, err := a.login(r, header[0], from)
	if errors.Is(err, core.ErrUnauthenticated) {
		// Behind a proxy everybody has one address: who is let in is not kept out by those who fail.
		if much := a.addresses.check(from); much != nil {
			return caller, much
		}
		a.addresses.fail(from)
	}
	return caller, err
}

func (a *Access) login(r *http.Request, header, from string) (Caller, error) {
	scheme, rest, _ := strings.Cut(header, " ")
	switch strings.ToLower(scheme) {
	case "basic":
		name, password, ok := r.BasicAuth()
		if !ok || len(password) > maxPassword || core.CheckUserName(name) != nil {
			return Caller{}, unproved()
		}
		rights, err := a.byPassword(r.Context(), name, password, from)
		return Caller{Rights: rights, Method: "basic"}, err
	case "bearer":
		return a.byToken(r.Context(), strings.TrimSpace(rest))
	}
	return Caller{}, unproved()
}

func unproved() error {
	return core.Errorf(core.Unauthenticated, "You are not authenticated: send a name and its password, or a token")
}

// address is where a request comes from.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// byPassword lets a user in. A password that was right lately is not hashed again, as long as the user has the same hash.
func (a *Access) byPassword(ctx context.Context, name, password, from string) (*Rights, error) {
	mac := hmac.New(sha256.New, a.key)
	mac.Write([]byte(name + "\x00" + password))
	proof := [32]byte(mac.Sum(nil))
	rights, err := a.Rights(ctx, name)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return nil, err
	}
	var hash core.Secret
	if rights != nil {
		hash = rights.User.Password
		if fitted, found := recall(a, a.verified, proof); found && fitted == hash {
			return rights, nil
		}
	}
	account := name + "\x00" + from
	if err := errors.Join(a.logins.check(account), a.names.check(name), a.addresses.check(from)); err != nil {
		return nil, firstOf(err)
	}
	if rights == nil {
		hash = a.dummy()
	}
	fits, err := a.fits(ctx, hash, password)
	if err != nil {
		return nil, err
	}
	if !fits || rights == nil || shippedLogin(rights.User, password) {
		a.logins.fail(account)
		a.names.fail(name)
		return nil, unproved()
	}
	remember(a, a.verified, proof, hash, a.options.LoginTTL)
	return rights, nil
}

// firstOf is the first of joined errors, so that what it says when to come again is seen.
func firstOf(err error) error {
	e, _ := errors.AsType[*core.Error](err)
	return e
}

// shippedLogin reports whether an administrator comes with the password that everybody knows. Nobody may.
func shippedLogin(user core.User, password string) bool {
	return user.Admin && subtle.ConstantTimeCompare([]byte(password), []byte(shipped)) == 1
}

// patience is how long a password waits for its turn to be hashed, and waitingPerCore how many may wait for each core.
const (
	patience       = 10 * time.Second
	waitingPerCore = 64
)

// fits compares a password with a hash, as many at once as there are cores.
func (a *Access) fits(ctx context.Context, hash core.Secret, password string) (bool, error) {
	select {
	case a.waiting <- struct{}{}:
		defer func() { <-a.waiting }()
	default:
		return false, crowded()
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case a.hashing <- struct{}{}:
		defer func() { <-a.hashing }()
		return matches(hash, password), nil
	case <-ctx.Done():
		return false, crowded()
	}
}

func crowded() error {
	return &core.Error{
		Code: core.ResourceExhausted, Reason: core.ReasonRequestLimitExceeded, RetryAfter: time.Second,
		Err: errors.New("too many logins at once: try again soon"),
	}
}

// Proves reports whether the password is the user's.
func (a *Access) Proves(ctx context.Context, user core.User, password string) (bool, error) {
	return a.fits(ctx, user.Password, password)
}

// byToken lets in whoever has a token that has not expired.
func (a *Access) byToken(ctx context.Context, text string) (Caller, error) {
	id, secret, ok := splitToken(text)
	if !ok {
		return Caller{}, unproved()
	}
	token, found := recall(a, a.tokens, id)
	if !found {
		var err error
		if token, err = a.store.Token(ctx, id); err != nil {
			return Caller{}, strangers(err)
		}
		remember(a, a.tokens, id, token, remembered)
	}
	if !opens(token, secret) || core.MillisOf(a.now()) >= token.ExpiresAt {
		return Caller{}, unproved()
	}
	rights, err := a.Rights(ctx, token.User)
	if err != nil {
		return Caller{}, strangers(err)
	}
	return Caller{Rights: rights, Scope: &token.Scope, Method: "token"}, nil
}

// strangers tells nobody what there is not.
func strangers(err error) error {
	if errors.Is(err, core.ErrNotFound) || errors.Is(err, core.ErrInvalid) {
		return unproved()
	}
	return err
}
