package testenv

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// PgBouncer starts a pgbouncer that pools by transaction in front of the database at a URL, and returns the URL of the
// same database through it. One pool of few connections serves every client, so that one client's transactions land on
// different connections: what belongs to a session, such as a prepared statement, is not there the next time.
//
// It ends with the test. Debian's package is installed when it is missing and the test runs as root; else the test fails
// and names the line to run.
func PgBouncer(t testing.TB, database string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), installTimeout)
	defer cancel()
	through, err := startPgBouncer(ctx, t, database)
	if err != nil {
		t.Fatalf("prepare pgbouncer: %v", err)
	}
	return through
}

func startPgBouncer(ctx context.Context, t testing.TB, database string) (string, error) {
	t.Helper()
	program, err := pgbouncerProgram(ctx, t)
	if err != nil {
		return "", err
	}
	target, err := url.Parse(database)
	if err != nil {
		return "", err
	}
	as, err := serverAccount()
	if err != nil {
		return "", err
	}
	port, err := freePort(ctx)
	if err != nil {
		return "", err
	}
	config, err := pgbouncerConfig(as, target, port)
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Dir(config)) })
	through := *target
	through.Host = fmt.Sprintf("127.0.0.1:%d", port)
	g := &guarded{dir: filepath.Join(t.TempDir(), "guard"), stop: signalFast}
	var ignored string
	err = g.use(ctx, &ignored, func(context.Context) (launch, error) {
		ready := func(ctx context.Context) error { return administer(ctx, through.String(), "SELECT 1") }
		return launch{command: []string{program, config}, as: as, state: "", ready: ready}, nil
	})
	if err != nil {
		return "", err
	}
	t.Cleanup(func() {
		if err := g.release(); err != nil {
			t.Errorf("stop pgbouncer: %v", err)
		}
		if err := g.ended(context.WithoutCancel(ctx)); err != nil {
			t.Errorf("wait for the end of pgbouncer: %v", err)
		}
	})
	return through.String(), nil
}

// pgbouncerProgram finds pgbouncer, or installs it.
func pgbouncerProgram(ctx context.Context, t testing.TB) (string, error) {
	t.Helper()
	for range 2 {
		for _, path := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
			if found, err := exec.LookPath(path); err == nil {
				return found, nil
			}
		}
		if err := (venvs{root: Root(t), logf: t.Logf}).aptInstall(ctx, "pgbouncer"); err != nil {
			return "", err
		}
	}
	return "", errors.New("pgbouncer is installed, but not found")
}

// pgbouncerConfig writes the configuration into a new folder of the account.
func pgbouncerConfig(as account, target *url.URL, port int) (string, error) {
	dir, err := os.MkdirTemp("", "mlstore-pgbouncer-")
	if err != nil {
		return "", err
	}
	server := []string{"host=" + target.Hostname(), "port=" + target.Port(), "user=" + target.User.Username()}
	if password, has := target.User.Password(); has {
		server = append(server, "password="+password)
	}
	config := fmt.Sprintf(`[databases]
* = %s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
max_client_conn = 500
ignore_startup_parameters = extra_float_digits,statement_timeout,lock_timeout,idle_in_transaction_session_timeout,options
`, strings.Join(server, " "), port)
	path := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return "", err
	}
	for _, each := range []string{dir, path} {
		if err := as.own(each); err != nil {
			return "", err
		}
	}
	return path, nil
}
