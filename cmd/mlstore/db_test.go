package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/cmd/mlstore/copying"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
)

// oldDatabase lets MLflow 1.30 write a run into a database.
const oldDatabase = `
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("old")
with mlflow.start_run(run_name="first"):
    mlflow.log_metric("loss", 0.25, step=3)
`

// status is what mlstore db status says.
func (s *shell) status(uri string) schemaView {
	s.t.Helper()
	var v schemaView
	s.must(json.Unmarshal([]byte(s.ok("db", "status", uri, "--json")), &v))
	return v
}

func TestUpgradeOfADatabase(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	uri := "sqlite:///" + filepath.ToSlash(filepath.Join(s.dir, "old.db"))
	testenv.MLflow(t, "1.30.1").Run(t, oldDatabase, uri)
	s.keepsUp(uri)
	if got := s.ok("db", "check", uri); !strings.Contains(got, "mlstore db optimize") {
		t.Errorf("check before optimize: %q", got)
	}
	s.ok("db", "optimize", uri)
	if got := s.ok("db", "check", uri, "--json"); got != "[]\n" {
		t.Errorf("check after optimize: %q", got)
	}
}

// keepsUp upgrades a database that oldDatabase has made.
func (s *shell) keepsUp(uri string) {
	t := s.t
	t.Helper()
	if v := s.status(uri); v.State != core.SchemaOld || v.Revision != "97727af70f4d" {
		t.Errorf("status before: %+v", v)
	}
	r := s.run("experiments", "list", "--tracking-uri", uri)
	if r.code != exitConflict || !strings.Contains(r.stderr, "mlstore db upgrade") {
		t.Errorf("as a store before: %+v", r)
	}
	plan := s.ok("db", "upgrade", uri, "--dry-run")
	if !strings.Contains(plan, "ADD COLUMN storage_location") || strings.Count(plan, "BEGIN;") != strings.Count(plan, "COMMIT;") {
		t.Errorf("dry run: %s", plan)
	}
	if v := s.status(uri); v.Revision != "97727af70f4d" {
		t.Errorf("status after the dry run: %+v", v)
	}
	if r := s.run("db", "upgrade", uri); r.code != 0 || !strings.Contains(r.stderr, "step 51 of 51") {
		t.Errorf("upgrade: %+v", r)
	}
	if v := s.status(uri); v.State != core.SchemaCurrent || v.Revision != v.Newest {
		t.Errorf("status after: %+v", v)
	}
	got := s.ok("runs", "list", "--tracking-uri", uri, "--experiment-name", "old", "-o", "csv", "--columns", "metrics.loss")
	if !strings.Contains(got, "first") || !strings.Contains(got, "0.25") {
		t.Errorf("runs: %q", got)
	}
}

func TestDatabaseOfAStoreWithout(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, args := range [][]string{
		{"db", "status"}, {"db", "upgrade"}, {"db", "check"}, {"db", "optimize"}, {"db", "status", "./mlruns"},
	} {
		if r := s.run(args...); r.code == 0 || !strings.Contains(r.stderr, "no database") {
			t.Errorf("mlstore %q: %+v", args, r)
		}
	}
	if r := s.run("db", "status", "sqlite:///nowhere.db"); r.code != exitNotFound {
		t.Errorf("status of a missing file: %+v", r)
	}
}

// withPostgres lets the command find the plugin for Postgres.
func (s *shell) withPostgres() {
	s.t.Helper()
	program := testenv.BuildPlugin(s.t, s.t.TempDir(), "postgres")
	s.env = append(s.env, "MLSTORE_PLUGIN_DEV=postgres="+program)
}

func TestUpgradeThroughThePluginForPostgres(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.withPostgres()
	uri := testenv.Postgres(t)
	testenv.MLflow(t, "1.30.1").Run(t, oldDatabase, uri)
	s.keepsUp(uri)
	if got := s.ok("db", "optimize", uri, "--json"); !strings.Contains(got, "CREATE INDEX mlstore_") {
		t.Errorf("optimize: %s", got)
	}
	if got := s.ok("db", "check", uri, "--json"); got != "[]\n" {
		t.Errorf("check: %q", got)
	}
	s.seed()
	if r := s.copied("mlruns", uri); !r.Verified || r.Written.Runs != 2 {
		t.Errorf("copy: %+v", r)
	}
	if r := s.copied(uri, "back", "--no-artifacts"); !r.Verified || r.Counts.Runs != 3 {
		t.Errorf("copy back: %+v", r)
	}
	if r := s.copied("mlruns", "back", "--no-artifacts"); r.Written != (copying.Counts{}) || !r.Verified {
		t.Errorf("there and back again differs: %+v", r)
	}
}
