package sqlstore_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/registrystore"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/litedb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/pgdb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// fernetKey is the key of the examples in Fernet's specification.
const fernetKey = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="

// registryHarness reaches registries in databases that newPlace makes and open opens.
func registryHarness(newPlace func(conformance.T) string, open func(conformance.T, string) sqldb.DB) registrystore.Harness {
	var places sync.Map // from the store to its database
	at := func(t conformance.T, place string) core.RegistryStore {
		db := open(t, place)
		conformance.NoError(t, "the schema", schema.Ensure(t.Context(), db))
		r := sqlstore.NewRegistry(db, sqlstore.Options{Name: db.Dialect().String(), WebhookKey: core.NewSecret(fernetKey)})
		places.Store(r, place)
		return r
	}
	of := func(s core.RegistryStore) string {
		place, _ := places.Load(s)
		return place.(string)
	}
	return registrystore.Harness{
		Open:   func(t conformance.T) core.RegistryStore { return at(t, newPlace(t)) },
		Second: func(t conformance.T, first core.RegistryStore) core.RegistryStore { return at(t, of(first)) },
		Reopen: func(t conformance.T, old core.RegistryStore) core.RegistryStore {
			conformance.NoError(t, "Close", old.Close())
			return at(t, of(old))
		},
	}
}

func TestRegistryConformanceOnSQLite(t *testing.T) {
	t.Parallel()
	h := registryHarness(
		func(t conformance.T) string { return filepath.Join(t.TempDir(), "mlflow.db") },
		func(t conformance.T, path string) sqldb.DB {
			db, err := litedb.Open(t.Context(), litedb.Options{Path: path})
			conformance.NoError(t, "open", err)
			return db
		},
	)
	registrystore.Test(t, h, func(o *conformance.Options) { o.Level = conformance.Extended })
}

// TestRegistryConformanceOnPostgres leaves the plain server to the tests of the plugin.
func TestRegistryConformanceOnPostgres(t *testing.T) {
	t.Parallel()
	for name, uri := range map[string]func(*testing.T) string{
		"serializable": func(t *testing.T) string { t.Helper(); return serializable(testenv.Postgres(t)) },
		"pooled":       func(t *testing.T) string { t.Helper(); return testenv.PgBouncer(t, testenv.Postgres(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			uri := uri(t) // before the suite's own cleanups, so that it outlives them
			h := registryHarness(
				func(conformance.T) string { return uri },
				func(ct conformance.T, uri string) sqldb.DB {
					db, err := pgdb.Open(ct.Context(), pgdb.Config{URI: uri})
					conformance.NoError(ct, "open", err)
					return db
				},
			)
			registrystore.Test(t, h, func(o *conformance.Options) { o.Level = conformance.Extended })
		})
	}
}

// serializable makes every transaction of a database serializable.
func serializable(uri string) string {
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	return uri + separator + "default_transaction_isolation=serializable"
}
