package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/internal/testenv"
)

// serving is a server that a test has started.
type serving struct {
	t      *testing.T
	url    string
	stderr *buffer
	pid    int
	stop   func(os.Signal)
	wait   func() error
}

// buffer may be written and read at the same time.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// serve starts a server at any port, and waits until it says where.
func (s *shell) serve(args ...string) *serving {
	s.t.Helper()
	return s.await(append([]string{"server", "--port", "0", "--drain-delay", "200ms"}, args...)...)
}

func (s *shell) await(args ...string) *serving {
	s.t.Helper()
	return s.awaitOf(s.command(args...))
}

func (s *shell) awaitOf(cmd *exec.Cmd) *serving {
	s.t.Helper()
	got := &serving{t: s.t, stderr: &buffer{}}
	cmd.Stderr = got.stderr
	stdout, err := cmd.StdoutPipe()
	s.must(err)
	s.must(cmd.Start())
	got.pid = cmd.Process.Pid
	got.wait = sync.OnceValue(cmd.Wait)
	got.stop = func(signal os.Signal) { s.must(cmd.Process.Signal(signal)) }
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill() // unless it has ended
		_ = got.wait()
	})
	lines := bufio.NewReader(stdout)
	for got.url == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			s.t.Fatalf("%q: %v: %s\n%s", cmd.Args, err, line, got.stderr)
		}
		if found := regexp.MustCompile(`https?://[^ ]+\d(/\w+)?`).FindString(line); found != "" {
			got.url = found
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return got
}

// get returns the status and the text of a page.
func (s *serving) get(path string) (int, string) {
	s.t.Helper()
	return s.do(http.MethodGet, path, "")
}

func (s *serving) do(method, path, body string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Close = true // an idle connection would have the server wait
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatalf("%v\n%s", err, s.stderr)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestServerKeepsEverythingInTheWorkingDirectory(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.must(os.MkdirAll(filepath.Join(s.dir, "mlruns", "0"), 0o700))
	s.must(os.WriteFile(filepath.Join(s.dir, "mlruns", "0", "meta.yaml"), nil, 0o600))
	server := s.serve("--workers", "4", "--expose-prometheus", "metrics")
	for path, want := range map[string]string{
		"/health": "OK", "/version": "3.18.0",
		"/api/2.0/mlflow/experiments/get?experiment_id=0": `"artifact_location":"mlflow-artifacts:/0"`,
		"/metrics": "mlflow_http_requests_in_flight",
	} {
		if status, body := server.get(path); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if _, err := os.Stat(filepath.Join(s.dir, "mlflow.db")); err != nil {
		t.Error(err)
	}
	for _, part := range []string{"--workers has no effect", "the experiments in the folder mlruns are not served", "path=/api/2.0/mlflow/experiments/get status=200"} {
		if !strings.Contains(server.stderr.String(), part) {
			t.Errorf("the log does not say %q:\n%s", part, server.stderr)
		}
	}
}

func TestServerTakesItsFlagsFromMLflowsVariables(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env = append(s.env, "MLFLOW_BACKEND_STORE_URI=./runs", "MLFLOW_SERVE_ARTIFACTS=false", "MLFLOW_STATIC_PREFIX=/ml",
		"MLFLOW_TRUNCATE_LONG_VALUES=false", "MLFLOW_LOGGING_LEVEL=WARNING", "MLFLOW_SERVER_ALLOWED_HOSTS=127.0.0.1:*")
	server := s.serve()
	status, body := server.get("/api/2.0/mlflow/experiments/get?experiment_id=0")
	if status != 200 || strings.Contains(body, "mlflow-artifacts") || !strings.Contains(body, s.dir) {
		t.Errorf("%d %s", status, body)
	}
	if !strings.HasSuffix(server.url, "/ml") || server.stderr.String() != "" {
		t.Errorf("at %s, log %q", server.url, server.stderr)
	}
	status, body = server.do("POST", "/api/2.0/mlflow/experiments/create", `{"name":"x","tags":[{"key":"k","value":"`+strings.Repeat("v", 20001)+`"}]}`)
	if status != 400 {
		t.Errorf("%d %s", status, body)
	}
}

func TestServerRefusesFlagsThatAreWrong(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, c := range []struct {
		args, env []string
		want      string
	}{
		{[]string{"--host", "0.0.0.0"}, nil, "--insecure-no-auth"},
		{[]string{"-h", "::"}, nil, "--insecure-no-auth"},
		{nil, []string{"MLFLOW_HOST=0.0.0.0"}, "--insecure-no-auth"},
		{[]string{"--tls-cert", "x"}, nil, "go together"},
		{[]string{"--log-format", "xml"}, nil, "neither text nor json"},
		{[]string{"--log-level", "loud"}, nil, "none of debug"},
		{[]string{"--artifacts-only", "--no-serve-artifacts"}, nil, "needs --serve-artifacts"},
		{[]string{"--serve-artifacts", "--no-serve-artifacts"}, nil, "exclude each other"},
		{[]string{"--max-requests", "0"}, nil, "at least 1"},
		{nil, []string{"MLSTORE_MAX_TRANSFERS=many"}, "MLSTORE_MAX_TRANSFERS"},
		{[]string{"--drain-delay", "-1s"}, nil, "not negative"},
		{nil, []string{"MLFLOW_SERVE_ARTIFACTS=many"}, "MLFLOW_SERVE_ARTIFACTS"},
		{nil, []string{"MLFLOW_TRUNCATE_LONG_VALUES=perhaps"}, "MLFLOW_TRUNCATE_LONG_VALUES"},
		{nil, []string{"MLFLOW_WEBHOOK_CACHE_TTL=long"}, "MLFLOW_WEBHOOK_CACHE_TTL"},
		{nil, []string{"MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX=("}, "MLFLOW_CREATE_MODEL_VERSION_SOURCE"},
		{[]string{"--static-prefix", "ml"}, nil, "must begin with a slash"},
		{[]string{"--enable-workspaces"}, nil, "unknown flag"},
	} {
		one := *s
		one.env = append(append([]string(nil), s.env...), c.env...)
		r := one.run(append([]string{"server", "--port", "0"}, c.args...)...)
		if r.code != exitUsage || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%v %v: exit %d, %s", c.args, c.env, r.code, r.stderr)
		}
	}
	r := s.run("server", "--port", "0", "--backend-store-uri", "nothing://x")
	if r.code == 0 || !strings.Contains(r.stderr, "nothing") {
		t.Errorf("exit %d, %s", r.code, r.stderr)
	}
}

// Unmodified, and with MLflow's own client, the example trains against the server's defaults.
func TestThePythonExampleTrainsAgainstTheServer(t *testing.T) {
	t.Parallel()
	python := testenv.MLflow(t, "3.18.0")
	script, err := os.ReadFile(filepath.Join("..", "..", "examples", "python", "train.py"))
	if err != nil {
		t.Fatal(err)
	}
	server := newShell(t).serve()
	cmd := python.Command(t.Context(), "-c", string(script))
	cmd.Dir = t.TempDir()
	cmd.Env = append(cmd.Env, "MLFLOW_TRACKING_URI="+server.url)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, server.stderr)
	}
	best := regexp.MustCompile(`best: run [0-9a-f]{32}, 20 epochs, classes setosa, versicolor, virginica`)
	if !best.Match(out) || strings.Count(string(out), "alpha-0.") < 3 {
		t.Errorf("the example printed\n%s", out)
	}
	if log := server.stderr.String(); strings.Contains(log, "status=5") || strings.Contains(log, "status=400") {
		t.Errorf("some requests failed:\n%s", log)
	}
}
