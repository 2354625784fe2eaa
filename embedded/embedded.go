package embedded

import "github.com/mlstore/mlstore/registry"

// Option changes what New makes.
type Option func(*registry.Resolver) error

// New returns a resolver that knows the stores linked into every program: folders in MLflow's layout, by plain path or
// file: URI.
func New(options ...Option) (*registry.Resolver, error) {
	r := registry.New(nil)
	for _, option := range options {
		if err := option(r); err != nil {
			return nil, err
		}
	}
	return r, nil
}
