package http_test

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/artifact"
	"github.com/mlstore/mlstore/conformance/registrystore"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/http"
)

// releases are those of MLflow whose servers the suite is run against.
func releases() []string { return []string{"2.22.5", "3.18.0"} }

// levelVariable asks for every case of a level, as make mlflow-suite does: an MLflow server takes minutes for them.
const levelVariable = "MLSTORE_MLFLOW_SUITE"

// chosen is the core without the cases of many callers or of thousands of calls, which are reported as skipped, unless a level
// is asked for.
func chosen(t *testing.T) func(*conformance.Options) {
	t.Helper()
	asked := os.Getenv(levelVariable)
	level, err := conformance.ParseLevel(asked)
	if err != nil {
		t.Fatalf("%s: %v", levelVariable, err)
	}
	return func(o *conformance.Options) {
		o.Level, o.Timeout = level, 15*time.Minute
		if asked == "" {
			o.Skip = []string{"conc", "leak", "run/ids-unique", "*/pages-exactly-once", "*/history-pages", "search/order-ties"}
		}
	}
}

// stores open handles on a server, each a client of its own, and know where each is.
type stores[S core.Store] struct {
	pick  func(core.Backend) S
	url   string        // of the server
	fresh func() string // the URI of a new one

	mu sync.Mutex
	at map[any]string
}

func (s *stores[S]) open(t conformance.T, uri string, readOnly bool) S {
	t.Helper()
	store := s.pick(open(t, uri, s.url, readOnly))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		s.at = map[any]string{}
	}
	s.at[store] = uri
	return store
}

func (s *stores[S]) place(of S) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at[of]
}

func (s *stores[S]) harness() conformance.Harness[S] {
	return conformance.Harness[S]{
		Open:     func(t conformance.T) S { t.Helper(); return s.open(t, s.fresh(), false) },
		Second:   func(t conformance.T, of S) S { t.Helper(); return s.open(t, s.place(of), false) },
		ReadOnly: func(t conformance.T, of S) S { t.Helper(); return s.open(t, s.place(of), true) },
		Reopen: func(t conformance.T, old S) S {
			t.Helper()
			conformance.NoError(t, "Close", old.Close())
			return s.open(t, s.place(old), false)
		},
	}
}

// open opens what a URI names, with the settings of a test alone.
func open(t conformance.T, uri, url string, readOnly bool) core.Backend {
	t.Helper()
	u, err := core.ParseURI(uri)
	conformance.NoError(t, "ParseURI", err)
	at, err := core.ParseURI(url)
	conformance.NoError(t, "ParseURI", err)
	o := http.Opener{Getenv: func(string) string { return "" }}
	b, err := o.Open(t.Context(), core.OpenRequest{
		URI: u, Tracking: at, Registry: at, ReadOnly: readOnly,
		Options: map[string]string{"max_retries": "2", "backoff_factor": "0.01", "backoff_jitter": "0.01"},
	})
	conformance.NoError(t, "Open", err)
	return b
}

// everywhere runs a test at the server of each release.
func everywhere(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	for _, release := range releases() {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			test(t, testenv.ServeMLflow(t, release).URL)
		})
	}
}

func TestTrackingAtMLflow(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, url string) {
		t.Helper()
		s := stores[core.TrackingStore]{
			pick: func(b core.Backend) core.TrackingStore { return b.Tracking }, url: url, fresh: func() string { return url },
		}
		tracking.Test(t, s.harness(), chosen(t))
	})
}

func TestRegistryAtMLflow(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, url string) {
		t.Helper()
		s := stores[core.RegistryStore]{
			pick: func(b core.Backend) core.RegistryStore { return b.Registry }, url: url, fresh: func() string { return url },
		}
		registrystore.Test(t, s.harness(), chosen(t))
	})
}

func TestArtifactsAtMLflow(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, url string) {
		t.Helper()
		var made atomic.Int64
		s := stores[core.ArtifactRepository]{
			pick: func(b core.Backend) core.ArtifactRepository { return b.Artifacts }, url: url,
			fresh: func() string { return fmt.Sprintf("mlflow-artifacts:/root-%d", made.Add(1)) },
		}
		artifact.Test(t, s.harness(), chosen(t))
	})
}
