package tracking

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// performanceCases compare a store with itself: what is budgeted is a ratio, since machines differ.
func performanceCases() []entry {
	calls := []conformance.Hook{conformance.CallsHook}
	return []entry{
		{
			ID: "TS-202", Name: "perf/batch-beats-singles", Level: conformance.Performance, Alone: true, Run: batchCost,
			Rule: "A batch of 1000 points costs a twentieth of as many calls, or, where a call costs next to nothing, no more than they.",
		},
		{
			ID: "TS-203", Name: "perf/deep-page-cost", Level: conformance.Performance, Alone: true, Run: deepPageCost,
			Rule: "The 50th page costs at most three times as much as the first.",
			Why:  "A store that pages by offset reads and drops all that comes before.",
		},
		{
			ID: "TS-204", Name: "perf/no-n-plus-1", Level: conformance.Performance, Alone: true, Hooks: calls, Run: callsOfPage,
			Rule: "A page takes as many requests for a hundred runs as for ten.",
		},
		{
			ID: "TS-205", Name: "perf/history-memory", Level: conformance.Performance, Alone: true, Run: historyMemory,
			Rule: "Walking a history of 200,000 points page by page leaves at most 16 MiB more in the caller's memory.",
		},
	}
}

// median is how long f takes at least every other time.
func median(t check, times int, f func(i int) error) time.Duration {
	t.Helper()
	took := make([]time.Duration, times)
	for i := range took {
		began := time.Now()
		conformance.NoError(t, "the call that is timed", f(i))
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[times/2]
}

func batchCost(t check, e *env) {
	const n, times, nothing = 1000, 5, 50 * time.Microsecond // for a call
	x := newExperiment(t, e, core.ExperimentSpec{})
	run := func() core.RunID { return newRun(t, e, x.ID, core.RunSpec{StartTime: 1}).ID }
	if most := e.Limits.BatchMetrics; most > 0 && most < n {
		t.Skipf("the store takes at most %d points in a batch", most)
	}
	batched := median(t, times, func(int) error {
		var b core.Batch
		for i := range n {
			b.Metrics = append(b.Metrics, point("m", float64(i), int64(i)))
		}
		return e.Store.LogBatch(t.Context(), run(), b)
	})
	single := run()
	began := time.Now()
	for i := range n {
		err := e.Store.LogBatch(t.Context(), single, metrics(point("m", float64(i), int64(i))))
		conformance.NoError(t, "LogBatch of one point", err)
	}
	singles := time.Since(began)
	t.Logf("one batch of %d points %v, one by one %v: %.1f times", n, batched, singles, float64(singles)/float64(batched))
	share := 20
	if singles < n*nothing {
		share = 1
	}
	if batched > singles/time.Duration(share) {
		t.Errorf("a batch of %d points took %v, one by one they took %v: want at most a part in %d", n, batched, singles, share)
	}
}

func deepPageCost(t check, e *env) {
	const pages, limit = 51, 20
	x := newExperiment(t, e, core.ExperimentSpec{})
	for i := range pages * limit {
		newRun(t, e, x.ID, core.RunSpec{StartTime: core.Millis(i), Tags: map[string]string{"i": strconv.Itoa(i)}})
	}
	q := core.RunQuery{Experiments: []core.ExperimentID{x.ID}, PageOptions: core.PageOptions{Limit: limit}}
	cost := func() time.Duration {
		return median(t, 15, func(int) error { _, err := e.Store.SearchRuns(t.Context(), q); return err })
	}
	first := cost()
	for range pages - 2 {
		page, err := e.Store.SearchRuns(t.Context(), q)
		conformance.NoError(t, "SearchRuns", err)
		q.Token = page.Next
	}
	last := cost()
	t.Logf("the first page %v, page %d %v", first, pages-1, last)
	if last > 3*first {
		t.Errorf("page %d took %v, the first %v: want at most three times as much", pages-1, last, first)
	}
}

func callsOfPage(t check, e *env) {
	const few, many = 10, 100
	x := newExperiment(t, e, core.ExperimentSpec{})
	for i := range many {
		r := newRun(t, e, x.ID, core.RunSpec{StartTime: core.Millis(i)})
		logBatch(t, e, r.ID, core.Batch{Metrics: []core.Metric{point("m", 1, 1)}, Params: []core.Param{{Key: "p", Value: "v"}}})
	}
	cost := func(limit int) int64 {
		q := core.RunQuery{Experiments: []core.ExperimentID{x.ID}, PageOptions: core.PageOptions{Limit: limit}}
		before := e.Calls(e.Store)
		page, err := e.Store.SearchRuns(t.Context(), q)
		conformance.NoError(t, "SearchRuns", err)
		conformance.Equal(t, "runs", len(page.Items), limit)
		return e.Calls(e.Store) - before
	}
	cost(few) // what is read once is read now
	if a, b := cost(few), cost(many); b > a || a == 0 {
		t.Errorf("a page of %d runs took %d requests, one of %d took %d: want some, and as many", few, a, many, b)
	}
}

func historyMemory(t check, e *env) {
	const points, batch, most = 200_000, 1000, 16 << 20
	r := newRunAlone(t, e)
	for from := 0; from < points; from += batch {
		var b core.Batch
		for i := range batch {
			b.Metrics = append(b.Metrics, point("m", float64(from+i), int64(from+i)))
		}
		logBatch(t, e, r.ID, b)
	}
	_, err := e.Store.MetricHistory(t.Context(), r.ID, "m", core.HistoryOptions{}) // what is read once is read now
	conformance.NoError(t, "MetricHistory", err)
	before, worst, n := liveHeap(), uint64(0), 0
	fetch := func(ctx context.Context, o core.PageOptions) (core.Page[core.Metric], error) {
		return e.Store.MetricHistory(ctx, r.ID, "m", core.HistoryOptions{PageOptions: o})
	}
	for m, err := range core.All(t.Context(), fetch, core.PageOptions{Limit: min(5000, e.Limits.HistoryPage.Max)}) {
		conformance.NoError(t, "MetricHistory", err)
		if m.Step != int64(n) {
			t.Fatalf("point %d has the step %d", n, m.Step)
		}
		if n++; n%50_000 == 0 {
			worst = max(worst, liveHeap())
		}
	}
	conformance.Equal(t, "points", n, points)
	if grown := int64(worst) - int64(before); grown > most {
		t.Errorf("the heap grew by %s while %d points were walked, want at most %s", mib(grown), points, mib(most))
	}
}

// liveHeap is how many bytes are in use, without what may be collected.
func liveHeap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func mib(n int64) string { return fmt.Sprintf("%d MiB", n>>20) }
