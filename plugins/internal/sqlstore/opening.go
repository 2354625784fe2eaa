package sqlstore

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"os"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// Settings reads the settings of a request: its options, and those of the names given that the query of its URI has. It
// returns the query without them. Any other option is ErrInvalid, as are secrets with other names than those given.
func Settings(request core.OpenRequest, options, secrets []string) (map[string]string, url.Values, error) {
	query, err := url.ParseQuery(request.URI.Query())
	if err != nil {
		return nil, nil, core.Invalid("uri", "the query of %s cannot be read: write it as name=value&name=value", request.URI)
	}
	settings := map[string]string{}
	for _, name := range options {
		if values, there := query[name]; there {
			settings[name] = values[0]
			delete(query, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(request.Options)) {
		if !slices.Contains(options, name) {
			return nil, nil, core.Invalid(name, "there is no option %q; there are %q", name, options)
		}
		settings[name] = request.Options[name]
	}
	for _, name := range slices.Sorted(maps.Keys(request.Secrets)) {
		if !slices.Contains(secrets, name) {
			return nil, nil, core.Invalid(name, "there is no secret %q; there are %q", name, secrets)
		}
	}
	if request.Workspace != "" {
		return nil, nil, core.Invalid("workspace", "a SQL store has no workspaces, such as %q", request.Workspace)
	}
	return settings, query, nil
}

// ArtifactRoot is where the artifacts of new experiments go: the location given, by default ./mlruns as with MLflow, and
// absolute if it is local.
func ArtifactRoot(given string) (string, error) {
	if given == "" {
		given = "mlruns"
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", core.Errorf(core.FailedPrecondition, "the working directory is unknown; give an absolute artifact_root: %w", err)
	}
	return core.AbsoluteLocation(given, dir), nil
}

// Capabilities are what the stores of every database declare.
func Capabilities() []core.Capability {
	registry := core.CapabilitiesOf(&Registry{}, registryPromises()...)
	return core.CapabilitiesOf(&Tracking{}, slices.Concat(trackingPromises(), registry)...)
}

// Open makes the stores of a database, and first the schema in an empty one. The stores close db, also when Open fails.
func Open(ctx context.Context, db sqldb.DB, o Options) (core.Backend, error) {
	backend, err := open(ctx, db, o)
	if err != nil {
		return core.Backend{}, errors.Join(err, db.Close())
	}
	return backend, nil
}

func open(ctx context.Context, db sqldb.DB, o Options) (core.Backend, error) {
	if err := ready(ctx, db, o.ReadOnly); err != nil {
		return core.Backend{}, err
	}
	handles := sqldb.Share(db, 2)
	t, err := NewTracking(ctx, handles[0], o)
	if err != nil {
		return core.Backend{}, err
	}
	return core.Backend{Tracking: t, Registry: NewRegistry(handles[1], o)}, nil
}

// ready sees to it that the database has the schema, and no workspaces.
func ready(ctx context.Context, db sqldb.DB, readOnly bool) error {
	if !readOnly {
		if err := schema.Ensure(ctx, db); err != nil {
			return err
		}
		return oneWorkspace(ctx, db)
	}
	status, err := schema.Read(ctx, db)
	if err == nil {
		err = status.Err()
	}
	if err != nil {
		return err
	}
	return oneWorkspace(ctx, db)
}
