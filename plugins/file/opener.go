package file

import (
	"context"
	"maps"
	"net/url"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// Opener opens folders named by a plain path or a file: URI: MLflow's mlruns layout as tracking store and model registry, and
// any folder as an artifact repository. Nothing is touched before one of them is used; then a missing folder is made.
//
// It takes one option, also as a query of a URI: durability is "durable", the default, or "relaxed". See Durability.
type Opener struct{}

// Open opens the folder. A bad URI or option is ErrInvalid.
func (Opener) Open(_ context.Context, request core.OpenRequest) (core.Backend, error) {
	backend, err := openBackend(request)
	return backend, core.Do("open", request.URI.String(), err)
}

func openBackend(request core.OpenRequest) (core.Backend, error) {
	path, err := localFolder(request.URI.Raw())
	if err != nil {
		return core.Backend{}, err
	}
	durability, err := durabilityOf(request)
	if err != nil {
		return core.Backend{}, err
	}
	t, err := lazyTracking(path, TrackingOptions{Durability: durability, ReadOnly: request.ReadOnly})
	if err != nil {
		return core.Backend{}, err
	}
	a, err := NewArtifacts(path, ArtifactsOptions{Durability: durability, ReadOnly: request.ReadOnly})
	if err != nil {
		return core.Backend{}, err
	}
	r, err := NewRegistry(path, RegistryOptions{Durability: durability, ReadOnly: request.ReadOnly})
	if err != nil {
		return core.Backend{}, err
	}
	return core.Backend{Tracking: t, Artifacts: a, Registry: r}, nil
}

func durabilityOf(request core.OpenRequest) (Durability, error) {
	query, err := url.ParseQuery(request.URI.Query())
	if err != nil {
		return Durable, core.Invalid("uri", "the query of %s cannot be read", request.URI)
	}
	options := maps.Clone(request.Options)
	for name := range query {
		if options == nil {
			options = map[string]string{}
		}
		options[name] = query.Get(name)
	}
	durability := Durable
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if name != "durability" {
			return Durable, core.Invalid(name, "a file store has no option %q: it has durability alone", name)
		}
		switch value := options[name]; value {
		case "durable", "":
		case "relaxed":
			durability = Relaxed
		default:
			return Durable, core.Invalid(name, "the option durability is %q: it must be durable or relaxed", value)
		}
	}
	return durability, nil
}
