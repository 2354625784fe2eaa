package sqlstore_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/litedb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/pgdb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// Whoever may use one workspace must not reach the others by their ids, and nothing must be copied in part.
func TestDatabaseWithWorkspacesIsRefused(t *testing.T) {
	t.Parallel()
	url, path := testenv.Postgres(t), filepath.Join(t.TempDir(), "mlflow.db")
	for _, open := range []func() (sqldb.DB, error){
		func() (sqldb.DB, error) { return litedb.Open(t.Context(), litedb.Options{Path: path}) },
		func() (sqldb.DB, error) { return pgdb.Open(t.Context(), pgdb.Config{URI: url}) },
	} {
		for _, c := range []struct{ insert, remove string }{
			{
				"INSERT INTO experiments (name, lifecycle_stage, workspace) VALUES ('e', 'active', 'team-b')",
				"DELETE FROM experiments WHERE name = 'e'",
			},
			{"INSERT INTO registered_models (name, workspace) VALUES ('m', 'a-team')", "DELETE FROM registered_models"},
		} {
			change := func(sql string) {
				db, err := open()
				must(t, err)
				must(t, schema.Ensure(t.Context(), db))
				b := &sqldb.Batch{}
				b.Exec(sql)
				must(t, db.Apply(t.Context(), b))
				must(t, db.Close())
			}
			change(c.insert)
			for _, readOnly := range []bool{false, true} {
				db, err := open()
				must(t, err)
				_, err = sqlstore.Open(t.Context(), db, sqlstore.Options{ReadOnly: readOnly})
				if core.CodeOf(err) != core.FailedPrecondition || !strings.Contains(err.Error(), "team") {
					t.Errorf("%s: error %v, want one that names the workspace", c.insert, err)
				}
			}
			change(c.remove)
		}
		db, err := open()
		must(t, err)
		backend, err := sqlstore.Open(t.Context(), db, sqlstore.Options{ArtifactRoot: "s3://bucket/root"})
		must(t, err)
		must(t, backend.Tracking.Close())
		must(t, backend.Registry.Close())
	}
}
