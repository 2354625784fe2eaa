package registry

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// Resolver opens stores by their URIs. The zero value knows no scheme; Handle teaches it. It is safe for concurrent use.
type Resolver struct {
	finder Finder
	shared pool

	mu    sync.RWMutex
	rules map[string]Rule
}

// New returns a resolver that asks finder about the schemes that Handle was not told; nil is nobody.
func New(finder Finder) *Resolver { return &Resolver{finder: finder} }

// Handle binds a scheme to a rule. Plain paths go by the rule of the scheme `file`. A scheme has one rule: a second one is
// ErrExists and names both.
func (r *Resolver) Handle(scheme string, rule Rule) error {
	switch {
	case !validScheme(scheme):
		return core.Invalid("scheme",
			"%q is no scheme: it must be a lower-case letter, then up to 31 letters, digits, +, - or .", scheme)
	case scheme == runsScheme || scheme == modelsScheme:
		return core.Invalid("scheme", "the resolver itself follows %s:/ URIs", scheme)
	case rule.Opener == nil || len(rule.Kinds) == 0:
		return core.Invalid("rule", "the rule for %s needs an opener and the kinds of store that it offers", scheme)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, taken := r.rules[scheme]; taken {
		return &core.Error{
			Code: core.AlreadyExists, Op: "register scheme", Key: scheme,
			Err: errorf("the scheme %s is already served by %s; %s cannot serve it too", scheme, old.name(), rule.name()),
		}
	}
	if r.rules == nil {
		r.rules = map[string]Rule{}
	}
	rule.Kinds = slices.Clone(rule.Kinds)
	r.rules[scheme] = rule
	return nil
}

// Schemes lists the schemes that Handle was told, sorted.
func (r *Resolver) Schemes() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Sorted(maps.Keys(r.rules))
}

// find looks for the rule of a scheme, first among those linked in.
func (r *Resolver) find(ctx context.Context, scheme string) (Rule, bool, error) {
	r.mu.RLock()
	rule, ok := r.rules[scheme]
	r.mu.RUnlock()
	if ok || r.finder == nil || !validScheme(scheme) {
		return rule, ok, nil
	}
	rule, ok, err := r.finder.Find(ctx, scheme)
	if err != nil {
		return Rule{}, false, core.Do("find store", scheme, err)
	}
	if ok && rule.Opener == nil {
		return Rule{}, false, core.Errorf(core.Internal, "what was found for the scheme %s has no opener", scheme)
	}
	return rule, ok, nil
}

// rule finds the rule of a URI and refuses what names no store, or none of the kind; an empty kind is any.
func (r *Resolver) rule(ctx context.Context, u core.URI, kind Kind) (string, Rule, error) {
	if u.IsZero() {
		return "", Rule{}, core.Invalid("uri", "no URI is given")
	}
	if err := checkPassword(u); err != nil {
		return "", Rule{}, err
	}
	scheme := u.Scheme()
	if scheme == "" {
		if err := unreadable(u); err != nil {
			return "", Rule{}, err
		}
		scheme = u.Raw()
	}
	rule, found, err := r.find(ctx, scheme)
	bare := u.Scheme() == ""
	switch {
	case err != nil:
		return "", Rule{}, err
	case bare && found && !rule.Bare, bare && !found && kind != Projects && mlflowScheme(scheme):
		return "", Rule{}, schemeAlone(scheme, rule)
	case bare && !found && kind != Projects:
		scheme = "file"
		if rule, found, err = r.find(ctx, scheme); err != nil {
			return "", Rule{}, err
		}
	case found && !bare && !rule.Empty && nothingFollows(u):
		return "", Rule{}, schemeAlone(scheme, rule)
	}
	if !found {
		return "", Rule{}, r.unknown(u, scheme)
	}
	if kind != "" && !rule.Offers(kind) {
		return "", Rule{}, core.Do("open", u.String(), core.Errorf(core.Unimplemented,
			"%s is no %s store: the scheme %s offers %s", u.String(), kind, scheme, cmp.Or(rule.offer(), "nothing")))
	}
	return scheme, rule, nil
}

// nothingFollows reports a URI like `s3:` or `s3://`.
func nothingFollows(u core.URI) bool {
	rest := u.Raw()[len(u.Scheme())+1:]
	return rest == "" || rest == "//"
}

// validScheme holds what may be looked up, so that nothing else ever gets near the name of a file.
func validScheme(scheme string) bool {
	if scheme == "" || len(scheme) > 32 || scheme[0] < 'a' || scheme[0] > 'z' {
		return false
	}
	return strings.Trim(scheme, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == "" && !strings.Contains(scheme, "..")
}
