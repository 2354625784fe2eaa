package access

import (
	"context"
	"crypto/rand"
	"runtime"
	"sync"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Options say how accounts are used. The zero value lets nobody do what they were not granted.
type Options struct {
	Default  Level            // what everybody may do with what no grant speaks of
	LoginTTL time.Duration    // how long a password that was right is not hashed again; 0 is a minute
	Now      func() time.Time // nil is time.Now
}

// remembered is how long users, roles and tokens are used as they were read.
const remembered = 5 * time.Second

// Access decides by the accounts of a store. It is safe for concurrent use.
type Access struct {
	store   core.Accounts
	options Options
	now     func() time.Time

	key     []byte             // for the digests of passwords that were right
	hashing chan struct{}      // one place a core
	waiting chan struct{}      // holds one for each password that waits for that, or is hashed
	dummy   func() core.Secret // what the passwords of unknown users are compared with

	addresses limiter // failures by address
	logins    limiter // failures by account and address
	names     limiter // failures by account

	mu       sync.Mutex
	rights   map[string]known[*Rights]
	tokens   map[string]known[core.Token]
	verified map[[32]byte]known[core.Secret] // passwords that were right, with the hash that they fit
}

// known is something that was read, and until when it is used.
type known[T any] struct {
	value T
	until time.Time
}

// New decides by the accounts of a store, which stays the caller's to close.
func New(store core.Accounts, o Options) *Access {
	if o.LoginTTL <= 0 {
		o.LoginTTL = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	cores := runtime.GOMAXPROCS(0)
	a := &Access{
		store: store, options: o, now: o.Now, key: []byte(rand.Text()),
		hashing: make(chan struct{}, cores), waiting: make(chan struct{}, cores*waitingPerCore),
		dummy: sync.OnceValue(func() core.Secret {
			hash, _ := HashPassword(rand.Text()) // its parameters are right
			return hash
		}),
		rights: map[string]known[*Rights]{}, tokens: map[string]known[core.Token]{}, verified: map[[32]byte]known[core.Secret]{},
	}
	a.logins = limiter{burst: 10, refill: 6 * time.Second, now: o.Now}
	a.names = limiter{burst: 100, refill: time.Second, now: o.Now}
	a.addresses = limiter{burst: 60, refill: time.Second, now: o.Now}
	return a
}

// Store is where the accounts are kept. After a change Forget must be called.
func (a *Access) Store() core.Accounts { return a.store }

// Default is what everybody may do with what no grant speaks of.
func (a *Access) Default() Level { return a.options.Default }

// Forget lets everything be read again: something was changed.
func (a *Access) Forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.rights)
	clear(a.tokens)
}

// Rights are what a user may do; an unknown one is ErrNotFound.
func (a *Access) Rights(ctx context.Context, name string) (*Rights, error) {
	if r, found := recall(a, a.rights, name); found {
		return r, nil
	}
	user, err := a.store.User(ctx, name)
	if err != nil {
		return nil, err
	}
	roles, err := a.RolesOf(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	r := newRights(user, roles, a.options.Default)
	remember(a, a.rights, name, r, remembered)
	return r, nil
}

// RolesOf are the roles that a user is a member of.
func (a *Access) RolesOf(ctx context.Context, user core.UserID) ([]core.Role, error) {
	return a.Roles(ctx, core.RoleQuery{Member: user})
}

// Roles are all roles that a query finds.
func (a *Access) Roles(ctx context.Context, q core.RoleQuery) ([]core.Role, error) {
	search := func(ctx context.Context, o core.PageOptions) (core.Page[core.Role], error) {
		q.PageOptions = o
		return a.store.SearchRoles(ctx, q)
	}
	var all []core.Role
	for role, err := range core.All(ctx, search, core.PageOptions{}) {
		if err != nil {
			return nil, err
		}
		all = append(all, role)
	}
	return all, nil
}

// mostRemembered bounds each of the memories.
const mostRemembered = 10_000

func recall[K comparable, T any](a *Access, from map[K]known[T], key K) (T, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, found := from[key]
	if !found || a.now().After(k.until) {
		var none T
		return none, false
	}
	return k.value, true
}

func remember[K comparable, T any](a *Access, into map[K]known[T], key K, value T, lasts time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(into) >= mostRemembered {
		clear(into)
	}
	into[key] = known[T]{value, a.now().Add(lasts)}
}
