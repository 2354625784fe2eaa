package registry_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/registry"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantIs(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("got error %v, want one that is %v", err, target)
	}
}

// wantText fails unless the error holds every part.
func wantText(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
}

func uri(t testing.TB, text string) core.URI {
	t.Helper()
	u, err := core.ParseURI(text)
	check(t, err)
	return u
}

// counting counts what is open of an opener.
type counting struct {
	core.Opener
	opened, closed atomic.Int64
}

func (c *counting) Open(ctx context.Context, request core.OpenRequest) (core.Backend, error) {
	b, err := c.Opener.Open(ctx, request)
	if err == nil {
		c.opened.Add(1)
		b.Artifacts = counted{b.Artifacts, c}
	}
	return b, err
}

type counted struct {
	core.ArtifactRepository
	by *counting
}

func (c counted) Close() error {
	c.by.closed.Add(1)
	return c.ArtifactRepository.Close()
}

// mountMem lets all paths of one name share a store, `mem:` included.
func mountMem(u core.URI) (core.URI, string, error) {
	if u.Host() != "" {
		return registry.ByAuthority(u)
	}
	instance, err := core.ParseURI("mem:")
	return instance, strings.Trim(u.Path(), "/"), err
}

func memRule(opener core.Opener) registry.Rule {
	return registry.Rule{
		Opener: opener, Kinds: []registry.Kind{registry.Tracking, registry.Artifacts, registry.Registry, registry.Projects},
		Mount: mountMem, Empty: true, Form: "mem: or mem://name", About: "stores in memory", Origin: registry.LinkedIn,
	}
}

// newResolver makes a resolver that serves mem.
func newResolver(t testing.TB) (*registry.Resolver, *counting) {
	t.Helper()
	opener := &counting{Opener: mem.NewOpener()}
	r := registry.New(nil)
	check(t, r.Handle("mem", memRule(opener)))
	return r, opener
}

func put(t testing.TB, r core.ArtifactRepository, path, text string) {
	t.Helper()
	_, err := r.Put(t.Context(), path, strings.NewReader(text), core.PutOptions{})
	check(t, err)
}

func get(t testing.TB, r core.ArtifactRepository, path string) string {
	t.Helper()
	body, err := r.Open(t.Context(), path, core.ReadOptions{})
	check(t, err)
	text, err := io.ReadAll(body)
	check(t, errors.Join(err, body.Close()))
	return string(text)
}
