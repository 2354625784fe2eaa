package testenv

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestPreparePostgres(t *testing.T) {
	t.Parallel()
	t.Logf("%s answers", Postgres(t))
}

func TestEveryTestHasADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	first, second := Postgres(t), Postgres(t)
	if err := administer(t.Context(), first, "CREATE TABLE mine (id int)"); err != nil {
		t.Fatal(err)
	}
	if err := administer(t.Context(), second, "CREATE TABLE mine (id int)"); err != nil {
		t.Errorf("the second database: %v, want it empty", err)
	}
}

func TestKilledServerKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	s := NewPostgresServer(t, PostgresOptions{Settings: map[string]string{"default_transaction_isolation": "serializable"}})
	database := s.Database(t)
	if err := administer(t.Context(), database, "CREATE TABLE kept AS SELECT 7 AS n"); err != nil {
		t.Fatal(err)
	}
	s.Kill(t)
	if err := administer(t.Context(), database, "SELECT 1"); err == nil {
		t.Fatal("a killed server answers")
	}
	s.Start(t)
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var n int
	var isolation string
	if err := conn.QueryRow(t.Context(), "SELECT n, current_setting('transaction_isolation') FROM kept").Scan(&n, &isolation); err != nil {
		t.Fatal(err)
	}
	if n != 7 || isolation != "serializable" {
		t.Errorf("n %d, isolation %s, want 7, serializable", n, isolation)
	}
}

// A test that is killed cannot stop its server.
func TestServerEndsWithTheProcessThatUsesIt(t *testing.T) {
	t.Parallel()
	g := &guarded{dir: t.TempDir(), stop: signalFast}
	ended := filepath.Join(t.TempDir(), "ended")
	user := exec.CommandContext(t.Context(), "python3", "-c", `
import fcntl, os, sys
fd = os.open(sys.argv[1] + "/users", os.O_RDWR | os.O_CREAT)
fcntl.flock(fd, fcntl.LOCK_SH)
print("in", flush=True)
sys.stdin.read()
`, g.dir)
	in, _ := user.StdinPipe()
	defer in.Close()
	out, err := user.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := user.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 2)); err != nil {
		t.Fatal(err)
	}
	l := launch{
		command: []string{"sh", "-c", "trap 'touch " + ended + "; exit' INT; while :; do sleep 0.05; done"},
		ready:   func(context.Context) error { return nil },
	}
	if err := g.use(t.Context(), new(any), func(context.Context) (launch, error) { return l, nil }); err != nil {
		t.Fatal(err)
	}
	if err := g.release(); err != nil {
		t.Fatal(err)
	}
	if running, err := g.running(); err != nil || !running {
		t.Errorf("after the first user has left: running %v, error %v", running, err)
	}
	if _, err := os.Stat(ended); err == nil {
		t.Error("the server has ended though it is still used")
	}
	if err := user.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = user.Wait() // it was killed
	if err := g.ended(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(ended); err != nil {
		t.Errorf("the server was not told to end: %v", err)
	}
}
