// Package interop_test proves on SQLite and Postgres that real MLflow releases and the SQL stores read and write what the
// other has written, one after the other and both at once.
package interop_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/litedb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/pgdb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// newest is the release whose schema ours is.
const newest = "3.18.0"

// releases are MLflow's, each a process that answers all the tests of a parent test, since starting one takes longer than
// they do.
type releases struct {
	parent *testing.T

	mu        sync.Mutex
	processes map[string]*mlflow
}

// of returns the process of a release.
func (r *releases) of(t *testing.T, version string) *mlflow {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.processes[version]
	if m == nil {
		m = start(t, r.parent, version)
		if r.processes == nil {
			r.processes = map[string]*mlflow{}
		}
		r.processes[version] = m
	}
	return m
}

// mlflow is a running process that does with MLflow what it is asked for; see testdata/driver.py.
type mlflow struct {
	mu      sync.Mutex
	in      io.WriteCloser
	answers *bufio.Reader
	stderr  *bytes.Buffer
}

// args are the arguments of one act.
type args map[string]any

// start starts a release of MLflow; the process ends with the parent test.
func start(t, parent *testing.T, version string) *mlflow {
	t.Helper()
	driver, err := filepath.Abs("testdata/driver.py")
	check(t, err)
	cmd := testenv.MLflow(t, version).Command(parent.Context(), "-B", driver)
	cmd.Dir = parent.TempDir()
	m := &mlflow{stderr: &bytes.Buffer{}}
	cmd.Stderr = m.stderr
	m.in, err = cmd.StdinPipe()
	check(t, err)
	out, err := cmd.StdoutPipe()
	check(t, err)
	m.answers = bufio.NewReader(out)
	check(t, cmd.Start())
	parent.Cleanup(func() {
		_ = m.in.Close()
		_ = cmd.Wait() // killed, as the test's context has ended
	})
	var got string
	m.answer(t, "start", &got)
	if got != version {
		t.Fatalf("MLflow says it is %q, want %q", got, version)
	}
	return m
}

// do has MLflow do an act in a database, and stores the result in result unless that is nil.
func (m *mlflow) do(t testing.TB, act string, at place, a args, result any) {
	t.Helper()
	request := args{"act": act, "uri": at.uri()}
	maps.Copy(request, a)
	line, err := json.Marshal(request)
	check(t, err)
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err = m.in.Write(append(line, '\n'))
	check(t, err)
	m.answer(t, act, result)
}

func (m *mlflow) answer(t testing.TB, act string, result any) {
	t.Helper()
	line, err := m.answers.ReadBytes('\n')
	if err != nil {
		t.Fatalf("%s: MLflow ended: %v\n%s", act, err, m.stderr)
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  string          `json:"error"`
	}
	check(t, json.Unmarshal(line, &answer))
	if answer.Error != "" {
		t.Fatalf("%s: MLflow failed:\n%s", act, answer.Error)
	}
	if result != nil {
		check(t, json.Unmarshal(answer.Result, result))
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A place is a database.
type place struct {
	dialect sqldb.Dialect
	name    string // the path of SQLite's file, the URL of Postgres' database
}

func newPlace(t testing.TB, d sqldb.Dialect) place {
	t.Helper()
	if d == sqldb.Postgres {
		return place{d, testenv.Postgres(t)}
	}
	return place{d, filepath.Join(t.TempDir(), "mlflow.db")}
}

// uri is how MLflow names the database.
func (p place) uri() string {
	if p.dialect == sqldb.Postgres {
		return strings.Replace(p.name, "postgresql://", "postgresql+psycopg2://", 1)
	}
	return "sqlite:///" + p.name
}

// database opens the database; its user closes it.
func (p place) database(t testing.TB, upgrades bool) sqldb.DB {
	t.Helper()
	if p.dialect == sqldb.Postgres {
		db, err := pgdb.Open(t.Context(), pgdb.Config{URI: p.name})
		check(t, err)
		return db
	}
	db, err := litedb.Open(t.Context(), litedb.Options{Path: p.name, NoForeignKeys: upgrades})
	check(t, err)
	return db
}

// open opens our stores of the database.
func (p place) open(t testing.TB) stores {
	t.Helper()
	b, err := p.tryOpen(t)
	check(t, err)
	t.Cleanup(func() { check(t, b.Close()) })
	return stores{b.Tracking, b.Registry}
}

func (p place) tryOpen(t testing.TB) (core.Backend, error) {
	t.Helper()
	return sqlstore.Open(t.Context(), p.database(t, false), sqlstore.Options{
		Name: p.dialect.String(), ArtifactRoot: filepath.Join(t.TempDir(), "artifacts"),
	})
}

// stores are ours on one database.
type stores struct {
	core.TrackingStore

	registry core.RegistryStore
}
