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
