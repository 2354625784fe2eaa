package supervise_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/supervise"
)

// host is a supervisor with one plugin, and what it has logged.
type host struct {
	*supervise.Supervisor
	*supervise.Plugin
	log *log
	dir string
}

// newHost makes a host of a plugin that behaves in a way (play).
func newHost(t *testing.T, way string, shape ...func(*supervise.Options, *supervise.Program)) host {
	t.Helper()
	dir, err := os.MkdirTemp("", "h") //nolint:usetesting // a socket's path must be short
	check(t, err)
	h := host{log: &log{}, dir: dir}
	o := supervise.Options{TempDir: dir, Logger: slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	program := testProgram(t, way)
	for _, f := range shape {
		f(&o, &program)
	}
	h.Supervisor = supervise.New(o)
	h.Plugin = h.Supervisor.Plugin(program)
	t.Cleanup(func() {
		if err := h.Supervisor.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		left, err := os.ReadDir(dir)
		check(t, err)
		for _, entry := range left {
			t.Errorf("the host left %s behind", entry.Name())
		}
		check(t, os.RemoveAll(dir))
	})
	return h
}

func testProgram(t *testing.T, way string) supervise.Program {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	return supervise.Program{Name: "test", Path: self, Args: []string{"play", way, t.TempDir()}}
}

// open opens the store of a name.
func (h host) open(t *testing.T, name string) core.TrackingStore {
	t.Helper()
	b, err := h.Open(t.Context(), request(t, name))
	check(t, err)
	t.Cleanup(func() { _ = b.Close() })
	return b.Tracking
}

// pid is the process that runs.
func (h host) pid(t *testing.T) string {
	t.Helper()
	for _, s := range h.Status() {
		if s.PID != "" {
			return s.PID
		}
	}
	t.Fatal("no process of the plugin runs")
	return ""
}

func (h host) status() supervise.Status { return h.Status()[0] }

func request(t *testing.T, name string) core.OpenRequest {
	t.Helper()
	uri, err := core.ParseURI("example://" + name)
	check(t, err)
	return core.OpenRequest{URI: uri}
}

// knock asks a rigged store for a run of that name.
func knock(ctx context.Context, s core.TrackingStore, do fault.Verb, argument string) error {
	_, err := s.Run(ctx, core.RunID(fault.Word(do, argument)))
	return err
}

// works holds a store to answering.
func works(t *testing.T, s core.TrackingStore) {
	t.Helper()
	page, err := s.SearchExperiments(t.Context(), core.ExperimentQuery{})
	if err != nil {
		t.Fatalf("the store does not work: %v (it found %d experiments)", err, len(page.Items))
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError holds err to a reason and words of its text.
func wantError(t *testing.T, err error, reason core.Reason, words ...string) {
	t.Helper()
	if err == nil || core.ReasonOf(err) != reason {
		t.Fatalf("got error %v with reason %q, want reason %q", err, core.ReasonOf(err), reason)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
}

// within is the time a call takes, which must not be longer than limit.
func within(t *testing.T, limit time.Duration, f func()) {
	t.Helper()
	began := time.Now()
	f()
	if took := time.Since(began); took > limit {
		t.Errorf("it took %v, want at most %v", took, limit)
	}
}

// log is what a host logs.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func digestOf(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(content))
}
