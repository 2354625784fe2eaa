//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/sqlite"
)

// A thousand requests are on their way, each on a connection of its own, when the server is told to end. All get their
// answer, and what was acknowledged is in the database.
func TestServerAnswersAllThatAreOnTheirWayAtSIGTERM(t *testing.T) {
	t.Parallel()
	const requests = 1000
	s := newShell(t)
	server := s.serve("--log-level", "warn", "--drain-delay", "10s")
	status, body := server.do("POST", "/api/2.0/mlflow/runs/create", `{"experiment_id":"0"}`)
	id, _, _ := strings.Cut(body[strings.Index(body, `"run_uuid":"`)+len(`"run_uuid":"`):], `"`)
	if status != 200 || len(id) != 32 {
		t.Fatalf("%d %s", status, body)
	}
	var sent atomic.Int64
	all := make(chan struct{})
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) {
		if sent.Add(1) == requests {
			close(all)
		}
	}}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	lost := make([]error, requests)
	var wg sync.WaitGroup
	for i := range requests {
		wg.Go(func() {
			body := fmt.Sprintf(`{"run_id":"%s","key":"m%d","value":%d,"timestamp":1}`, id, i, i)
			r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodPost,
				server.url+"/api/2.0/mlflow/runs/log-metric", strings.NewReader(body))
			if err != nil {
				lost[i] = err
				return
			}
			r.Header.Set("Content-Type", "application/json")
			answer, err := client.Do(r)
			if err != nil {
				lost[i] = err
				return
			}
			if answer.StatusCode != http.StatusOK {
				lost[i] = fmt.Errorf("status %s", answer.Status)
			}
			_ = answer.Body.Close()
		})
	}
	select {
	case <-all:
	case <-time.After(time.Minute):
		t.Fatalf("only %d of %d requests were sent", sent.Load(), requests)
	}
	server.stop(syscall.SIGTERM)
	wg.Wait()
	missed := 0
	for _, err := range lost {
		if err != nil {
			if missed++; missed == 1 {
				t.Error(err)
			}
		}
	}
	if missed > 0 {
		t.Errorf("%d of %d requests were lost", missed, requests)
	}
	if err := server.wait(); err != nil {
		t.Errorf("the server ended with %v\n%s", err, server.stderr)
	}
	uri, err := core.ParseURI("sqlite:///" + filepath.Join(s.dir, "mlflow.db"))
	s.must(err)
	backend, err := sqlite.Opener{}.Open(t.Context(), core.OpenRequest{URI: uri})
	s.must(err)
	run, err := backend.Tracking.Run(t.Context(), core.RunID(id))
	s.must(err)
	if len(run.Metrics) != requests-missed {
		t.Errorf("%d metrics are in the database", len(run.Metrics))
	}
	s.must(backend.Close())
}

// A connection that nobody uses does not keep the server from ending.
func TestServerEndsInSpiteOfIdleConnections(t *testing.T) {
	t.Parallel()
	server := newShell(t).serve()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.url+"/health", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close() // the connection stays open
	server.stop(os.Interrupt)
	if err := server.wait(); err != nil {
		t.Errorf("%v\n%s", err, server.stderr)
	}
}

// Rows 43 and S14 of the catalogue of attacks: whatever the umask, nobody else may write to what the server makes.
func TestNothingThatTheServerMakesIsOthersToWrite(t *testing.T) {
	t.Parallel()
	for _, mask := range []string{"000", "077"} {
		s := newShell(t)
		s.env = append(s.env, "MLFLOW_AUTH_ADMIN_PASSWORD="+adminPassword)
		cmd := s.command("server", "--port", "0", "--app-name", "basic-auth", "--audit-log", "audit.log", "--backend-store-uri", "./records",
			"--registry-store-uri", "sqlite:///models.db")
		cmd.Args = append([]string{"sh", "-c", "umask " + mask + ` && exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
		var err error
		cmd.Path, err = exec.LookPath("sh")
		s.must(err)
		server := s.awaitOf(cmd)
		server.url = strings.Replace(server.url, "http://", "http://admin:"+url.PathEscape(adminPassword)+"@", 1)
		for path, body := range map[string]string{
			"POST /api/2.0/mlflow/experiments/create":            `{"name":"x"}`,
			"POST /api/2.0/mlflow/runs/create":                   `{"experiment_id":"0"}`,
			"POST /api/2.0/mlflow/registered-models/create":      `{"name":"x"}`,
			"PUT /api/2.0/mlflow-artifacts/artifacts/0/d/f":      "x",
			"POST /api/3.0/mlflow/users/tokens/create":           `{"name":"ci","access":"read","expires_in_seconds":100}`,
			"DELETE /api/2.0/mlflow-artifacts/artifacts/nothing": "",
		} {
			method, path, _ := strings.Cut(path, " ")
			if status, text := server.do(method, path, body); status != http.StatusOK {
				t.Errorf("%s: %d %s", path, status, text)
			}
		}
		found := 0
		s.must(filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || path == s.dir {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			if found++; info.Mode().Perm()&0o022 != 0 {
				t.Errorf("umask %s: %s has the mode %v", mask, strings.TrimPrefix(path, s.dir), info.Mode())
			}
			return nil
		}))
		if found < 12 {
			t.Errorf("umask %s: there are only %d files and folders", mask, found)
		}
	}
}

func TestServerUsesTheSocketsOfSystemdAndTellsItHowItIs(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	dir, err := os.MkdirTemp("", "notify") //nolint:usetesting // a socket's path must be short
	s.must(err)
	t.Cleanup(func() { s.must(os.RemoveAll(dir)) })
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unixgram"})
	s.must(err)
	defer notify.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	defer listener.Close()
	file, err := listener.(*net.TCPListener).File()
	s.must(err)
	defer file.Close()

	cmd := exec.CommandContext(t.Context(), "sh", "-c", `LISTEN_PID=$$ exec "$0" server`, os.Getenv(binaryVariable))
	cmd.Dir, cmd.ExtraFiles = s.dir, []*os.File{file}
	cmd.Env = append(cmd.Environ(), "LISTEN_FDS=1", "NOTIFY_SOCKET="+filepath.Join(dir, "s"))
	s.must(cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // unless it has ended
	})
	s.must(notify.SetReadDeadline(time.Now().Add(30 * time.Second)))
	said := func() string {
		b := make([]byte, 100)
		n, err := notify.Read(b)
		s.must(err)
		return string(b[:n])
	}
	if got := said(); got != "READY=1" {
		t.Errorf("told %q", got)
	}
	server := &serving{t: t, url: "http://" + listener.Addr().String(), stderr: &buffer{}}
	if status, body := server.get("/health"); status != 200 || body != "OK" {
		t.Errorf("%d %s", status, body)
	}
	s.must(cmd.Process.Signal(syscall.SIGTERM))
	if got := said(); got != "STOPPING=1" {
		t.Errorf("told %q", got)
	}
	s.must(cmd.Wait())
}
