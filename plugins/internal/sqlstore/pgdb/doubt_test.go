package pgdb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/pgdb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// doubting opens a database with empty tables, of which the server knows nothing, and little patience.
func doubting(t *testing.T, settings string) *pgdb.DB {
	t.Helper()
	uri := testenv.NewPostgresServer(t, testenv.PostgresOptions{Careless: true}).URL() + settings
	db, err := pgdb.Open(t.Context(), pgdb.Config{URI: uri, Patience: 100 * time.Millisecond})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	var b sqldb.Batch
	for _, table := range []string{"runs", "latest_metrics", "params", "tags"} {
		b.Exec("CREATE TABLE " + table + " AS SELECT 1 FROM generate_series(1, 1000)")
	}
	must(t, db.Apply(t.Context(), &b))
	return db
}

// search asks what is planned for its arguments, and then for the timeout that others have.
func search(ctx context.Context, db *pgdb.DB, sql string) (timeout string, err error) {
	err = db.Read(ctx, func(tx sqldb.Tx) error {
		var found bool
		b := sqldb.Batch{}
		b.Weigh(sqldb.Each(func(sqldb.Rows) error { return nil }), sql)
		b.Query(sqldb.One(&found, &timeout), "SELECT current_setting('statement_timeout')")
		return tx.Do(ctx, &b)
	})
	return timeout, err
}

// endless does not end while the server believes that a table is empty.
const endless = "SELECT pg_sleep(CASE WHEN (SELECT reltuples FROM pg_class WHERE oid = 'runs'::regclass) < 1000 THEN 3600 ELSE 0 END)"

// A search that takes long is asked again when the server has looked at the tables. After that it may take its time.
func TestSearchOfUnknownTables(t *testing.T) {
	t.Parallel()
	db := doubting(t, "&statement_timeout=45s")
	for _, sql := range []string{endless, "SELECT pg_sleep(0.2)"} {
		timeout, err := search(t.Context(), db, sql)
		must(t, err)
		if timeout != "45s" {
			t.Errorf("statements after a search have the timeout %s", timeout)
		}
	}
	for _, table := range []string{"runs", "latest_metrics", "params", "tags"} {
		if n := count(t, db, "SELECT 1 FROM pg_class WHERE relname = $1 AND reltuples = 1000", table); n != 1 {
			t.Errorf("the server knows nothing of %s", table)
		}
	}
}

func TestShortTimeoutOfTheServerHoldsForSearches(t *testing.T) {
	t.Parallel()
	_, err := search(t.Context(), doubting(t, "&statement_timeout=50ms"), endless)
	if core.CodeOf(err) != core.DeadlineExceeded {
		t.Errorf("error %v", err)
	}
}

func TestCallerWhoHasNoTimeForANewSearch(t *testing.T) {
	t.Parallel()
	db := doubting(t, "")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := search(ctx, db, endless); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}
