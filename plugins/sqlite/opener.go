package sqlite

import (
	"context"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/accounts"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/litedb"
)

// Opener opens databases by the URIs that MLflow takes: sqlite:///relative/path, sqlite:////absolute/path, and sqlite:// for
// one in memory. A file that is missing is made, with the complete schema of MLflow's newest revision that we know.
//
// Options, also in the query of the URI:
//   - durability: "durable", the default, or "relaxed": a commit need not have reached the disk when a call returns.
//   - artifact_root: where the artifacts of new experiments go; ./mlruns by default.
//   - schema: "keep" opens the database, of whatever schema, as a core.SchemaKeeper alone; "accounts" opens, or makes, the
//     accounts of MLflow's basic-auth app in it as core.Accounts alone.
//
// The secret webhook_key, or MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY, encrypts the secrets of webhooks; without it there are
// none.
type Opener struct{}

// Open opens the database. A bad URI or option is ErrInvalid; a database of another schema is ErrState.
func (Opener) Open(ctx context.Context, request core.OpenRequest) (core.Backend, error) {
	backend, err := openBackend(ctx, request)
	return backend, core.Do("open", request.URI.String(), err)
}

func openBackend(ctx context.Context, request core.OpenRequest) (core.Backend, error) {
	settings, rest, err := sqlstore.Settings(request, []string{"artifact_root", "durability", sqlstore.SchemaOption},
		[]string{sqlstore.WebhookKeySecret})
	if err != nil {
		return core.Backend{}, err
	}
	for name := range rest {
		return core.Backend{}, core.Invalid(name, "a SQLite database has no option %q: it has artifact_root and durability", name)
	}
	path, err := databasePath(request.URI)
	if err != nil {
		return core.Backend{}, err
	}
	keep, err := sqlstore.KeepsSchema(settings)
	if err != nil {
		return core.Backend{}, err
	}
	o := litedb.Options{Path: path, ReadOnly: request.ReadOnly, NoForeignKeys: keep}
	switch value := settings["durability"]; value {
	case "durable", "":
	case "relaxed":
		o.Relaxed = true
	default:
		return core.Backend{}, core.Invalid("durability", "the option durability is %q: it must be durable or relaxed", value)
	}
	root, err := sqlstore.ArtifactRoot(settings["artifact_root"])
	if err != nil {
		return core.Backend{}, err
	}
	key, err := sqlstore.WebhookKey(request)
	if err != nil {
		return core.Backend{}, err
	}
	db, err := litedb.Open(ctx, o)
	if err != nil {
		return core.Backend{}, err
	}
	options := sqlstore.Options{Name: "sqlite", ArtifactRoot: root, ReadOnly: request.ReadOnly, WebhookKey: key}
	switch {
	case keep:
		return sqlstore.Keep(db, options), nil
	case accounts.Wanted(settings):
		return accounts.Open(ctx, db, accounts.Options{Name: options.Name, ReadOnly: request.ReadOnly})
	}
	return sqlstore.Open(ctx, db, options)
}

// databasePath is the path of the file. As with SQLAlchemy nothing in it is escaped.
func databasePath(uri core.URI) (string, error) {
	scheme, path, found := strings.Cut(uri.Raw(), "://")
	if driver, _, _ := strings.Cut(strings.ToLower(scheme), "+"); !found || driver != "sqlite" {
		return "", core.Invalid("uri", "%s is no URI of a SQLite database: write sqlite:///relative/path or "+
			"sqlite:////absolute/path", uri)
	}
	path, _, _ = strings.Cut(path, "?")
	switch after, isPath := strings.CutPrefix(path, "/"); {
	case path == "", after == "", after == litedb.Memory:
		return litedb.Memory, nil
	case isPath:
		return after, nil
	}
	return "", core.Invalid("uri", "%s names a host: a SQLite database is a file, as in sqlite:///relative/path", uri)
}
