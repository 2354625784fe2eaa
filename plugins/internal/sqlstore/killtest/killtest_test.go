package killtest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/killtest"
)

// late is a store where something is committed before each reading of a history, as by the server of a program that was
// killed.
type late struct {
	core.TrackingStore

	commit func(reading int)
	count  int
}

func (l *late) MetricHistory(
	ctx context.Context, id core.RunID, key string, o core.HistoryOptions,
) (core.Page[core.Metric], error) {
	l.commit(l.count)
	l.count++
	return l.TrackingStore.MetricHistory(ctx, id, key, o)
}

// whole is a batch as killtest.Log logs them, of a step that is not divisible by 3.
func whole(step int64) core.Batch {
	return core.Batch{Metrics: []core.Metric{{Key: "first", Step: step}, {Key: "second", Step: step}}}
}

func TestCheckTellsLateCommitsFromLostOnes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		acknowledged []int64
		commit       func(reading int) (core.Batch, bool)
		want         string
	}{
		{"nothing comes", []int64{1, 2}, func(int) (core.Batch, bool) { return core.Batch{}, false }, ""},
		{"some come late", []int64{1, 2}, func(n int) (core.Batch, bool) { return whole(int64(4 + 3*n)), n < 5 }, ""},
		{"one is lost", []int64{1, 2, 5}, func(int) (core.Batch, bool) { return core.Batch{}, false }, "step 5 was acknowledged"},
		{
			"half of one comes late",
			[]int64{1, 2},
			func(n int) (core.Batch, bool) { return core.Batch{Metrics: whole(4).Metrics[:1]}, n == 1 }, "step 4 is there by half",
		},
		{"there is no end", []int64{1, 2}, func(n int) (core.Batch, bool) { return whole(int64(4 + 3*n)), true }, "still grows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := mem.NewTracking()
			r, err := s.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{})
			if err != nil {
				t.Fatal(err)
			}
			log := func(b core.Batch) {
				if err := s.LogBatch(t.Context(), r.ID, b); err != nil {
					t.Fatal(err)
				}
			}
			log(whole(1))
			log(whole(2))
			after := &late{TrackingStore: s, commit: func(reading int) {
				if b, comes := c.commit(reading); comes {
					log(b)
				}
			}}
			err = killtest.Check(t.Context(), after, r.ID, c.acknowledged)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("Check: %v, want %q", err, c.want)
			}
		})
	}
}
