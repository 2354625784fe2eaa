package pgdb_test

import (
	"testing"

	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// A query that is weighed is planned for its arguments however often it runs; others get one plan in the end.
func TestQueriesThatAreWeighedHaveNoPlanForAllArguments(t *testing.T) {
	t.Parallel()
	server := testenv.NewPostgresServer(t, testenv.PostgresOptions{Careless: true})
	db := open(t, server.URL()+"&pool_max_conns=1")
	const times = 10
	none := sqldb.Each(func(sqldb.Rows) error { return nil })
	for range times {
		must(t, db.Read(t.Context(), func(tx sqldb.Tx) error {
			var b sqldb.Batch
			b.Weigh(none, "SELECT 1 WHERE $1 = 'weighed'", "x")
			b.Query(none, "SELECT 1 WHERE $1 = 'kept'", "x")
			return tx.Do(t.Context(), &b)
		}))
	}
	const prepared = "SELECT 1 FROM pg_prepared_statements WHERE statement = $1 AND generic_plans + custom_plans = $2 AND "
	if n := count(t, db, prepared+"generic_plans = 0", "SELECT 1 WHERE $1 = 'weighed'", int64(times)); n != 1 {
		t.Error("the weighed query got a plan for all arguments")
	}
	if n := count(t, db, prepared+"generic_plans > 0", "SELECT 1 WHERE $1 = 'kept'", int64(times)); n != 1 {
		t.Error("the other query never got a plan for all arguments")
	}
}

// What is set for a query that is weighed ends with its transaction, so that nobody who shares the connection has it.
func TestSettingsOfQueriesThatAreWeighedEndWithTheTransaction(t *testing.T) {
	t.Parallel()
	server := testenv.NewPostgresServer(t, testenv.PostgresOptions{Careless: true})
	db := open(t, server.URL()+"&pool_max_conns=1")
	const settings = "SELECT current_setting('plan_cache_mode') || ' ' || current_setting('random_page_cost') || ' ' || " +
		"current_setting('enable_mergejoin')"
	var during, after string
	var found bool
	must(t, db.Read(t.Context(), func(tx sqldb.Tx) error {
		var b sqldb.Batch
		b.Weigh(sqldb.One(&found, &during), settings)
		return tx.Do(t.Context(), &b)
	}))
	var b sqldb.Batch
	b.Query(sqldb.One(&found, &after), settings)
	must(t, db.Fetch(t.Context(), &b))
	if during != "force_custom_plan 1.1 off" || after != "auto 4 on" {
		t.Errorf("settings %q, and afterwards %q", during, after)
	}
}
