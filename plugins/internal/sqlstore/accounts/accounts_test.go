package accounts_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/accounts"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/litedb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/pgdb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// harness opens stores in databases of their own and remembers where.
func harness(fresh func(conformance.T) string, open func(conformance.T, string) sqldb.DB) tracking.Harness {
	var places sync.Map // from the store to its database
	at := func(t conformance.T, place string) core.TrackingStore {
		b, err := accounts.Open(t.Context(), open(t, place), accounts.Options{Name: "test"})
		conformance.NoError(t, "Open", err)
		places.Store(b.Tracking, place)
		return b.Tracking
	}
	place := func(s core.TrackingStore) string {
		p, _ := places.Load(s)
		return p.(string)
	}
	return tracking.Harness{
		Open:   func(t conformance.T) core.TrackingStore { return at(t, fresh(t)) },
		Second: func(t conformance.T, first core.TrackingStore) core.TrackingStore { return at(t, place(first)) },
		Reopen: func(t conformance.T, old core.TrackingStore) core.TrackingStore {
			conformance.NoError(t, "Close", old.Close())
			return at(t, place(old))
		},
	}
}

func openLite(t conformance.T, path string) sqldb.DB {
	t.Helper()
	db, err := litedb.Open(t.Context(), litedb.Options{Path: path})
	conformance.NoError(t, "Open", err)
	return db
}

func openPostgres(t conformance.T, uri string) sqldb.DB {
	t.Helper()
	db, err := pgdb.Open(t.Context(), pgdb.Config{URI: uri})
	conformance.NoError(t, "Open", err)
	return db
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	fresh := func(t conformance.T) string { return filepath.Join(t.TempDir(), "basic_auth.db") }
	conformance.RunTests(t, tracking.AccountSuite(), harness(fresh, openLite), conformance.Options{ForbidSkip: true})
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	fresh := func(conformance.T) string { return testenv.Postgres(t) }
	conformance.RunTests(t, tracking.AccountSuite(), harness(fresh, openPostgres), conformance.Options{ForbidSkip: true})
}
