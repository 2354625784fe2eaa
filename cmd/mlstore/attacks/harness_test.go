// Package attacks_test throws at a whole server what has gone through MLflow's over the years, and what may. Around the server
// lies a tree of files that nothing must read or change, and a listener that nothing must connect to.
package attacks_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/postgres"
	"github.com/mlstore/mlstore/registry"
	"github.com/mlstore/mlstore/server"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// target is a server with what it must not touch.
type target struct {
	t        testing.TB
	dir      string // of everything: the server's own folders and, beside them, outside
	outside  string
	canary   string // is in every file of outside, and must be in no answer and no log
	address  string
	evil     string // host and port of the listener
	hits     *atomic.Int64
	uri      core.URI // of the records
	resolver *registry.Resolver
	tracking core.TrackingStore // the server's, opened once more, to write into it what no call would
	before   map[string]string  // digests of the files outside
	log      *logged
}

// logged is a log in memory.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// backends are the stores of records that the tables are run on.
func backends() map[string]func(t testing.TB, dir string) string {
	return map[string]func(t testing.TB, dir string) string{
		"file": func(_ testing.TB, dir string) string { return filepath.Join(dir, "mlruns") },
		"sqlite": func(_ testing.TB, dir string) string {
			return "sqlite:///" + filepath.ToSlash(filepath.Join(dir, "mlflow.db"))
		},
		"postgres": func(t testing.TB, _ string) string {
			t.Helper()
			return testenv.Postgres(t)
		},
	}
}

// newResolver knows the stores that are linked in, and Postgres.
func newResolver(t testing.TB) *registry.Resolver {
	t.Helper()
	resolver, err := embedded.New(embedded.With("postgresql", registry.Rule{
		Opener: &postgres.Opener{}, Kinds: []registry.Kind{registry.Tracking, registry.Registry},
	}))
	must(t, err)
	return resolver
}

// newTarget starts a server on stores of the kind. When all is done, nothing outside has changed, and nobody has connected.
func newTarget(t testing.TB, backend string, change func(*server.Config)) *target {
	t.Helper()
	dir := t.TempDir()
	return newTargetAt(t, dir, backends()[backend](t, dir), change)
}

// newTargetAt starts a server whose folders are below dir, on the stores at a URI.
func newTargetAt(t testing.TB, dir, records string, change func(*server.Config)) *target {
	t.Helper()
	g := &target{t: t, dir: dir, canary: "CANARY-" + rand.Text(), hits: new(atomic.Int64), log: &logged{}}
	g.outside = filepath.Join(g.dir, "outside")
	must(t, os.MkdirAll(filepath.Join(g.outside, "etc"), 0o700))
	if _, err := os.Lstat(filepath.Join(g.dir, "artifacts")); err != nil {
		must(t, os.MkdirAll(filepath.Join(g.dir, "artifacts"), 0o700))
	}
	for _, name := range []string{"canary", "etc/passwd", "etc/x"} {
		must(t, os.WriteFile(filepath.Join(g.outside, name), []byte(g.canary), 0o600))
	}
	g.before = digests(t, g.outside)
	g.listen()
	var err error
	g.resolver = newResolver(t)
	g.uri, err = core.ParseURI(records)
	must(t, err)
	c := server.Config{
		Resolver: g.resolver, Tracking: g.uri, ArtifactsDestination: filepath.Join(g.dir, "artifacts"),
		Log: slog.New(slog.NewTextHandler(g.log, nil)),
	}
	if change != nil {
		change(&c)
	}
	s, err := server.New(t.Context(), c)
	must(t, err)
	g.tracking, err = g.resolver.Tracking(t.Context(), g.uri, registry.Settings{})
	must(t, err)
	web := httptest.NewServer(s.Handler())
	g.address = web.Listener.Addr().String()
	t.Cleanup(func() {
		web.Close()
		must(t, g.tracking.Close())
		must(t, s.Close())
		must(t, g.resolver.Close())
		g.judge()
	})
	return g
}

// listen counts who connects.
func (g *target) listen() {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	must(g.t, err)
	g.evil = listener.Addr().String()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			g.hits.Add(1)
			_ = conn.Close()
		}
	}()
	g.t.Cleanup(func() {
		_ = listener.Close()
		<-ended
		if n := g.hits.Load(); n > 0 {
			g.t.Errorf("the server was made to connect %d times", n)
		}
	})
}

// judge looks at what must be untouched.
func (g *target) judge() {
	g.t.Helper()
	if diff := cmp.Diff(g.before, digests(g.t, g.outside)); diff != "" {
		g.t.Errorf("files outside of the server's folders changed: %s", diff)
	}
	if strings.Contains(g.log.text.String(), g.canary) {
		g.t.Error("the log has bytes of a file outside")
	}
}

func digests(t testing.TB, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		sum := sha256.Sum256(text)
		found[path] = hex.EncodeToString(sum[:])
		return err
	}))
	return found
}

// answer is what the server says.
type answer struct {
	status int
	header http.Header
	body   string
}

// code is the error_code of an answer.
func (a answer) code() string {
	var e struct {
		Code string `json:"error_code"`
	}
	_ = json.Unmarshal([]byte(a.body), &e)
	return e.Code
}

// send writes a request as it is given, byte by byte, on a connection of its own.
func (g *target) send(method, target, body string, head ...string) answer {
	g.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", method, target)
	fields := append([]string{"Connection: close"}, head...)
	if !strings.Contains(strings.Join(head, "\n"), "Host:") {
		fields = append(fields, "Host: "+g.address)
	}
	if body != "" || method == http.MethodPost || method == http.MethodPut {
		fields = append(fields, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	for _, field := range fields {
		if field != "Host:" {
			b.WriteString(field + "\r\n")
		}
	}
	return g.raw(b.String() + "\r\n" + body)
}

// raw writes text to a connection and reads the answer.
func (g *target) raw(text string) answer {
	g.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(g.t.Context(), "tcp", g.address)
	must(g.t, err)
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, text) }() // the server may close before it has read everything
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return answer{} // closed without an answer
	}
	defer r.Body.Close()
	said, _ := io.ReadAll(r.Body)
	a := answer{r.StatusCode, r.Header, string(said)}
	if strings.Contains(a.body, g.canary) {
		g.t.Errorf("%.200q answers with bytes of a file outside", text)
	}
	return a
}

const jsonBody = "Content-Type: application/json"

// call sends JSON.
func (g *target) call(method, path string, fields map[string]any) answer {
	g.t.Helper()
	body, err := json.Marshal(fields)
	must(g.t, err)
	return g.send(method, path, string(body), jsonBody)
}

// runIn makes an experiment and a run in it.
func (g *target) runIn(name string) (experiment, run string) {
	g.t.Helper()
	var e struct {
		ID string `json:"experiment_id"`
	}
	a := g.call("POST", "/api/2.0/mlflow/experiments/create", map[string]any{"name": name})
	must(g.t, json.Unmarshal([]byte(a.body), &e))
	var r struct {
		Run struct {
			Info struct {
				ID string `json:"run_id"`
			} `json:"info"`
		} `json:"run"`
	}
	a = g.call("POST", "/api/2.0/mlflow/runs/create", map[string]any{"experiment_id": e.ID})
	must(g.t, json.Unmarshal([]byte(a.body), &r))
	if e.ID == "" || r.Run.Info.ID == "" {
		g.t.Fatalf("no run: %+v", a)
	}
	return e.ID, r.Run.Info.ID
}

// query escapes a value of a query.
func itoa(n int) string { return strconv.Itoa(n) }

func query(value string) string { return url.QueryEscape(value) }

// escaped escapes every byte of a path but letters, digits and slashes.
func escaped(path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '/' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
