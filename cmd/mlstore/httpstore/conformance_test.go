package httpstore_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/artifact"
	"github.com/mlstore/mlstore/conformance/registrystore"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
)

// stores reach the server at url through the http store: each handle is a client of its own, and known by where it is.
type stores[S core.Store] struct {
	pick  func(core.Backend) S
	url   string
	fresh func() string // the URI of a new one; nil is the server's

	mu sync.Mutex
	at map[any]string
}

func (s *stores[S]) placed(at string, store S) S {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		s.at = map[any]string{}
	}
	s.at[store] = at
	return store
}

func (s *stores[S]) place(of S) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at[of]
}

func (s *stores[S]) open(t conformance.T, uri string) S {
	t.Helper()
	return s.placed(uri, s.pick(open(t, uri, s.url)))
}

func (s *stores[S]) harness() conformance.Harness[S] {
	return conformance.Harness[S]{
		Open: func(t conformance.T) S {
			t.Helper()
			if s.fresh == nil {
				return s.open(t, s.url)
			}
			return s.open(t, s.fresh())
		},
		Second: func(t conformance.T, of S) S { t.Helper(); return s.open(t, s.place(of)) },
		Reopen: func(t conformance.T, old S) S {
			t.Helper()
			conformance.NoError(t, "Close", old.Close())
			return s.open(t, s.place(old))
		},
		ReadOnly: func(t conformance.T, of S) S { t.Helper(); return s.pick(openReadOnly(t, s.place(of), s.url)) },
		Faults: func(t conformance.T, of S) (S, conformance.Faults) {
			t.Helper()
			path := newPath(t, s.url)
			return s.pick(openOnce(t, strings.Replace(s.place(of), s.url, path.url, 1), path.url)), path
		},
	}
}

func trackingOf(b core.Backend) core.TrackingStore   { return b.Tracking }
func registryOf(b core.Backend) core.RegistryStore   { return b.Registry }
func filesOf(b core.Backend) core.ArtifactRepository { return b.Artifacts }

// level is the extended one over the reference store, and the core over the others, which have been held to more themselves.
func level(backend string) func(*conformance.Options) {
	return func(o *conformance.Options) {
		if backend == "mem" {
			o.Level = conformance.Extended
		}
	}
}

func TestTracking(t *testing.T) {
	t.Parallel()
	for name, at := range backends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, at(t))
			tracking.Test(t, (&stores[core.TrackingStore]{pick: trackingOf, url: url}).harness(), level(name))
		})
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	for name, at := range backends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, at(t))
			registrystore.Test(t, (&stores[core.RegistryStore]{pick: registryOf, url: url}).harness(), level(name))
		})
	}
}

func TestArtifacts(t *testing.T) {
	t.Parallel()
	var made atomic.Int64
	fresh := func() string { // the run's is the whole place, since the longest path counts from there
		if n := made.Add(1); n > 1 {
			return fmt.Sprintf("mlflow-artifacts:/root-%d", n)
		}
		return "mlflow-artifacts:/"
	}
	s := stores[core.ArtifactRepository]{pick: filesOf, url: serve(t, "mem:"), fresh: fresh}
	artifact.Test(t, s.harness(), level("mem"))
}
