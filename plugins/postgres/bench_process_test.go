package postgres_test

import (
	"context"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/postgres"
	"github.com/mlstore/mlstore/sdk/sdktest"
)

// BenchmarkProcessBesideLinked logs metrics by 16 callers through a process of the plugin, beside the same store linked in.
func BenchmarkProcessBesideLinked(b *testing.B) {
	l := newLab(b)
	h, err := sdktest.NewHost(postgres.Plugin())
	must(b, err)
	b.Cleanup(func() { must(b, h.Close()) })
	through, err := openWith(h, l.uri)
	must(b, err)
	b.Cleanup(func() { must(b, through.Close()) })
	const callers = 16
	var far, near [callers]core.RunID
	for i := range callers {
		far[i], near[i] = core.RunID(l.run(b)), core.RunID(l.run(b))
	}
	log := func(ctx context.Context, s core.TrackingStore, run core.RunID, call int) error {
		return s.LogBatch(ctx, run, core.Batch{Metrics: []core.Metric{
			{Key: "loss", Value: float64(call), Timestamp: core.Millis(call), Step: int64(call)},
		}})
	}
	beside(b, callers, func(ctx context.Context, caller, call int) error { return log(ctx, through, far[caller], call) },
		func(ctx context.Context, caller, call int) error { return log(ctx, l.store, near[caller], call) })
}
