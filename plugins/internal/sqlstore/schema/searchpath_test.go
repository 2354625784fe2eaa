package schema_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// A schema of Postgres that comes first in the search path, such as one with the user's name, does not hide the tables of
// the next one: MLflow uses those, and whoever made others would hide them from MLflow too.
func TestTablesAreFoundInEverySchemaOfTheSearchPath(t *testing.T) {
	t.Parallel()
	where := newPlace(t, sqldb.Postgres)
	testenv.MLflow(t, "1.30.1").Run(t, useScript, where.uri()) // in the schema public
	db, _ := where.open(t)
	exec(t, db, "DO $$ BEGIN EXECUTE format('CREATE SCHEMA %I', current_user); END $$")
	s, err := schema.Read(t.Context(), db)
	if err != nil || s.State != core.SchemaOld {
		t.Fatalf("status %+v, error %v, want it old", s, err)
	}
	if s, err = schema.Upgrade(t.Context(), db, schema.UpgradeOptions{}); err != nil || s.State != core.SchemaCurrent {
		t.Fatalf("status %+v, error %v, want current", s, err)
	}
	if _, err := schema.Optimize(t.Context(), db, core.OptimizeOptions{}); err != nil {
		t.Fatal(err)
	}
	indexes, err := schema.ReadIndexes(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range indexes {
		if !index.Present {
			t.Errorf("the index %s is not found", index.Name)
		}
	}
	if err := schema.Ensure(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	var moved int
	b := &sqldb.Batch{}
	b.Query(sqldb.One(new(bool), &moved), "SELECT COUNT(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace")
	if err := db.Fetch(t.Context(), b); err != nil || moved != 0 {
		t.Errorf("%d tables and indexes are in the first schema, error %v, want all together in the other one", moved, err)
	}
	got := testenv.MLflow(t, "3.18.0").Run(t, `
import sys
from mlflow import MlflowClient
print(sorted(e.name for e in MlflowClient(sys.argv[1]).search_experiments()))
`, where.uri())
	if diff := cmp.Diff("['Default', 'mine']\n", got); diff != "" {
		t.Errorf("MLflow's experiments (-want +got):\n%s", diff)
	}
}
