package embedded

import (
	"github.com/mlstore/mlstore/plugins/file"
	"github.com/mlstore/mlstore/registry"
)

// Option changes what New makes.
type Option func(*registry.Resolver) error

// With adds a rule for one more scheme.
func With(scheme string, rule registry.Rule) Option {
	return func(r *registry.Resolver) error { return r.Handle(scheme, rule) }
}

// New returns a resolver that knows the stores which are linked into every program: folders in MLflow's layout, by plain
// path or file: URI. It fails only when an option does, such as a second rule for a scheme.
func New(options ...Option) (*registry.Resolver, error) {
	r := registry.New(nil)
	options = append([]Option{With("file", folders())}, options...)
	for _, option := range options {
		if err := option(r); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func folders() registry.Rule {
	return registry.Rule{
		Opener: file.Opener{}, Kinds: []registry.Kind{registry.Tracking, registry.Artifacts, registry.Registry},
		Form: "file:/path or a plain path", About: "folders in MLflow's layout", Origin: registry.LinkedIn,
	}
}
