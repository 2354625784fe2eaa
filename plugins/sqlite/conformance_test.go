package sqlite_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/sqlite"
)

// open opens the database at the path.
func open(t conformance.T, path, query string) core.Backend {
	t.Helper()
	uri, err := core.ParseURI("sqlite:///" + path + query)
	conformance.NoError(t, "ParseURI", err)
	b, err := sqlite.Opener{}.Open(t.Context(), core.OpenRequest{
		URI: uri, Options: map[string]string{"artifact_root": filepath.Join(filepath.Dir(path), "artifacts")},
	})
	conformance.NoError(t, "Open", err)
	return b
}

// trackingHarness opens stores in files of their own and remembers where.
func trackingHarness(query string) tracking.Harness {
	var files sync.Map // from the store to its file
	at := func(t conformance.T, path string) core.TrackingStore {
		b := open(t, path, query)
		conformance.NoError(t, "Close of the registry", b.Registry.Close())
		files.Store(b.Tracking, path)
		return b.Tracking
	}
	file := func(s core.TrackingStore) string {
		path, _ := files.Load(s)
		return path.(string)
	}
	return tracking.Harness{
		Open:   func(t conformance.T) core.TrackingStore { return at(t, filepath.Join(t.TempDir(), "mlflow.db")) },
		Second: func(t conformance.T, first core.TrackingStore) core.TrackingStore { return at(t, file(first)) },
		Reopen: func(t conformance.T, old core.TrackingStore) core.TrackingStore {
			conformance.NoError(t, "Close", old.Close())
			return at(t, file(old))
		},
	}
}

//nolint:paralleltest // the suite counts the open files of the process
func TestTrackingConformance(t *testing.T) {
	tracking.Test(t, trackingHarness(""), func(o *conformance.Options) {
		o.Level, o.Timeout = conformance.Extended, 15*time.Minute
	})
}
