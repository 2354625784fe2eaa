package schema

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// Create makes MLflow's schema of the revision Head in an empty database, with the extra indexes of Indexes.
func Create(ctx context.Context, tx sqldb.Tx, d sqldb.Dialect) error {
	statements, err := read(d, "head.sql")
	if err != nil {
		return err
	}
	for _, index := range Indexes(d) {
		statements = append(statements, index.create(d))
	}
	if err := run(ctx, tx, statements); err != nil {
		return core.Do("create the schema", "", err)
	}
	_, err = tx.Exec(ctx, "INSERT INTO alembic_version (version_num) VALUES ($1)", Head())
	return err
}

// run runs statements without arguments one after the other: a later one may need the table that an earlier one makes
// already when it is prepared.
func run(ctx context.Context, tx sqldb.Tx, statements []string) error {
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// exclusive waits until no other process creates or changes the schema, and keeps others out until the transaction ends.
// On SQLite the transaction does that already.
func exclusive(ctx context.Context, tx sqldb.Tx, d sqldb.Dialect) error {
	if d != sqldb.Postgres {
		return nil
	}
	const key = 0x6d6c73746f7265 // "mlstore"
	_, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(key))
	return err
}

// together has the rest of the transaction make tables in the schema of Postgres that holds the others, which need not be
// the first of the search path.
func together(ctx context.Context, tx sqldb.Tx, d sqldb.Dialect) error {
	if d != sqldb.Postgres {
		return nil
	}
	_, err := tx.Exec(ctx, `SELECT set_config('search_path', quote_ident(n.nspname) || ', ' || current_setting('search_path'), true)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'alembic_version' AND c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) AND n.nspname <> current_schema()`)
	return err
}
