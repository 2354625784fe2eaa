package postgres

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore"
	"github.com/mlstore/mlstore/sdk"
)

// version is that of the plugin.
const version = "1.0.0"

// Plugin is the plugin that the program serves.
func Plugin() sdk.Plugin {
	return sdk.Plugin{
		Name: "postgres", Version: version, License: "Apache-2.0", Schemes: schemes(),
		Env: variables(), Opener: Opener{},
	}
}

// variables are those of libpq that pgx reads, and one of MLflow's.
func variables() []string {
	return []string{
		"PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGPASSFILE", "PGSERVICE", "PGSERVICEFILE", "PGSSLMODE",
		"PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT", "PGSSLNEGOTIATION", "PGSSLSNI", "PGSSLPASSWORD", "PGAPPNAME", "PGOPTIONS",
		"PGCONNECT_TIMEOUT", "PGTARGETSESSIONATTRS", "PGTZ", "PGMINPROTOCOLVERSION", "PGMAXPROTOCOLVERSION",
		"PGCHANNELBINDING", "PGREQUIREAUTH", sqlstore.WebhookKeyVariable,
	}
}

// schemes are those of MLflow: the database's, and the same with a driver of SQLAlchemy.
func schemes() []core.ManifestScheme {
	var all []core.ManifestScheme
	for _, name := range []string{
		"postgresql", "postgres", "postgresql+psycopg2", "postgresql+psycopg", "postgresql+asyncpg", "postgresql+pg8000",
	} {
		all = append(all, core.ManifestScheme{
			Scheme: name, Kinds: []string{"tracking", "registry"}, Form: name + "://user:password@host:5432/database",
			About: "runs and models in a Postgres database of MLflow's schema", Capabilities: sqlstore.Capabilities(),
			Options: []core.ManifestOption{
				{Name: artifactRoot, About: "where the artifacts of new experiments go", Default: "./mlruns"},
				{Name: "password", About: "that of the database's user", Secret: true},
				{Name: sqlstore.WebhookKeySecret, About: "encrypts the secrets of webhooks; " + sqlstore.WebhookKeyVariable, Secret: true},
				{Name: sqlstore.SchemaOption, About: "keep: look after the schema alone, whatever it is; accounts: after the accounts"},
			},
		})
	}
	return all
}
