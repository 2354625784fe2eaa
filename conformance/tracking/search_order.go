package tracking

import (
	"fmt"
	"math"
	"slices"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func orderCases() []entry {
	return []entry{
		{
			ID: "TS-148", Name: "search/order-metric-specials", Run: orderSpecials,
			Rule: "By metric, runs with a number come first, then NaN, then those without it, in both directions (D-14).",
		},
		{
			ID: "TS-149", Name: "search/order-param-tag-attr", Run: orderTexts,
			Rule: "Runs are ordered by params, tags and attributes in both directions; those without the key come last.",
		},
		{
			ID: "TS-150", Name: "search/order-ties", Run: orderTies,
			Rule: "Ties, and searches without order, go by start time, the latest first, then by id (D-14).",
		},
		{
			ID: "TS-151", Name: "search/order-unknown", Run: refuseRunOrders,
			Rule: "An order that cannot be understood is ErrInvalid and shows what is wrong.",
		},
	}
}

func orderSpecials(t check, e *env) {
	l := newLab(t, e)
	l.add("one", metrics(point("m", 1, 1)))
	l.add("none", core.Batch{})
	l.add("nan", metrics(point("m", math.NaN(), 1)))
	l.add("minus", metrics(point("m", math.Inf(-1), 1)))
	l.add("zero", metrics(point("m", 0, 1)))
	l.add("plus", metrics(point("m", math.Inf(1), 1)))
	l.add("tenth", metrics(point("m", 50, 1), point("m", 0.1, 2)))
	l.orders("metrics.m ASC", "minus zero tenth one plus nan none")
	l.orders("metrics.m", "minus zero tenth one plus nan none")
	l.orders("metrics.m DESC", "plus one tenth zero minus nan none")
	l.orders("metrics.`m` desc", "plus one tenth zero minus nan none")
}

func orderTexts(t check, e *env) {
	l := newLab(t, e)
	for _, row := range []struct{ name, value string }{
		{"b", "b"},
		{"none", ""},
		{"upper", "B"},
		{"ten", "10"},
		{"nine", "9"},
		{"a", "a"},
	} {
		batch := core.Batch{Params: []core.Param{{Key: "k", Value: row.value}}, Tags: []core.Tag{{Key: "k", Value: row.value}}}
		if row.name == "none" {
			batch = core.Batch{}
		}
		l.add(row.name, batch)
	}
	for _, entity := range []string{"params.k", "tags.k"} {
		l.orders(entity+" ASC", "ten nine upper a b none")
		l.orders(entity+" DESC", "b a upper nine ten none")
	}
	l.orders("attributes.run_name", "a b nine none ten upper")
	l.orders("run_name DESC", "upper ten none nine b a")
	l.orders("start_time ASC", "b none upper ten nine a")
	l.orders("attribute.start_time DESC", "a nine ten upper none b")
	end := core.Millis(5)
	changeRun(t, e, l.runs[0].ID, core.RunChange{Status: core.Failed, EndTime: &end})
	l.orders("end_time ASC", "b a nine ten upper none")
	l.orders("end_time DESC", "b a nine ten upper none")
	l.orders("status ASC", "b a nine ten upper none")
}

func orderTies(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	var runs []core.Run
	for i := range 12 {
		r := newRun(t, e, x.ID, core.RunSpec{StartTime: core.Millis(i % 3)})
		logBatch(t, e, r.ID, core.Batch{
			Metrics: []core.Metric{point("m", float64(i%2), 1)},
			Params:  []core.Param{{Key: "p", Value: "same"}},
		})
		runs = append(runs, r)
	}
	byStart := func(a, b core.Run) int {
		if a.StartTime != b.StartTime {
			return int(b.StartTime - a.StartTime)
		}
		return compare(a.ID, b.ID)
	}
	slices.SortFunc(runs, byStart)
	q := core.RunQuery{Experiments: []core.ExperimentID{x.ID}}
	for _, by := range [][]string{nil, {"params.p ASC"}, {"params.p DESC"}, {"tags.absent"}, {"params.p", "metrics.absent DESC"}} {
		for _, limit := range []int{0, 1, 5} {
			q.OrderBy, q.Limit = by, limit
			sawRuns(t, e, q, ids(runs)...)
		}
	}
	parity := map[core.RunID]float64{}
	all, err := searchRuns(t.Context(), e.Second(), core.RunQuery{Experiments: q.Experiments})
	conformance.NoError(t, "SearchRuns", err)
	for _, r := range all {
		parity[r.ID] = r.Metrics["m"].Value
	}
	slices.SortStableFunc(runs, func(a, b core.Run) int { return int(parity[b.ID] - parity[a.ID]) })
	q.OrderBy, q.Limit = []string{"metrics.m DESC"}, 5
	sawRuns(t, e, q, ids(runs)...)
}

func refuseRunOrders(t check, e *env) {
	in := []core.ExperimentID{newExperiment(t, e, core.ExperimentSpec{}).ID}
	for _, bad := range []malformed{
		{"", ""},
		{"color", "color"},
		{"foo.a", "foo"},
		{"metrics.a SIDEWAYS", "SIDEWAYS"},
		{"metrics.a, metrics.b", ","},
		{"metrics.a DESC NULLS LAST", "NULLS"},
		{"lifecycle_stage", "lifecycle_stage"},
		{"1", "1"},
		{"metrics.a; DROP TABLE runs", ";"},
		{"(metrics.a)", "("},
		{"metrics.a -- x", "--"},
	} {
		_, err := e.Store.SearchRuns(t.Context(), core.RunQuery{Experiments: in, OrderBy: []string{bad.text}})
		conformance.Refused(t, fmt.Sprintf("order %q", bad.text), err, core.ErrInvalid)
		shows(t, bad, err)
	}
}
