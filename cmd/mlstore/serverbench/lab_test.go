//go:build unix

package serverbench_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/postgres"
	"github.com/mlstore/mlstore/plugins/sqlite"
)

// lab has both servers over equal databases.
type lab struct {
	ours, mlflow *side
	bare         *pgxpool.Pool // on the database of ours; nil where it is SQLite's
	slice        time.Duration // of each measurement
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// newLab fills a database with experiments of so many runs, copies it and starts the servers. MLSTORE_BENCH_SLICE is how long
// each of six measurements of one figure takes (2s).
func newLab(b *testing.B, kind string, runs ...int) *lab {
	b.Helper()
	l := &lab{slice: 2 * time.Second}
	if text := os.Getenv("MLSTORE_BENCH_SLICE"); text != "" {
		var err error
		l.slice, err = time.ParseDuration(text)
		must(b, err)
	}
	ourURI, theirURI, data := databases(b, kind, runs)
	bin := build(b)
	ours, theirs := testenv.QuietDir(b), testenv.QuietDir(b) // they make files
	address := freeAddress(b)
	_, port, err := net.SplitHostPort(address)
	must(b, err)
	cmd := exec.CommandContext(b.Context(), filepath.Join(bin, "mlstore"), "server", "--port", port,
		"--backend-store-uri", ourURI, "--artifacts-destination", "file://"+ours+"/mlartifacts?durability=relaxed", "--log-level", "warn")
	cmd.Env = append(os.Environ(), "MLSTORE_PLUGIN_PATH="+filepath.Join(bin, "plugins"))
	start(b, "ours", cmd, ours, address)
	l.ours = newSide("http://"+address, data)
	if kind == "postgres" {
		l.bare, err = pgxpool.New(b.Context(), ourURI)
		must(b, err)
		b.Cleanup(l.bare.Close)
	}

	address = freeAddress(b)
	_, port, err = net.SplitHostPort(address)
	must(b, err)
	python := testenv.MLflow(b, "3.18.0")
	mlflow := func(env string) *exec.Cmd {
		cmd := python.Command(b.Context(), "-m", "mlflow", "server", "--port", port, "--workers", "4", "--backend-store-uri", theirURI)
		cmd.Env = append(cmd.Env, "PYTHONPATH="+testenv.Uvloop(b), env)
		return cmd
	}
	// As it comes it also runs processes for jobs. They count in what it has in memory, and would in how fast it is.
	start(b, "mlflow as it comes", mlflow("MLFLOW_SERVER_ENABLE_JOB_EXECUTION=true"), theirs, address)()
	start(b, "mlflow", mlflow("MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false"), theirs, address)
	l.mlflow = newSide("http://"+address, data)
	for _, s := range []*side{l.ours, l.mlflow} {
		must(b, s.prepare(b.Context()))
	}
	return l
}

// databases makes two equal ones.
func databases(b *testing.B, kind string, runs []int) (ours, theirs string, data seeded) {
	b.Helper()
	var opener core.Opener = sqlite.Opener{}
	dir := b.TempDir()
	ours = "sqlite:///" + filepath.Join(dir, "ours.db")
	if kind == "postgres" {
		opener, ours = postgres.Opener{}, testenv.NewPostgresServer(b, testenv.PostgresOptions{Settings: map[string]string{
			"shared_buffers": "1GB", "max_wal_size": "4GB",
		}}).Database(b)
	}
	uri, err := core.ParseURI(ours)
	must(b, err)
	backend, err := opener.Open(b.Context(), core.OpenRequest{URI: uri, Options: map[string]string{"artifact_root": "mlflow-artifacts:/"}})
	must(b, err)
	data, err = seed(b.Context(), backend.Tracking, runs)
	must(b, err)
	must(b, backend.Close())
	if kind == "postgres" {
		theirs = testenv.PostgresCopy(b, ours)
		return ours, strings.Replace(theirs, "postgresql://", "postgresql+psycopg2://", 1), data
	}
	text, err := os.ReadFile(filepath.Join(dir, "ours.db"))
	must(b, err)
	must(b, os.WriteFile(filepath.Join(dir, "theirs.db"), text, 0o600))
	return ours, "sqlite:///" + filepath.Join(dir, "theirs.db"), data
}

// build builds the command and the plugin as make build does.
func build(b *testing.B) string {
	b.Helper()
	b.Setenv("CGO_ENABLED", "0")
	dir := b.TempDir()
	testenv.Build(b, dir, "./cmd/mlstore")
	must(b, os.Mkdir(filepath.Join(dir, "plugins"), 0o700))
	testenv.BuildPlugin(b, filepath.Join(dir, "plugins"), "postgres")
	return dir
}

// start starts a server in a group of its own and waits until it answers. It ends with the benchmark, or when stop is called.
func start(b *testing.B, name string, cmd *exec.Cmd, dir, address string) (stop func()) {
	b.Helper()
	var log bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	begin := time.Now()
	must(b, cmd.Start())
	stop = sync.OnceFunc(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait() // it was killed
	})
	b.Cleanup(stop)
	for time.Since(begin) < 2*time.Minute {
		answer, err := http.Get("http://" + address + "/health")
		if err == nil {
			_ = answer.Body.Close()
			first := time.Since(begin)
			time.Sleep(5 * time.Second) // what a server has when idle shows when it has had nothing to do for a while
			own, below := memory(cmd.Process.Pid)
			b.Logf("%s: %.3f s to the first answer; idle %.1f MiB and %.1f MiB in the processes below it", name, first.Seconds(),
				float64(own)/(1<<20), float64(below)/(1<<20))
			return stop
		}
		time.Sleep(5 * time.Millisecond) // a server of another language says nothing when it is ready
	}
	b.Fatalf("%s did not start:\n%s", name, &log)
	return nil
}

// memory is what a process has in memory, and those that it has started, where they share with others their part of it
// (PSS); 0 where the system does not tell.
func memory(root int) (own, below int64) {
	parent := map[int]int{}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is fine
	for _, path := range paths {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		var state string
		var id, above int
		_, _ = fmt.Sscanf(string(stat[bytes.LastIndexByte(stat, ')')+1:]), "%s %d", &state, &above)
		_, _ = fmt.Sscanf(string(stat), "%d", &id)
		parent[id] = above
	}
	for id := range parent {
		for at := parent[id]; at != 0; at = parent[at] {
			if at == root {
				below += proportional(id)
				break
			}
		}
	}
	return proportional(root), below
}

// proportional is the PSS of a process.
func proportional(id int) int64 {
	rollup, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(id), "smaps_rollup")) // of one that has ended there is none
	for line := range strings.Lines(string(rollup)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "Pss: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return 0
}

func freeAddress(b *testing.B) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	defer l.Close()
	return l.Addr().String()
}
