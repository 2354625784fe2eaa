package testenv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// MLflowServer is MLflow's own server on the loopback, over a SQLite database and with its artifact proxy over a folder.
type MLflowServer struct {
	URL     string // http://127.0.0.1:PORT
	Version string

	dirs  []string
	alive io.Closer // closing it ends the server
	wait  func() error
	log   *tail
}

// mlflowServers are the servers of this test process by their release, and how many tests use each.
type mlflowServers struct {
	mu      sync.Mutex
	running map[string]*mlflowShared
}

type mlflowShared struct {
	users  int
	start  sync.Once
	server *MLflowServer
	err    error
}

var sharedMLflow = mlflowServers{running: map[string]*mlflowShared{}}

// ServeMLflow returns a running server of that release of MLflow (see MLflow), which the tests of this process share. It
// starts with the first test that asks, which takes some ten seconds, and stops with the last one that is done.
func ServeMLflow(t testing.TB, version string) *MLflowServer {
	t.Helper()
	python := MLflow(t, version)
	shared := sharedMLflow.join(version)
	t.Cleanup(func() {
		if err := sharedMLflow.leave(version); err != nil {
			t.Errorf("stop MLflow %s: %v", version, err)
		}
	})
	shared.start.Do(func() { shared.server, shared.err = startMLflow(python, version) })
	if shared.err != nil {
		t.Fatalf("start MLflow %s: %v", version, shared.err)
	}
	return shared.server
}

// OwnMLflow returns a running server as ServeMLflow does, which no other test uses: for what looks at all that a server holds.
func OwnMLflow(t testing.TB, version string) *MLflowServer {
	t.Helper()
	server, err := startMLflow(MLflow(t, version), version)
	if err != nil {
		t.Fatalf("start MLflow %s: %v", version, err)
	}
	t.Cleanup(func() {
		if err := server.stop(); err != nil {
			t.Errorf("stop MLflow %s: %v", version, err)
		}
	})
	return server
}

func (s *mlflowServers) join(version string) *mlflowShared {
	s.mu.Lock()
	defer s.mu.Unlock()
	shared := s.running[version]
	if shared == nil {
		shared = &mlflowShared{}
		s.running[version] = shared
	}
	shared.users++
	return shared
}

func (s *mlflowServers) leave(version string) error {
	s.mu.Lock()
	shared := s.running[version]
	shared.users--
	last := shared.users == 0
	if last {
		delete(s.running, version)
	}
	s.mu.Unlock()
	if !last || shared.server == nil {
		return nil
	}
	return shared.server.stop()
}

// Log is the last of what the server printed.
func (s *MLflowServer) Log() string { return s.log.String() }

// startMLflow starts the server under a shell that kills it with its children when this process ends, however that comes
// about. It has one process of many threads, so that it serves idle connections beside others.
func startMLflow(python *Python, version string) (*MLflowServer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "mlstore-mlflow-")
	if err != nil {
		return nil, err
	}
	quick, err := os.MkdirTemp(memory(), "mlstore-mlflow-")
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	host, port, _ := strings.Cut(address, ":")
	args := []string{
		"-m", "mlflow", "server", "--host", host, "--port", port, "--workers", "1",
		"--backend-store-uri", "sqlite:///" + filepath.Join(quick, "mlflow.db"),
		"--serve-artifacts", "--artifacts-destination", filepath.Join(dir, "artifacts"),
	}
	if !strings.HasPrefix(version, "3.") {
		args = append(args, "--gunicorn-opts", "--worker-class gthread --threads 16 --log-level warning")
	}
	serve := python.Command(context.WithoutCancel(ctx), args...)
	const watch = `"$@" </dev/null & server=$!; read -r _; kill -9 -$server; wait $server 2>/dev/null; :`
	const session = "import os, sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])" // so that its children die with it
	command := append([]string{"-c", watch, "sh", serve.Args[0], "-c", session}, serve.Args...)
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "sh", command...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, serve.Env...)
	// The standard pool of 15 connections is less than the threads: calls that need two would wait for each other.
	cmd.Env = append(cmd.Env, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false", "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE=100")
	s := &MLflowServer{URL: "http://" + address, Version: version, dirs: []string{dir, quick}, log: &tail{}}
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if s.alive, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.wait = cmd.Wait
	if err := healthy(ctx, s.URL+"/health"); err != nil {
		return nil, fmt.Errorf("%w\n%s", errors.Join(err, s.stop()), s.log)
	}
	return s, nil
}

func (s *MLflowServer) stop() error {
	err := errors.Join(s.alive.Close(), s.wait())
	for _, dir := range s.dirs {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// memory is a folder in memory, where the system has one, else the one for temporary files: on a disk, writers that wait
// for each other's commits starve for seconds in SQLite.
func memory() string {
	const folder = "/dev/shm"
	if info, err := os.Stat(folder); err == nil && info.IsDir() {
		return folder
	}
	return os.TempDir()
}

// healthy waits until url answers 200.
func healthy(ctx context.Context, url string) error {
	return poll(ctx, nil, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", url, answer.Status)
		}
		return nil
	})
}
