package tracking_test

import (
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// reference is the harness of the reference store.
func reference() tracking.Harness {
	again := func(_ conformance.T, s core.TrackingStore) core.TrackingStore { return s.(*mem.Tracking).Reopen() }
	return tracking.Harness{
		Open:   func(conformance.T) core.TrackingStore { return mem.NewTracking() },
		Second: again,
		Reopen: func(t conformance.T, s core.TrackingStore) core.TrackingStore {
			conformance.NoError(t, "Close", s.Close())
			return again(t, s)
		},
	}
}

func TestMem(t *testing.T) {
	t.Parallel()
	tracking.Test(t, reference(), func(o *conformance.Options) { o.Level, o.ForbidSkip = conformance.Extended, true })
}
