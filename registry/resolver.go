package registry

import (
	"context"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// Resolver opens stores by their URIs. The zero value knows no scheme; Handle teaches it. It is safe for concurrent use.
type Resolver struct {
	finder Finder

	mu        sync.Mutex
	rules     map[string]Rule
	instances map[string]*instance
	salt      []byte
}

// New returns a resolver that asks finder about the schemes that Handle did not teach it; nil is nobody.
func New(finder Finder) *Resolver { return &Resolver{finder: finder} }

// Handle binds a scheme to a rule. Plain paths go by the rule of the scheme file. A scheme has one rule: a second one is
// ErrExists and names both.
func (r *Resolver) Handle(scheme string, rule Rule) error {
	return nil
}

// Settings go with an opening. The zero value is fine.
type Settings struct {
	Tracking core.URI // the tracking store that runs:/ URIs and logged models refer to, and that plugins are told of
	Registry core.URI // the registry that models:/ URIs refer to, likewise

	Options map[string]string      // the scheme's own
	Secrets map[string]core.Secret // likewise

	Workspace string
	ReadOnly  bool
}

// Tracking opens the tracking store at uri. It searches by itself or is completed (client.Complete). Closing it gives back
// this one use.
func (r *Resolver) Tracking(ctx context.Context, uri core.URI, s Settings) (core.TrackingStore, error) {
	return nil, core.Errorf(core.Unimplemented, "not yet")
}

// Registry opens the model registry at uri, completed as Tracking does.
func (r *Resolver) Registry(ctx context.Context, uri core.URI, s Settings) (core.RegistryStore, error) {
	return nil, core.Errorf(core.Unimplemented, "not yet")
}

// Artifacts opens the artifact root at uri, which may be a runs:/ or models:/ URI.
func (r *Resolver) Artifacts(ctx context.Context, uri core.URI, s Settings) (core.ArtifactRepository, error) {
	return nil, core.Errorf(core.Unimplemented, "not yet")
}

// Projects opens the project backend of the name, such as `local`.
func (r *Resolver) Projects(ctx context.Context, name core.URI, s Settings) (core.ProjectBackend, error) {
	return nil, core.Errorf(core.Unimplemented, "not yet")
}
