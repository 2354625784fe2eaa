package tracking

import (
	"context"
	"fmt"
	"slices"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func samplingCases() []entry {
	return []entry{
		{
			ID: "TS-206", Name: "history/bulk", Level: conformance.Extended, Needs: []core.Capability{"bulk_history"}, Run: bulkHistory,
			Rule: "The histories of many runs come in one call, by run, time, step and value, cut at the limit.",
		},
		{
			ID: "TS-207", Name: "history/sampled", Level: conformance.Extended, Needs: []core.Capability{"sampled_history"},
			Run:  sampledHistory,
			Rule: "A sampled history has the first point of each of so many equal groups, and the very last point.",
		},
	}
}

const nobodysRun core.RunID = "0123456789abcdef0123456789abcdef"

func bulkHistory(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	runs := []core.RunID{
		newRun(t, e, x.ID, core.RunSpec{}).ID, newRun(t, e, x.ID, core.RunSpec{}).ID,
		newRun(t, e, x.ID, core.RunSpec{}).ID,
	}
	slices.Sort(runs)
	var want []core.RunMetric
	for i, id := range runs[:2] {
		points := []core.Metric{
			{Key: "m", Value: 5, Timestamp: 1, Step: 9},
			{Key: "m", Value: float64(i), Timestamp: 2, Step: 1},
			{Key: "m", Value: 7, Timestamp: 2, Step: 2},
		}
		logMetrics(t, e, id, points[2], points[0], points[1], point("other", 1, 1))
		for _, p := range points {
			want = append(want, core.RunMetric{RunID: id, Metric: p})
		}
	}
	for _, limit := range []int{0, 1, 4, 6} {
		expect := want
		if limit > 0 {
			expect = want[:limit]
		}
		e.Observe(t, func(ctx context.Context, s store) error {
			bulk, _ := core.As[core.BulkHistory](s)
			got, err := bulk.MetricHistories(ctx, core.HistoriesQuery{
				Runs: []core.RunID{runs[2], runs[1], nobodysRun, runs[0]},
				Key:  "m", Limit: limit,
			})
			return differs(fmt.Sprintf("MetricHistories, limit %d", limit), got, expect, err)
		})
	}
	bulk, _ := core.As[core.BulkHistory](e.Store)
	tooMany := make([]core.RunID, e.Limits.HistoryRuns+1)
	for i := range tooMany {
		tooMany[i] = nobodysRun
	}
	for _, bad := range []core.HistoriesQuery{
		{Key: "m"},
		{Runs: runs},
		{Runs: runs, Key: "m", Limit: -1},
		{Runs: runs, Key: "m", Limit: e.Limits.HistoryPage.Max + 1},
		{Runs: tooMany, Key: "m"},
	} {
		_, err := bulk.MetricHistories(t.Context(), bad)
		conformance.Refused(t, fmt.Sprintf("MetricHistories of %d runs, key %q, limit %d", len(bad.Runs), bad.Key, bad.Limit), err,
			core.ErrInvalid)
	}
}

func sampledHistory(t check, e *env) {
	r := newRunAlone(t, e)
	const n = 100
	all := logMany(t, e, r.ID, "m", n)
	other := newRun(t, e, r.ExperimentID, core.RunSpec{})
	few := logMany(t, e, other.ID, "m", 3)
	pick := func(id core.RunID, from []core.Metric, at ...int) (picked []core.RunMetric) {
		for _, i := range at {
			picked = append(picked, core.RunMetric{RunID: id, Metric: from[i]})
		}
		return picked
	}
	for name, sample := range map[string]struct {
		query core.SampleQuery
		want  []core.RunMetric
	}{
		"one point":         {core.SampleQuery{Runs: []core.RunID{r.ID}, Limit: 1}, pick(r.ID, all, 99)},
		"four of a hundred": {core.SampleQuery{Runs: []core.RunID{r.ID}, Limit: 4}, pick(r.ID, all, 0, 25, 50, 99)},
		"three, uneven":     {core.SampleQuery{Runs: []core.RunID{r.ID}, Limit: 3}, pick(r.ID, all, 0, 34, 99)},
		"a range": {
			core.SampleQuery{Runs: []core.RunID{r.ID}, Limit: 5, Start: ptr(int64(10)), End: ptr(int64(13))},
			pick(r.ID, all, 10, 11, 12, 13),
		},
		"in order of runs": {
			core.SampleQuery{Runs: []core.RunID{other.ID, nobodysRun, r.ID}, Limit: 2},
			slices.Concat(pick(other.ID, few, 0, 2), pick(r.ID, all, 0, 99)),
		},
		"all": {core.SampleQuery{Runs: []core.RunID{other.ID}}, pick(other.ID, few, 0, 1, 2)},
	} {
		sample.query.Key = "m"
		e.Observe(t, func(ctx context.Context, s store) error {
			sampled, _ := core.As[core.SampledHistory](s)
			got, err := sampled.SampleHistory(ctx, sample.query)
			return differs("SampleHistory, "+name, got, sample.want, err)
		})
	}
	sampled, _ := core.As[core.SampledHistory](e.Store)
	for name, bad := range map[string]core.SampleQuery{
		"no runs": {Key: "m"}, "no key": {Runs: []core.RunID{r.ID}},
		"half a range":      {Runs: []core.RunID{r.ID}, Key: "m", Start: ptr(int64(1))},
		"a range backwards": {Runs: []core.RunID{r.ID}, Key: "m", Start: ptr(int64(2)), End: ptr(int64(1))},
		"a negative limit":  {Runs: []core.RunID{r.ID}, Key: "m", Limit: -1},
		"too many points":   {Runs: []core.RunID{r.ID}, Key: "m", Limit: e.Limits.SampledHistory.Max + 1},
	} {
		_, err := sampled.SampleHistory(t.Context(), bad)
		conformance.Refused(t, "SampleHistory, "+name, err, core.ErrInvalid)
	}
}
