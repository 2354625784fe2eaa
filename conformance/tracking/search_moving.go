package tracking

import (
	"context"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func movingPageCases() []entry {
	keyset := []core.Capability{core.PagesKeyset}
	return []entry{
		{
			ID: "TS-158", Name: "search/stable-while-inserting", Needs: keyset, Run: walkWhileInserting,
			Rule: "A walk shows every run that was there when it began exactly once, while new ones come (D-10).",
			Why:  "With offsets instead of positions every new run shifts the window: MLflow's own stores repeat runs.",
		},
		{
			ID: "TS-159", Name: "search/stable-while-deleting", Needs: keyset, Run: walkWhileDeleting,
			Rule: "Deleting runs that a walk has shown already hides no other run from it (D-10).",
		},
		{
			ID: "TS-160", Name: "search/stable-while-reranking", Level: conformance.Extended, Needs: keyset, Run: walkWhileReranking,
			Rule: "While some runs move in the order, the others appear exactly once, and the moving ones at most twice.",
		},
	}
}

// walk pages through a search, calls between after every page, and counts how often each run came.
func walk(t check, e *env, q core.RunQuery, between func(page []core.Run)) map[core.RunID]int {
	t.Helper()
	seen := map[core.RunID]int{}
	for {
		var page core.Page[core.Run]
		e.Observe(t, func(ctx context.Context, s store) (err error) {
			page, err = s.SearchRuns(ctx, q)
			return err
		})
		for _, r := range page.Items {
			seen[r.ID]++
		}
		if q.Token = page.Next; q.Token == "" {
			return seen
		}
		between(page.Items)
	}
}

// startRuns creates n runs that start one after the other.
func startRuns(t check, e *env, n int) (core.ExperimentID, []core.Run) {
	t.Helper()
	x := newExperiment(t, e, core.ExperimentSpec{})
	var runs []core.Run
	for i := range n {
		runs = append(runs, newRun(t, e, x.ID, core.RunSpec{StartTime: core.Millis(100 + i)}))
	}
	return x.ID, runs
}

func wantOnce(t check, seen map[core.RunID]int, runs []core.Run) {
	t.Helper()
	for i, r := range runs {
		if seen[r.ID] != 1 {
			t.Errorf("run %d of %d: got it %d times, want once", i, len(runs), seen[r.ID])
		}
	}
}

func walkWhileInserting(t check, e *env) {
	for _, order := range [][]string{nil, {"start_time ASC"}, {"run_id"}} {
		in, runs := startRuns(t, e, 20)
		q := core.RunQuery{Experiments: []core.ExperimentID{in}, OrderBy: order, PageOptions: core.PageOptions{Limit: 3}}
		rounds := 0
		seen := walk(t, e, q, func([]core.Run) {
			if rounds++; rounds > 50 { // a walk upwards meets the new ones: it must end all the same
				return
			}
			newRun(t, e, in, core.RunSpec{StartTime: 1000})
			newRun(t, e, in, core.RunSpec{StartTime: 1})
		})
		wantOnce(t, seen, runs)
	}
}

func walkWhileDeleting(t check, e *env) {
	for _, limit := range []int{1, 3} {
		in, runs := startRuns(t, e, 20)
		q := core.RunQuery{Experiments: []core.ExperimentID{in}, PageOptions: core.PageOptions{Limit: limit}}
		seen := walk(t, e, q, func(page []core.Run) {
			if len(page) > 0 {
				changeRun(t, e, page[len(page)-1].ID, core.RunChange{Lifecycle: core.Deleted})
			}
		})
		wantOnce(t, seen, runs)
	}
}

func walkWhileReranking(t check, e *env) {
	in, runs := startRuns(t, e, 20)
	for i, r := range runs {
		logMetrics(t, e, r.ID, point("m", float64(i), 0))
	}
	q := core.RunQuery{
		Experiments: []core.ExperimentID{in}, OrderBy: []string{"metrics.m DESC"},
		PageOptions: core.PageOptions{Limit: 3},
	}
	step := int64(0)
	seen := walk(t, e, q, func([]core.Run) {
		step++
		value := -100.0 // from the front to the back, once
		if step > 1 {
			value = 100
		}
		logMetrics(t, e, runs[19].ID, point("m", value, step))
	})
	wantOnce(t, seen, runs[:19])
	if n := seen[runs[19].ID]; n > 2 {
		t.Errorf("the run that moved: got it %d times, want at most twice", n)
	}
}
