package file

import (
	"context"
	"maps"
	"net/url"
	"os"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// Opener opens folders named by a plain path or a file: URI: MLflow's mlruns layout as tracking store and model registry, and
// any folder as an artifact repository. Nothing is touched before one of them is used; then a missing folder is made.
//
// Options, also as the query of a file: URI:
//   - durability is "durable", the default, or "relaxed". See Durability.
//   - artifact_root is where the artifacts of new experiments go, a URI or a path; by default the folder itself.
type Opener struct {
	// Report is told of each malformed file or folder of a store that is skipped, with the folder of the store. It may be
	// nil, and must not block.
	Report func(folder string, f Finding)
}

// Open opens the folder. A bad URI or option is ErrInvalid.
func (o Opener) Open(_ context.Context, request core.OpenRequest) (core.Backend, error) {
	backend, err := o.backend(request)
	return backend, core.Do("open", request.URI.String(), err)
}

func (o Opener) backend(request core.OpenRequest) (core.Backend, error) {
	path, err := localFolder(request.URI.Raw())
	if err != nil {
		return core.Backend{}, err
	}
	durability, root, err := settingsOf(request)
	if err != nil {
		return core.Backend{}, err
	}
	var report func(Finding)
	if o.Report != nil {
		report = func(f Finding) { o.Report(path, f) }
	}
	t, err := lazyTracking(path, TrackingOptions{
		Durability: durability, ReadOnly: request.ReadOnly, Artifacts: root, Report: report,
	})
	if err != nil {
		return core.Backend{}, err
	}
	a, err := NewArtifacts(path, ArtifactsOptions{Durability: durability, ReadOnly: request.ReadOnly})
	if err != nil {
		return core.Backend{}, err
	}
	r, err := NewRegistry(path, RegistryOptions{Durability: durability, ReadOnly: request.ReadOnly, Report: report})
	if err != nil {
		return core.Backend{}, err
	}
	return core.Backend{Tracking: t, Artifacts: a, Registry: r}, nil
}

// settingsOf reads the options of a request.
func settingsOf(request core.OpenRequest) (durability Durability, artifacts string, err error) {
	query, err := url.ParseQuery(request.URI.Query())
	if err != nil {
		return Durable, "", core.Invalid("uri", "the query of %s cannot be read", request.URI)
	}
	options := maps.Clone(request.Options)
	for name := range query {
		if options == nil {
			options = map[string]string{}
		}
		options[name] = query.Get(name)
	}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		switch name {
		case "durability":
			durability, err = durabilityOf(options[name])
		case "artifact_root":
			artifacts, err = artifactRoot(options[name])
		default:
			err = core.Invalid(name, "a file store has no option %q: it has durability and artifact_root", name)
		}
		if err != nil {
			return Durable, "", err
		}
	}
	return durability, artifacts, nil
}

func durabilityOf(value string) (Durability, error) {
	switch value {
	case "durable", "":
		return Durable, nil
	case "relaxed":
		return Relaxed, nil
	}
	return Durable, core.Invalid("durability", "the option durability is %q: it must be durable or relaxed", value)
}

// artifactRoot makes a local root absolute, since what is stored must mean the same to every process.
func artifactRoot(value string) (string, error) {
	if value == "" {
		return "", nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", core.Errorf(core.FailedPrecondition, "the working directory is unknown; give an absolute artifact_root: %w", err)
	}
	return core.AbsoluteLocation(value, dir), nil
}
