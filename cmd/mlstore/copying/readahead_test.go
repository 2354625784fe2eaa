package copying_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/mlstore/mlstore/cmd/mlstore/copying"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/mem"
)

// counting counts the calls that read histories.
type counting struct {
	*mem.Tracking

	single, bulk atomic.Int64
}

func (c *counting) MetricHistory(
	ctx context.Context, id core.RunID, key string, o core.HistoryOptions,
) (core.Page[core.Metric], error) {
	c.single.Add(1)
	return c.Tracking.MetricHistory(ctx, id, key, o)
}

func (c *counting) MetricHistories(ctx context.Context, q core.HistoriesQuery) ([]core.RunMetric, error) {
	c.bulk.Add(1)
	return c.Tracking.MetricHistories(ctx, q)
}

// Many runs with short histories, and one with a long one, which comes in the middle of them.
func TestShortHistoriesAreReadTogether(t *testing.T) {
	t.Parallel()
	const runs, keys, long = 70, 3, 12_000
	source := &counting{Tracking: mem.NewTracking()}
	info, err := source.Describe(t.Context())
	must(t, err)
	for i := range runs {
		r, err := source.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{StartTime: at})
		must(t, err)
		points := 5
		if i == runs/2 {
			points = long
		}
		var batch core.Batch
		for k := range keys {
			for step := range points {
				batch.Metrics = append(batch.Metrics, core.Metric{Key: fmt.Sprint("m", k), Step: int64(step), Timestamp: at, Value: float64(i)})
			}
		}
		must(t, client.LogBatch(t.Context(), source, r.ID, batch, info.Limits))
	}
	target := &counting{Tracking: mem.NewTracking()}
	report, err := copying.Copy(t.Context(), copying.End{Tracking: source}, copying.End{Tracking: target}, copying.Options{})
	must(t, err)
	if want := int64(keys * (5*(runs-1) + long)); report.Written.Points != want || !report.Verified {
		t.Errorf("%d points were written, verified %t; want %d", report.Written.Points, report.Verified, want)
	}
	// Twice, of 3 groups of runs: the one with the long history leaves some runs out, which are read one by one.
	if n := source.bulk.Load(); n != 2*3*keys {
		t.Errorf("%d calls read histories of several runs of the source, want %d", n, 2*3*keys)
	}
	if n := source.single.Load(); n < 2*keys || n > 2*32*keys {
		t.Errorf("%d calls read one history of the source, want those of the long one and of less than a group", n)
	}
	if n := target.bulk.Load(); n == 0 {
		t.Error("no call read histories of several runs of the target")
	}
}
