package tracking

import (
	"context"
	"fmt"
	"slices"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func historyCases() []entry {
	return []entry{
		{
			ID: "TS-099", Name: "metric/history-pages", Run: pageHistory,
			Rule: "Pages of any length show every point of a history once, in order.",
		},
		{
			ID: "TS-100", Name: "metric/history-while-appending", Level: conformance.Extended, Run: historyWhileAppending,
			Rule: "Points that are there when a walk begins appear in it once, while others are logged.",
		},
		{
			ID: "TS-101", Name: "metric/history-equal-points-border", Level: conformance.Extended, Run: historyTies,
			Rule: "Points of one time fall across the borders of pages without loss or repetition.",
		},
		{
			ID: "TS-223", Name: "metric/history-limit-bounds", Run: limitHistoryPage,
			Rule: "A page of a history may be as long as announced; negative or larger is ErrInvalid; 0 is the default (D-21).",
		},
		{
			ID: "TS-224", Name: "metric/history-token-garbage", Run: refuseHistoryTokens,
			Rule: "A token for a history that the store did not make is ErrInvalid.",
		},
	}
}

// logMany logs n points of one key and returns them in order.
func logMany(t check, e *env, id core.RunID, key string, n int) []core.Metric {
	t.Helper()
	var all []core.Metric
	for i := range n {
		all = append(all, point(key, float64(i%7), int64(i)))
	}
	for chunk := range slices.Chunk(all, 1000) {
		logMetrics(t, e, id, chunk...)
	}
	return all
}

func pageHistory(t check, e *env) {
	r := newRunAlone(t, e)
	all := logMany(t, e, r.ID, "m", 2501)
	few := logMany(t, e, r.ID, "few", 5)
	for limit, want := range map[int][]core.Metric{
		1: few, 2: few, 4: few, 5: few, 6: few, 999: all, 1000: all, 1001: all,
		2501: all,
	} {
		if limit > e.Limits.HistoryPage.Max {
			continue
		}
		e.Observe(t, func(ctx context.Context, s store) error {
			got, err := history(ctx, s, r.ID, want[0].Key, limit)
			return differs(fmt.Sprintf("history in pages of %d", limit), got, want, err)
		})
	}
	noTokenAtEnd(t, e, len(few), func(ctx context.Context, s store, o core.PageOptions) (int, string, error) {
		page, err := s.MetricHistory(ctx, r.ID, "few", core.HistoryOptions{PageOptions: o})
		return len(page.Items), page.Next, err
	}, len(few))
}

func historyWhileAppending(t check, e *env) {
	r := newRunAlone(t, e)
	all := logMany(t, e, r.ID, "m", 200)
	seen := map[core.Metric]int{}
	o, next := core.HistoryOptions{PageOptions: core.PageOptions{Limit: 10}}, int64(1000)
	for {
		page, err := e.Second().MetricHistory(t.Context(), r.ID, "m", o)
		conformance.NoError(t, "MetricHistory", err)
		for _, p := range page.Items {
			seen[p]++
		}
		if o.Token = page.Next; o.Token == "" {
			break
		}
		if next < 1100 { // later points, and one in the middle of what was read already
			logMetrics(t, e, r.ID, point("m", 1, next), core.Metric{Key: "m", Value: -1, Timestamp: 3, Step: next})
			next++
		}
	}
	for _, p := range all {
		if seen[p] != 1 {
			t.Errorf("got point %+v %d times, want once", p, seen[p])
		}
	}
}

func historyTies(t check, e *env) {
	r := newRunAlone(t, e)
	var all []core.Metric
	for step := range int64(10) {
		for value := range 5 {
			all = append(all, core.Metric{Key: "m", Value: float64(value), Timestamp: 7, Step: step})
		}
	}
	logMetrics(t, e, r.ID, all...)
	for _, limit := range []int{1, 3, 5, 7, 49, 50, 51} {
		e.Observe(t, func(ctx context.Context, s store) error {
			got, err := history(ctx, s, r.ID, "m", limit)
			return differs(fmt.Sprintf("history in pages of %d", limit), got, all, err)
		})
	}
}

func limitHistoryPage(t check, e *env) {
	r := newRunAlone(t, e)
	logMetrics(t, e, r.ID, point("m", 1, 1))
	bound := e.Limits.HistoryPage
	for limit, fits := range map[int]bool{-1: false, 0: true, 1: true, bound.Max: true, bound.Max + 1: false} {
		o := core.HistoryOptions{PageOptions: core.PageOptions{Limit: limit}}
		page, err := e.Store.MetricHistory(t.Context(), r.ID, "m", o)
		if !fits {
			conformance.Refused(t, fmt.Sprintf("Limit %d", limit), err, core.ErrInvalid)
			continue
		}
		conformance.NoError(t, fmt.Sprintf("Limit %d", limit), err)
		conformance.Equal(t, fmt.Sprintf("Limit %d", limit), page.Items, []core.Metric{point("m", 1, 1)})
	}
}

func refuseHistoryTokens(t check, e *env) {
	r := newRunAlone(t, e)
	logMany(t, e, r.ID, "m", 3)
	refuseTokens(t, e, func(ctx context.Context, token string) (string, error) {
		o := core.HistoryOptions{PageOptions: core.PageOptions{Limit: 1, Token: token}}
		page, err := e.Store.MetricHistory(ctx, r.ID, "m", o)
		return page.Next, err
	})
}
