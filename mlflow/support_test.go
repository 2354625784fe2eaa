package mlflow

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/registry"
)

// variables is an Environment of its own.
type variables struct {
	mu     sync.Mutex
	values map[string]string
}

func environment(values map[string]string) *variables {
	v := &variables{values: map[string]string{"USER": "ada"}}
	maps.Copy(v.values, values)
	return v
}

func (v *variables) LookupEnv(name string) (string, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	value, found := v.values[name]
	return value, found
}

func (v *variables) Setenv(name, value string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.values[name] = value
	return nil
}

func (v *variables) Unsetenv(name string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.values, name)
	return nil
}

// inMemory is a resolver of stores in memory, `mem://name`, each passed through wrap when there is one.
func inMemory(t *testing.T, wrap func(core.Backend) core.Backend) *registry.Resolver {
	t.Helper()
	opener := mem.NewOpener()
	r := registry.New(nil)
	err := r.Handle("mem", registry.Rule{
		Opener: core.OpenerFunc(func(ctx context.Context, request core.OpenRequest) (core.Backend, error) {
			backend, err := opener.Open(ctx, request)
			if err == nil && wrap != nil {
				backend = wrap(backend)
			}
			return backend, err
		}),
		Kinds: []registry.Kind{registry.Tracking, registry.Artifacts, registry.Registry}, Empty: true,
	})
	must(t, err)
	return r
}

// newClient is a client of a store in memory with the environment given.
func newClient(t *testing.T, values map[string]string) *Client {
	t.Helper()
	return clientOf(t, inMemory(t, nil), values)
}

func clientOf(t *testing.T, r *registry.Resolver, values map[string]string) *Client {
	t.Helper()
	c, err := NewClient(t.Context(), Options{
		TrackingURI: "mem://main", Resolver: r, Env: environment(values), Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	must(t, err)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return c
}

// aSession is a session on stores in memory.
func aSession(t *testing.T, values map[string]string) *session {
	t.Helper()
	env := environment(map[string]string{registry.TrackingVariable: "mem://main"})
	maps.Copy(env.values, values)
	s := newSession(env)
	s.resolver = inMemory(t, nil)
	s.setSignals(false)
	return s
}

// start starts a run that must start.
func start(t *testing.T, c *Client, o RunOptions) *Run {
	t.Helper()
	run, err := c.StartRun(t.Context(), o)
	must(t, err)
	return run
}

// stored is the run as the store has it.
func stored(t *testing.T, c *Client, id core.RunID) core.Run {
	t.Helper()
	run, err := c.GetRun(t.Context(), id)
	must(t, err)
	return run
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
