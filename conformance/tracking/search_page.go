package tracking

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func pageCases() []entry {
	return []entry{
		{
			ID: "TS-152", Name: "search/limit-bounds-and-default", Run: limitRunPage,
			Rule: "A page may be as long as announced; negative or larger is ErrInvalid; 0 is the default (D-21).",
		},
		{
			ID: "TS-153", Name: "search/pages-exactly-once", Run: pageRuns,
			Rule: "Pages of any length show every match once, in the order of one large page.",
		},
		{
			ID: "TS-154", Name: "search/last-page-exact", Run: endRunPages,
			Rule: "The last page has no token, even when it is exactly full.",
		},
		{
			ID: "TS-155", Name: "search/token-garbage", Run: refuseRunTokens,
			Rule: "A token that the store did not make is ErrInvalid; it never means the first page.",
		},
		{
			ID: "TS-156", Name: "search/token-of-other-query", Needs: []core.Capability{core.PagesKeyset}, Run: refuseForeignRunToken,
			Rule: "A token continues its own query alone; with another filter, order, view or experiment it is ErrInvalid.",
		},
		{
			ID: "TS-157", Name: "search/token-survives-reopen", Level: conformance.Extended, Needs: []core.Capability{core.PagesKeyset},
			Run:  tokenAfterReopen,
			Rule: "A token works after the store was closed and opened anew (D-10).",
		},
		{
			ID: "TS-161", Name: "search/beyond-one-internal-page", Level: conformance.Extended, Run: manyRuns,
			Rule: "2501 runs are found once each, in order, whatever a store's own page is.",
		},
		{
			ID: "TS-162", Name: "search/fat-runs", Level: conformance.Extended, Run: fatRuns,
			Rule: "Runs with much data are found whole, and the walk is complete.",
		},
		{
			ID: "TS-163", Name: "search/results-are-copies", Run: resultsAreCopies,
			Rule: "What a store returns and what it was given are the caller's: changing them changes nothing in the store.",
			Why:  "A store that shares a map with its caller is changed from outside, without a lock.",
		},
	}
}

func limitRunPage(t check, e *env) {
	l := newLab(t, e)
	l.add("a", core.Batch{})
	bound := e.Limits.RunPage
	for limit, fits := range map[int]bool{-1: false, 0: true, 1: true, bound.Max: true, bound.Max + 1: false} {
		q := core.RunQuery{Experiments: []core.ExperimentID{l.in}, PageOptions: core.PageOptions{Limit: limit}}
		page, err := e.Store.SearchRuns(t.Context(), q)
		if !fits {
			conformance.Refused(t, fmt.Sprintf("Limit %d", limit), err, core.ErrInvalid)
			continue
		}
		conformance.NoError(t, fmt.Sprintf("Limit %d", limit), err)
		conformance.Equal(t, fmt.Sprintf("Limit %d", limit), ids(page.Items), l.idsOf("a"))
	}
}

// crowd creates runs with ties of start time, a metric with every kind of value, and a param that some lack.
func crowd(t check, e *env, n int) (in core.ExperimentID) {
	t.Helper()
	values := []float64{1, math.NaN(), -1, 0, math.MaxFloat64, 0.5}
	in = newExperiment(t, e, core.ExperimentSpec{}).ID
	for i := range n {
		r := newRun(t, e, in, core.RunSpec{StartTime: core.Millis(i / 3)})
		batch := core.Batch{Tags: []core.Tag{{Key: "i", Value: strconv.Itoa(i)}}}
		if i%4 != 0 {
			batch.Metrics = []core.Metric{point("m", values[i%len(values)], 1)}
			batch.Params = []core.Param{{Key: "p", Value: strconv.Itoa(i % 2)}}
		}
		logBatch(t, e, r.ID, batch)
	}
	return in
}

func pageRuns(t check, e *env) {
	const n = 17
	in := crowd(t, e, n)
	for _, q := range []core.RunQuery{
		{},
		{OrderBy: []string{"metrics.m DESC"}},
		{OrderBy: []string{"metrics.m"}},
		{OrderBy: []string{"params.p DESC", "tags.i"}},
		{OrderBy: []string{"run_id"}},
		{Filter: "params.p = '1'", OrderBy: []string{"metrics.m"}},
		{OrderBy: []string{"end_time DESC"}},
	} {
		q.Experiments = []core.ExperimentID{in}
		whole, err := searchRuns(t.Context(), e.Second(), q)
		conformance.NoError(t, "SearchRuns", err)
		if q.Filter == "" {
			conformance.Equal(t, fmt.Sprintf("number of runs by %q", q.OrderBy), len(whole), n)
		}
		for _, limit := range []int{1, 2, 3, len(whole) - 1, len(whole), len(whole) + 1} {
			q.Limit = limit
			sawRuns(t, e, q, ids(whole)...)
		}
	}
}

func endRunPages(t check, e *env) {
	const n = 6
	in := crowd(t, e, n)
	for _, limit := range []int{1, 2, 3, n} {
		noTokenAtEnd(t, e, n, func(ctx context.Context, s store, o core.PageOptions) (int, string, error) {
			page, err := s.SearchRuns(ctx, core.RunQuery{Experiments: []core.ExperimentID{in}, PageOptions: o})
			return len(page.Items), page.Next, err
		}, limit)
	}
}

func refuseRunTokens(t check, e *env) {
	q := core.RunQuery{
		Experiments: []core.ExperimentID{crowd(t, e, 4)}, OrderBy: []string{"metrics.m"},
		PageOptions: core.PageOptions{Limit: 2},
	}
	refuseTokens(t, e, func(ctx context.Context, token string) (string, error) {
		q.Token = token
		page, err := e.Store.SearchRuns(ctx, q)
		return page.Next, err
	})
}

func refuseForeignRunToken(t check, e *env) {
	in := crowd(t, e, 4)
	q := core.RunQuery{Experiments: []core.ExperimentID{in}, OrderBy: []string{"metrics.m"}, PageOptions: core.PageOptions{Limit: 2}}
	page, err := e.Store.SearchRuns(t.Context(), q)
	conformance.NoError(t, "SearchRuns", err)
	q.Token = page.Next
	for what, change := range map[string]func(*core.RunQuery){
		"filter": func(q *core.RunQuery) { q.Filter = "params.p = '1'" },
		"order":  func(q *core.RunQuery) { q.OrderBy = []string{"metrics.m DESC"} },
		"view":   func(q *core.RunQuery) { q.View = core.AllStages },
		"experiment": func(q *core.RunQuery) {
			q.Experiments = []core.ExperimentID{newExperiment(t, e, core.ExperimentSpec{}).ID}
		},
	} {
		other := q
		change(&other)
		_, err := e.Store.SearchRuns(t.Context(), other)
		conformance.Refused(t, "the token with another "+what, err, core.ErrInvalid)
	}
	_, err = e.Store.SearchRuns(t.Context(), q)
	conformance.NoError(t, "the token with its own query", err)
}

func tokenAfterReopen(t check, e *env) {
	s := e.Fresh(t)
	x := newExperimentIn(t, e, s, core.ExperimentSpec{})
	for i := range 5 {
		_, err := s.CreateRun(t.Context(), x.ID, core.RunSpec{StartTime: core.Millis(i)})
		conformance.NoError(t, "CreateRun", err)
	}
	q := core.RunQuery{Experiments: []core.ExperimentID{x.ID}, PageOptions: core.PageOptions{Limit: 2}}
	whole, err := searchRuns(t.Context(), s, q)
	conformance.NoError(t, "SearchRuns", err)
	page, err := s.SearchRuns(t.Context(), q)
	conformance.NoError(t, "SearchRuns", err)
	q.Token = page.Next
	rest, err := searchRuns(t.Context(), e.Reopen(t, s), q)
	conformance.NoError(t, "SearchRuns after reopening", err)
	conformance.Equal(t, "runs", ids(append(page.Items, rest...)), ids(whole))
}

func manyRuns(t check, e *env) {
	const n = 2501
	x := newExperiment(t, e, core.ExperimentSpec{})
	want := make([]core.RunID, n)
	for i := range n {
		want[n-1-i] = newRun(t, e, x.ID, core.RunSpec{StartTime: core.Millis(i + 1)}).ID
	}
	q := core.RunQuery{Experiments: []core.ExperimentID{x.ID}, Fields: core.RunInfoOnly}
	for _, limit := range []int{0, 999, 1000, 1001} {
		if limit <= e.Limits.RunPage.Max {
			q.Limit = limit
			sawRuns(t, e, q, want...)
		}
	}
}

func fatRuns(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	_, most, _, _ := batchLimits(e)
	var runs []core.Run
	for i := range 8 {
		r := newRun(t, e, x.ID, core.RunSpec{StartTime: core.Millis(8 - i)})
		batch := sized(0, min(most, 100), 0)
		for j := range batch.Params {
			batch.Params[j].Value = strings.Repeat("x", min(6000, max(e.Limits.ParamValue, 500)))
		}
		logBatch(t, e, r.ID, batch)
		runs = append(runs, logged(r, batch))
	}
	q := core.RunQuery{Experiments: []core.ExperimentID{x.ID}}
	sawRuns(t, e, q, ids(runs)...)
	got, err := searchRuns(t.Context(), e.Second(), q)
	conformance.NoError(t, "SearchRuns", err)
	conformance.Equal(t, "SearchRuns", got, runs)
}

func resultsAreCopies(t check, e *env) {
	ctx := t.Context()
	tags := map[string]string{"a": "1"}
	x := newExperiment(t, e, core.ExperimentSpec{Tags: tags})
	runTags := map[string]string{core.RunNameTag: "n", "a": "1"}
	r := newRun(t, e, x.ID, core.RunSpec{Tags: runTags})
	want, wantX := core.Run{RunInfo: r.RunInfo}, x
	want.Tags, wantX.Tags = with(r.Tags, "a", "1"), with(x.Tags, "a", "1")
	batch := core.Batch{Metrics: []core.Metric{point("m", 1, 1)}, Params: []core.Param{{Key: "p", Value: "1"}}}
	logBatch(t, e, r.ID, batch)
	want.Metrics, want.Params = byKey(point("m", 1, 1)), map[string]string{"p": "1"}
	batch.Metrics[0].Value, batch.Params[0].Value = 99, "99"
	tags["a"], runTags["a"], x.Tags["b"], r.Tags["b"] = "99", "99", "99", "99"
	for range 2 {
		got, err := e.Store.Run(ctx, r.ID)
		conformance.NoError(t, "Run", err)
		got.Metrics["m"], got.Params["p"], got.Tags["a"] = point("m", 99, 99), "99", "99"
		runs, err := searchRuns(ctx, e.Store, core.RunQuery{Experiments: []core.ExperimentID{x.ID}})
		conformance.NoError(t, "SearchRuns", err)
		for _, found := range runs {
			found.Metrics["m"], found.Params["p"], found.Tags["a"] = point("m", 99, 99), "99", "99"
		}
		points, err := history(ctx, e.Store, r.ID, "m", 0)
		conformance.NoError(t, "MetricHistory", err)
		points[0].Value = 99
		gotX, err := e.Store.Experiment(ctx, core.ExperimentRef{ID: x.ID})
		conformance.NoError(t, "Experiment", err)
		gotX.Tags["a"] = "99"
	}
	sawRun(t, e, want)
	sawExperiment(t, e, wantX)
	sawHistory(t, e, r.ID, "m", point("m", 1, 1))
}
