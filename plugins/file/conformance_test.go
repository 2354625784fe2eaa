package file_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

// trackingHarness opens stores in folders of their own and remembers where.
func trackingHarness(o file.TrackingOptions) tracking.Harness {
	var folders sync.Map // from the store to its folder
	open := func(t conformance.T, dir string, o file.TrackingOptions) core.TrackingStore {
		s, err := file.NewTracking(dir, o)
		conformance.NoError(t, "NewTracking", err)
		folders.Store(s, dir)
		return s
	}
	at := func(t conformance.T, dir string) core.TrackingStore { return open(t, dir, o) }
	root := func(s core.TrackingStore) string {
		dir, _ := folders.Load(s)
		return dir.(string)
	}
	return tracking.Harness{
		Open: func(t conformance.T) core.TrackingStore { return at(t, filepath.Join(t.TempDir(), "mlruns")) },
		Second: func(t conformance.T, first core.TrackingStore) core.TrackingStore {
			return at(t, root(first))
		},
		Reopen: func(t conformance.T, old core.TrackingStore) core.TrackingStore {
			conformance.NoError(t, "Close", old.Close())
			return at(t, root(old))
		},
		ReadOnly: func(t conformance.T, first core.TrackingStore) core.TrackingStore {
			reader := o
			reader.ReadOnly = true
			return open(t, root(first), reader)
		},
		Faults: func(t conformance.T, first core.TrackingStore) (core.TrackingStore, conformance.Faults) {
			path := &fault.Path{}
			return path.Tracking(at(t, root(first))), path
		},
	}
}

//nolint:paralleltest // the suite counts the open files of the process
func TestTrackingConformance(t *testing.T) {
	tracking.Test(t, trackingHarness(file.TrackingOptions{}), func(o *conformance.Options) {
		o.Level, o.Timeout = conformance.Extended, 15*time.Minute // the race detector and a busy disk are slow together
	})
}

//nolint:paralleltest // as above
func TestRelaxedTrackingConformance(t *testing.T) {
	tracking.Test(t, trackingHarness(file.TrackingOptions{Durability: file.Relaxed}), func(o *conformance.Options) {
		o.Level, o.Timeout = conformance.Extended, 15*time.Minute
	})
}
