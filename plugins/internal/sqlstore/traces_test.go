package sqlstore_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/litedb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

func TestTracesAreCounted(t *testing.T) {
	t.Parallel()
	db, err := litedb.Open(t.Context(), litedb.Options{Path: filepath.Join(t.TempDir(), "mlflow.db")})
	must(t, err)
	must(t, schema.Ensure(t.Context(), db))
	var b sqldb.Batch
	b.Exec("INSERT INTO experiments (experiment_id, name, lifecycle_stage, workspace) VALUES (7, 'e', 'deleted', 'default')")
	for _, id := range []string{"tr-1", "tr-2"} {
		b.Exec("INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES ($1, 7, 1, 'OK')", id)
	}
	must(t, db.Apply(t.Context(), &b))
	store, err := sqlstore.NewTracking(t.Context(), db, sqlstore.Options{})
	must(t, err)
	defer func() { must(t, store.Close()) }()
	counts, err := store.CountTraces(t.Context())
	must(t, err)
	if diff := cmp.Diff(map[core.ExperimentID]int{"7": 2}, counts); diff != "" {
		t.Errorf("traces (-want +got):\n%s", diff)
	}
}
