package testenv

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// PostgresOptions are those of a server of a test's own. The zero value is a server that syncs every commit.
type PostgresOptions struct {
	Careless bool              // do not sync files, where the test does not judge durability
	Settings map[string]string // such as "default_transaction_isolation": "serializable"
	Files    map[string][]byte // in the server's folder, for settings to name; only the server may read them
}

// PostgresServer is a Postgres server that belongs to one test.
type PostgresServer struct {
	cluster  cluster
	settings map[string]string
	guard    *guarded
}

// NewPostgresServer starts a server, which ends with the test. It takes a second. It fails the test as Postgres does, and
// does not look at MLSTORE_TEST_POSTGRES_URL.
func NewPostgresServer(t testing.TB, o PostgresOptions) *PostgresServer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), installTimeout)
	defer cancel()
	bin, err := venvs{root: Root(t), logf: t.Logf}.postgresBin(ctx)
	if err != nil {
		t.Fatalf("prepare Postgres: %v", err)
	}
	settings := map[string]string{}
	if o.Careless {
		settings = careless()
	}
	maps.Copy(settings, o.Settings)
	c, err := newCluster(ctx, bin)
	if err != nil {
		t.Fatalf("prepare Postgres: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(c.dir); err != nil {
			t.Errorf("remove the server's files: %v", err)
		}
	})
	for name, content := range o.Files {
		path := filepath.Join(c.data(), name)
		if err := errors.Join(os.WriteFile(path, content, 0o600), c.as.own(path)); err != nil {
			t.Fatalf("prepare Postgres: %v", err)
		}
	}
	s := &PostgresServer{cluster: c, settings: settings, guard: &guarded{dir: filepath.Join(t.TempDir(), "guard"), stop: signalFast}}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), serverTimeout)
		defer cancel()
		if err := s.stop(ctx); err != nil {
			t.Errorf("stop Postgres: %v", err)
		}
	})
	s.Start(t)
	return s
}

// URL is that of the database that every server has.
func (s *PostgresServer) URL() string { return s.cluster.url() }

// Database returns the URL of a new and empty database, which is gone with the server.
func (s *PostgresServer) Database(t testing.TB) string {
	t.Helper()
	database, _ := makeDatabase(t, s.URL(), "")
	return database
}

// Start starts the server again after Kill or Stop, at the same port, and waits until it answers.
func (s *PostgresServer) Start(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), serverTimeout)
	defer cancel()
	var ignored string
	err := s.guard.use(ctx, &ignored, func(context.Context) (launch, error) { return s.cluster.launch(s.settings), nil })
	if err != nil {
		t.Fatalf("start Postgres: %v", err)
	}
}

// Kill kills the server as kill -9 does, and waits until all its processes are gone.
func (s *PostgresServer) Kill(t testing.TB) {
	t.Helper()
	pid, err := s.cluster.pid()
	if err != nil {
		t.Fatalf("find the server's process: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), serverTimeout)
	defer cancel()
	if err := errors.Join(kill(pid), s.stop(ctx)); err != nil {
		t.Fatalf("kill Postgres: %v", err)
	}
}

// Stop ends the server in good order, without waiting for its clients.
func (s *PostgresServer) Stop(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), serverTimeout)
	defer cancel()
	if err := s.stop(ctx); err != nil {
		t.Fatalf("stop Postgres: %v", err)
	}
}

func (s *PostgresServer) stop(ctx context.Context) error {
	if err := errors.Join(s.guard.release(), s.guard.ended(ctx)); err != nil {
		return fmt.Errorf("wait for its end: %w", err)
	}
	return nil
}
