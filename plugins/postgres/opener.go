package postgres

import (
	"context"
	"net/url"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/accounts"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/pgdb"
)

// Opener opens databases by the URIs that MLflow takes, such as postgresql://user:password@host:5432/database, also with a
// driver of SQLAlchemy: postgresql+psycopg2://…. An empty database gets the complete schema of MLflow's newest revision
// that we know.
//
// The query of a URI holds settings of libpq and of the pool. Without a password in the URI that of the secret counts,
// then PGPASSWORD and the password file. The secret webhook_key, or MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY, encrypts the
// secrets of webhooks; without it there are none.
type Opener struct{}

// Options of a request, and of the query of a URI. Everything else in the query is a setting of the connection.
const artifactRoot = "artifact_root"

// Open opens the database. A bad URI or option is ErrInvalid; a database of another schema is ErrState.
func (Opener) Open(ctx context.Context, request core.OpenRequest) (core.Backend, error) {
	backend, err := openBackend(ctx, request)
	return backend, core.Do("open", request.URI.String(), err)
}

func openBackend(ctx context.Context, request core.OpenRequest) (core.Backend, error) {
	settings, query, err := sqlstore.Settings(request, []string{artifactRoot, sqlstore.SchemaOption},
		[]string{"password", sqlstore.WebhookKeySecret})
	if err != nil {
		return core.Backend{}, err
	}
	keep, err := sqlstore.KeepsSchema(settings)
	if err != nil {
		return core.Backend{}, err
	}
	root, err := sqlstore.ArtifactRoot(settings[artifactRoot])
	if err != nil {
		return core.Backend{}, err
	}
	key, err := sqlstore.WebhookKey(request)
	if err != nil {
		return core.Backend{}, err
	}
	db, err := pgdb.Open(ctx, pgdb.Config{URI: withQuery(request.URI, query), Password: request.Secrets["password"]})
	if err != nil {
		return core.Backend{}, err
	}
	options := sqlstore.Options{Name: "postgres", ArtifactRoot: root, ReadOnly: request.ReadOnly, WebhookKey: key}
	switch {
	case keep:
		return sqlstore.Keep(db, options), nil
	case accounts.Wanted(settings):
		return accounts.Open(ctx, db, accounts.Options{Name: options.Name, ReadOnly: request.ReadOnly})
	}
	return sqlstore.Open(ctx, db, options)
}

// withQuery is the URI with another query.
func withQuery(uri core.URI, query url.Values) string {
	head, _, _ := strings.Cut(uri.Raw(), "?")
	if len(query) == 0 {
		return head
	}
	return head + "?" + query.Encode()
}
