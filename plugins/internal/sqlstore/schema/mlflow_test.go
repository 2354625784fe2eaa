package schema_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

func TestCreatedSchemaIsThatOfMLflow(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			theirs, ours := newPlace(t, d), newPlace(t, d)
			testenv.MLflow(t, "3.18.0").Run(t, `
import sys
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
SqlAlchemyStore(sys.argv[1], sys.argv[2])
`, theirs.uri(), t.TempDir())
			made, _ := theirs.open(t)
			db, _ := ours.open(t)
			if err := schema.Ensure(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(describe(t, made), describe(t, db)); diff != "" {
				t.Errorf("catalogue (-MLflow's +ours):\n%s", diff)
			}
			exec(t, made, "DELETE FROM experiments") // the default experiment is the store's business
			if diff := cmp.Diff(content(t, made), content(t, db)); diff != "" {
				t.Errorf("content (-MLflow's +ours):\n%s", diff)
			}
			for _, each := range []sqldb.DB{made, db} {
				s, err := schema.Read(t.Context(), each)
				if err != nil || s.State != core.SchemaCurrent || s.Err() != nil {
					t.Errorf("status %+v, error %v, want current", s, err)
				}
			}
		})
	}
}

func TestMLflowOpensTheSchemaThatWeCreated(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			ours := newPlace(t, d)
			db, stop := ours.open(t)
			if err := schema.Ensure(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			stop()
			got := testenv.MLflow(t, "3.18.0").Run(t, useScript, ours.uri())
			if diff := cmp.Diff("{'size': '3'} {'loss': 0.5} ['1']\n", got); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}

// useScript writes something of everything, and reads it back.
const useScript = `
import sys, mlflow
from mlflow import MlflowClient
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_registry_uri(sys.argv[1])
client = MlflowClient()
eid = client.create_experiment("mine", tags={"a": "b"})
client.set_experiment_tag(eid, "long", "x" * 4000)
run = client.create_run(eid, tags={"t": "u"})
rid = run.info.run_id
client.log_param(rid, "size", 3)
for step, value in enumerate([1.5, float("nan"), float("inf"), 0.5]):
    client.log_metric(rid, "loss", value, step=step, timestamp=1000 + step)
client.set_terminated(rid)
gone = client.create_run(eid)
client.delete_run(gone.info.run_id)
client.create_registered_model("m", tags={"k": "v"}, description="a model")
client.create_model_version("m", "file:///nowhere", rid, tags={"x": "y"}, run_link="http://link.example")
versions = [str(v.version) for v in client.search_model_versions("name='m'")]
data = client.get_run(rid).data
print(data.params, data.metrics, versions)
`

// TestEveryStepIsMLflows upgrades a database with data that MLflow 1.30 has written, step by step, and its copy with
// MLflow's own migrations, and compares catalogue and content after each.
func TestEveryStepIsMLflows(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			ours := newPlace(t, d)
			testenv.MLflow(t, "1.30.1").Run(t, useScript, ours.uri())
			theirs := copyOf(t, ours)
			db, _ := ours.open(t)
			their, _ := theirs.open(t)
			s, err := schema.Read(t.Context(), db)
			if err != nil || s.State != core.SchemaOld || !strings.Contains(fmt.Sprint(s.Err()), "mlstore db upgrade") {
				t.Fatalf("status %+v, error %v, want it old", s, err)
			}
			m := startMigrator(t, theirs)
			_, err = schema.Upgrade(t.Context(), db, schema.UpgradeOptions{Step: func(next schema.Step) {
				if next.Number > 1 {
					compare(t, db, their, schema.Revisions()[next.Number-1])
				}
				m.upgrade(t, next.Revision)
			}})
			if err != nil {
				t.Fatal(err)
			}
			compare(t, db, their, schema.Head())
			if s, err := schema.Read(t.Context(), db); err != nil || s.State != core.SchemaCurrent {
				t.Errorf("status %+v, error %v, want current", s, err)
			}
		})
	}
}

func compare(t *testing.T, ours, theirs sqldb.DB, revision string) {
	t.Helper()
	if diff := cmp.Diff(describe(t, theirs), describe(t, ours)); diff != "" {
		t.Fatalf("catalogue at revision %s (-MLflow's +ours):\n%s", revision, diff)
	}
	if diff := cmp.Diff(content(t, theirs), content(t, ours)); diff != "" {
		t.Fatalf("content at revision %s (-MLflow's +ours):\n%s", revision, diff)
	}
}

// sameUpgrade adds rows to a database, and compares what our upgrade makes of it with what MLflow's makes of a copy.
func sameUpgrade(t *testing.T, ours place, rows []string) {
	t.Helper()
	seeded, stop := ours.open(t)
	exec(t, seeded, rows...)
	stop()
	theirs := copyOf(t, ours)
	startMigrator(t, theirs).upgrade(t, schema.Head())
	db, _ := ours.open(t)
	if s, err := schema.Upgrade(t.Context(), db, schema.UpgradeOptions{}); err != nil || s.State != core.SchemaCurrent {
		t.Fatalf("status %+v, error %v", s, err)
	}
	their, _ := theirs.open(t)
	compare(t, db, their, schema.Head())
}

// copyOf copies a database that nobody has open.
func copyOf(t *testing.T, p place) place {
	t.Helper()
	if p.dialect == sqldb.Postgres {
		return place{dialect: p.dialect, url: testenv.PostgresCopy(t, p.url)}
	}
	content, err := os.ReadFile(p.path)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return place{dialect: p.dialect, path: path}
}

// A migrator is MLflow's migrations, one at a time.
type migrator struct {
	in  io.Writer
	out *bufio.Reader
}

func startMigrator(t *testing.T, p place) migrator {
	t.Helper()
	cmd := testenv.MLflow(t, "3.18.0").Command(t.Context(), "-c", `
import sys
from alembic import command
from mlflow.store.db.utils import _get_alembic_config
config = _get_alembic_config(sys.argv[1].replace("%", "%%"))
for line in sys.stdin:
    command.upgrade(config, line.strip())
    print("done", line.strip(), flush=True)
`, p.uri())
	cmd.Dir = t.TempDir()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
			t.Errorf("MLflow's migrations: %v\n%s", err, &stderr)
		}
		if t.Failed() {
			t.Log(stderr.String())
		}
	})
	return migrator{in, bufio.NewReader(out)}
}

func (m migrator) upgrade(t *testing.T, revision string) {
	t.Helper()
	if _, err := fmt.Fprintln(m.in, revision); err != nil {
		t.Fatal(err)
	}
	if line, err := m.out.ReadString('\n'); err != nil || line != "done "+revision+"\n" {
		t.Fatalf("MLflow's migration to %s: answer %q, error %v", revision, line, err)
	}
}
