package wire

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// The kinds of store, as manifests name them.
const (
	kindTracking  = "tracking"
	kindArtifacts = "artifacts"
	kindRegistry  = "registry"
	kindProjects  = "projects"
)

// instance is what one opening serves.
type instance struct {
	id      string
	backend core.Backend
	stores  map[string]core.Store // by kind, what the backend has

	mu      sync.Mutex
	secrets []string        // what must not show up in errors
	closed  map[string]bool // kinds
}

func storesOf(b core.Backend) map[string]core.Store {
	stores := map[string]core.Store{}
	if b.Tracking != nil {
		stores[kindTracking] = b.Tracking
	}
	if b.Artifacts != nil {
		stores[kindArtifacts] = b.Artifacts
	}
	if b.Registry != nil {
		stores[kindRegistry] = b.Registry
	}
	if b.Projects != nil {
		stores[kindProjects] = b.Projects
	}
	return stores
}

// learn keeps secrets out of errors from now on. Very short ones would blacken innocent text and protect nothing.
func (in *instance) learn(secrets ...core.Secret) {
	const shortest = 4
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, secret := range secrets {
		for line := range strings.SplitSeq(secret.Reveal(), "\n") {
			if len(line) >= shortest {
				in.secrets = append(in.secrets, line)
			}
		}
	}
}

// learnFrom learns the secrets of a request.
func (in *instance) learnFrom(r core.OpenRequest) {
	in.learn(slices.Collect(maps.Values(r.Secrets))...)
	for _, uri := range []core.URI{r.URI, r.Tracking, r.Registry} {
		in.learn(secretsIn(uri)...)
	}
}

// secretsIn returns the secret parts of a URI, a password also without its user, and as text that is not encoded.
func secretsIn(uri core.URI) []core.Secret {
	var secrets []core.Secret
	for line := range strings.SplitSeq(uri.Credential().Reveal(), "\n") {
		_, password, _ := strings.Cut(line, ":")
		for _, text := range []string{line, password} {
			secrets = append(secrets, core.NewSecret(text))
			if decoded, err := url.PathUnescape(text); err == nil {
				secrets = append(secrets, core.NewSecret(decoded))
			}
		}
	}
	return secrets
}

// open lists the kinds of the stores that were not closed.
func (in *instance) open() []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(in.stores)), func(kind string) bool { return in.closed[kind] })
}

// hide takes the secrets out of a text.
func (in *instance) hide(text string) string {
	if in == nil {
		return text
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, secret := range in.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}

// close closes the store of a kind, or with "" all, and reports whether nothing is left open.
func (in *instance) close(kind string) (last bool, _ error) {
	if kind == "" {
		return true, in.backend.Close()
	}
	store, offered := in.stores[kind]
	if !offered {
		return false, core.Invalid("kind", "the instance has no store of the kind %q", kind)
	}
	in.mu.Lock()
	if in.closed == nil {
		in.closed = map[string]bool{}
	}
	in.closed[kind] = true
	last = len(in.closed) == len(in.stores)
	in.mu.Unlock()
	return last, store.Close()
}

type instanceKey struct{}

func withInstance(ctx context.Context, in *instance) context.Context {
	return context.WithValue(ctx, instanceKey{}, in)
}

// instanceOf returns the instance of a call.
func instanceOf(ctx context.Context) (*instance, error) {
	in, ok := ctx.Value(instanceKey{}).(*instance)
	if !ok {
		return nil, core.Invalid(InstanceKey, "the call names no instance: put its id into the metadata key %s", InstanceKey)
	}
	return in, nil
}

// storeOf returns the store of a kind as T.
func storeOf[T core.Store](ctx context.Context, kind string) (T, error) {
	var none T
	in, err := instanceOf(ctx)
	if err != nil {
		return none, err
	}
	store, ok := in.stores[kind].(T)
	if !ok {
		return none, core.Errorf(core.Unimplemented, "the instance has no store of the kind %q", kind)
	}
	return store, nil
}

// abilityOf returns an ability of the store of a kind.
func abilityOf[T any](ctx context.Context, kind string) (T, error) {
	var none T
	store, err := storeOf[core.Store](ctx, kind)
	if err != nil {
		return none, err
	}
	ability, ok := core.As[T](store)
	if !ok {
		return none, core.Errorf(core.Unimplemented, "the store does not have this ability")
	}
	return ability, nil
}
