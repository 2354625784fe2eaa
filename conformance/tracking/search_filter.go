package tracking

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func filterCases() []entry {
	return []entry{
		{
			ID: "TS-135", Name: "search/empty", Run: findNoRun,
			Rule: "A search without a match, or in no experiment, is an empty page without a token.",
		},
		{
			ID: "TS-136", Name: "search/many-experiments", Run: searchExperimentsUnion,
			Rule: "A search in several experiments finds the runs of all; unknown ones contribute nothing.",
		},
		{ID: "TS-137", Name: "search/view-types", Run: viewRuns, Rule: "Each view shows exactly the runs of its stage of life."},
		{
			ID: "TS-138", Name: "search/metric-comparators", Run: compareMetrics,
			Rule: "All six operators compare the latest value of a metric, and no older one.",
		},
		{
			ID: "TS-139", Name: "search/metric-nan", Run: compareNaN, Rule: "NaN satisfies no order and no equality, only !=.",
			Why: "MLflow's SQL store once kept NaN as 0 and compared it so.",
		},
		{
			ID: "TS-140", Name: "search/param-and-tag-comparators", Run: compareTexts,
			Rule: "Params and tags compare with =, !=, LIKE and ILIKE; a run without the key matches none of them.",
		},
		{
			ID: "TS-141", Name: "search/null-tests", Level: conformance.Extended, Run: compareAbsent,
			Rule: "IS NULL finds the runs without a param or tag, IS NOT NULL those with it.",
		},
		{
			ID: "TS-144", Name: "search/conjunction", Run: conjunction,
			Rule: "All clauses joined by AND must hold, also several on one key.",
		},
		{
			ID: "TS-147", Name: "search/malformed", Run: refuseRunFilters,
			Rule: "A filter that cannot be understood is ErrInvalid and shows what is wrong in it; it never matches something.",
		},
	}
}

// lab is an experiment whose runs have names that tests use for them. They start one after the other, so that the default
// order is from the last to the first.
type lab struct {
	t    check
	e    *env
	in   core.ExperimentID
	runs []core.Run
}

func newLab(t check, e *env) *lab {
	t.Helper()
	return &lab{t: t, e: e, in: newExperiment(t, e, core.ExperimentSpec{}).ID}
}

func (l *lab) add(name string, b core.Batch) {
	l.t.Helper()
	r := newRun(l.t, l.e, l.in, core.RunSpec{Name: name, StartTime: core.Millis(len(l.runs) + 1)})
	if !b.Empty() {
		logBatch(l.t, l.e, r.ID, b)
	}
	l.runs = append(l.runs, r)
}

func (l *lab) idsOf(names string) []core.RunID {
	l.t.Helper()
	var all []core.RunID
	for _, name := range strings.Fields(names) {
		i := slices.IndexFunc(l.runs, func(r core.Run) bool { return r.Name == name })
		if i < 0 {
			l.t.Fatalf("the case has no run %q", name)
		}
		all = append(all, l.runs[i].ID)
	}
	return all
}

// finds observes which runs match a filter; the names are given in the order of creation.
func (l *lab) finds(filter, names string) {
	l.t.Helper()
	q := core.RunQuery{Experiments: []core.ExperimentID{l.in}, Filter: filter, OrderBy: []string{"start_time ASC"}}
	sawRuns(l.t, l.e, q, l.idsOf(names)...)
}

// orders observes the order of all runs.
func (l *lab) orders(by, names string) {
	l.t.Helper()
	q := core.RunQuery{Experiments: []core.ExperimentID{l.in}, OrderBy: []string{by}}
	sawRuns(l.t, l.e, q, l.idsOf(names)...)
}

func metrics(points ...core.Metric) core.Batch { return core.Batch{Metrics: points} }

func params(key, value string) core.Batch {
	return core.Batch{Params: []core.Param{{Key: key, Value: value}}}
}

func findNoRun(t check, e *env) {
	l := newLab(t, e)
	l.add("a", core.Batch{})
	l.finds("params.nothing = 'x'", "")
	sawRuns(t, e, core.RunQuery{})
	sawRuns(t, e, core.RunQuery{Experiments: []core.ExperimentID{newExperiment(t, e, core.ExperimentSpec{}).ID}})
	page, err := e.Store.SearchRuns(t.Context(), core.RunQuery{
		Experiments: []core.ExperimentID{l.in},
		Filter:      "params.nothing = 'x'",
	})
	conformance.NoError(t, "SearchRuns", err)
	conformance.Equal(t, "page", page, core.Page[core.Run]{})
}

func searchExperimentsUnion(t check, e *env) {
	one, two, other := newExperiment(t, e, core.ExperimentSpec{}), newExperiment(t, e, core.ExperimentSpec{}), newExperiment(t, e,
		core.ExperimentSpec{})
	a := newRun(t, e, one.ID, core.RunSpec{StartTime: 1})
	b := newRun(t, e, two.ID, core.RunSpec{StartTime: 2})
	c := newRun(t, e, one.ID, core.RunSpec{StartTime: 3})
	newRun(t, e, other.ID, core.RunSpec{StartTime: 4})
	sawRuns(t, e, core.RunQuery{Experiments: []core.ExperimentID{one.ID, two.ID}}, c.ID, b.ID, a.ID)
	sawRuns(t, e, core.RunQuery{Experiments: []core.ExperimentID{two.ID, one.ID, two.ID}}, c.ID, b.ID, a.ID)
	sawRuns(t, e, core.RunQuery{Experiments: []core.ExperimentID{"918273645546372819", two.ID}}, b.ID)
	sawRuns(t, e, core.RunQuery{Experiments: []core.ExperimentID{"918273645546372819"}})
}

func viewRuns(t check, e *env) {
	l := newLab(t, e)
	for _, name := range []string{"a", "b", "c"} {
		l.add(name, params("p", "1"))
	}
	changeRun(t, e, l.runs[1].ID, core.RunChange{Lifecycle: core.Deleted})
	for view, names := range map[core.View]string{core.ActiveOnly: "a c", core.DeletedOnly: "b", core.AllStages: "a b c"} {
		q := core.RunQuery{
			Experiments: []core.ExperimentID{l.in}, Filter: "params.p = '1'", OrderBy: []string{"start_time ASC"},
			View: view,
		}
		sawRuns(t, e, q, l.idsOf(names)...)
	}
}

func compareMetrics(t check, e *env) {
	l := newLab(t, e)
	l.add("low", metrics(point("m", 9, 1), point("m", -1.5, 2)))
	l.add("mid", metrics(point("m", 0.1, 1)))
	l.add("high", metrics(point("m", 1e10, 5), point("m", -9, 2)))
	l.add("none", metrics(point("other", 0.1, 1)))
	for filter, names := range map[string]string{
		"metrics.m = 0.1": "mid", "metric.m = 0.1": "mid", "metrics.m != 0.1": "low high", "metrics.m < 0.1": "low",
		"metrics.m <= 0.1": "low mid",
		"metrics.m > 0.1":  "high", "metrics.m >= 0.1": "mid high", "metrics.m > -1.5": "mid high", "metrics.m >= -1.5": "low mid high",
		"metrics.m = 9": "", "metrics.m = -9": "", "metrics.m = 1e10": "high", "metrics.m = 10000000000.0": "high",
		"metrics.m>.05": "mid high",
	} {
		l.finds(filter, names)
	}
}

func compareNaN(t check, e *env) {
	l := newLab(t, e)
	l.add("nan", metrics(point("m", math.NaN(), 1)))
	l.add("was", metrics(point("m", math.NaN(), 1), point("m", 0, 2)))
	l.add("zero", metrics(point("m", 0, 1)))
	for filter, names := range map[string]string{
		"metrics.m < 1": "was zero", "metrics.m > -1": "was zero", "metrics.m = 0": "was zero", "metrics.m <= 0": "was zero",
		"metrics.m >= 0": "was zero",
		"metrics.m != 0": "nan", "metrics.m != 5": "nan was zero",
	} {
		l.finds(filter, names)
	}
}

func compareTexts(t check, e *env) {
	l := newLab(t, e)
	add := func(name, value string) {
		l.add(name, core.Batch{Params: []core.Param{{Key: "k", Value: value}}, Tags: []core.Tag{{Key: "k", Value: value}}})
	}
	add("adam", "Adam")
	add("lower", "adam")
	add("sgd", "sgd")
	add("empty", "")
	l.add("none", core.Batch{})
	for clause, names := range map[string]string{
		"= 'adam'": "lower", "!= 'adam'": "adam sgd empty", "LIKE 'a%'": "lower", "LIKE '%d%'": "adam lower sgd",
		"LIKE 'ada_'":  "lower",
		"ILIKE 'ADAM'": "adam lower", "ILIKE 'a%'": "adam lower", "like 'S%'": "", "ilike 'S%'": "sgd", "= ''": "empty",
		"LIKE '%'":  "adam lower sgd empty",
		"= 'Adam '": "",
	} {
		l.finds("params.k "+clause, names)
		l.finds("tags.k "+clause, names)
	}
}

func compareAbsent(t check, e *env) {
	l := newLab(t, e)
	l.add("with", core.Batch{Params: []core.Param{{Key: "k", Value: ""}}, Tags: []core.Tag{{Key: "k", Value: ""}}})
	l.add("without", core.Batch{Params: []core.Param{{Key: "K", Value: "x"}}})
	for _, entity := range []string{"params", "tags"} {
		l.finds(entity+".k IS NULL", "without")
		l.finds(entity+".k IS NOT NULL", "with")
		l.finds(entity+".k is null AND "+entity+".k is not null", "")
	}
}

func conjunction(t check, e *env) {
	l := newLab(t, e)
	full := core.Batch{
		Metrics: []core.Metric{point("m", 5, 1), point("n", 1, 1)}, Params: []core.Param{{Key: "p", Value: "x"}},
		Tags: []core.Tag{{Key: "t", Value: "y"}},
	}
	l.add("all", full)
	part := full
	part.Tags = nil
	l.add("untagged", part)
	far := full
	far.Metrics = []core.Metric{point("m", 50, 1), point("n", 1, 1)}
	l.add("far", far)
	l.finds("metrics.m > 1 AND metrics.m < 10 AND params.p = 'x' AND tags.t = 'y' AND status = 'RUNNING'", "all")
	l.finds("metrics.m > 1 and params.p = 'x' And metrics.n = 1", "all untagged far")
	l.finds("tags.t = 'y' AND tags.t LIKE 'y%' AND tags.t != 'z'", "all far")
	l.finds("metrics.m > 1 AND metrics.m < 1", "")
}

func refuseRunFilters(t check, e *env) {
	in := []core.ExperimentID{newExperiment(t, e, core.ExperimentSpec{}).ID}
	for _, bad := range []malformed{
		{"   ", ""},
		{"metrics.a > 1 OR metrics.b > 2", "OR"},
		{"NOT metrics.a > 1", "NOT"},
		{"(metrics.a > 1)", "("},
		{"metrics.a BETWEEN 1 AND 2", "BETWEEN"},
		{"tags.a = 'x'; DROP TABLE runs", ";"},
		{"metrics.a > 1 -- all", "--"},
		{"metrics.a /* x */ > 1", "/*"},
		{"1 = 1", "1"},
		{"'x' = tags.a", "x"},
		{"metrics.a", "metrics.a"},
		{"metrics.a >", "metric"},
		{"metrics.a > > 1", ">"},
		{"metrics.a == 1", "=="},
		{"metrics.a <> 1", "<>"},
		{"metrics.a => 1", "=>"},
		{"metrics.a LIKE '1'", "LIKE"},
		{"metrics.a = '1'", "'1'"},
		{"metrics.a > nan", "nan"},
		{"metrics.a > 0x10", "0x10"},
		{"metrics.a > metrics.b", "metrics"},
		{"params.a > '1'", ">"},
		{"params.a = 1", "1"},
		{"params.a = abc", "abc"},
		{"params.a = `abc`", "abc"},
		{"params.a = 'abc", "abc"},
		{"params.a NOT LIKE 'x'", "LIKE"},
		{"params.a RLIKE 'x'", "RLIKE"},
		{"params.a IN ('x')", "IN"},
		{"foo.a = 'x'", "foo"},
		{"attribute.color = 'x'", "color"},
		{"lifecycle_stage = 'active'", "lifecycle_stage"},
		{"status > 'RUNNING'", ">"},
		{"status IN ('FINISHED')", "run_id"},
		{"start_time > 'x'", "x"},
		{"start_time LIKE '1'", "LIKE"},
		{"run_id IN ()", ""},
		{"run_id IN ('a'", ""},
		{"run_id IN (1)", "1"},
		{"metrics.a > 1 params.b = ", ""},
		{"metrics.a IS NULL", "NULL"},
	} {
		_, err := e.Store.SearchRuns(t.Context(), core.RunQuery{Experiments: in, Filter: bad.text})
		conformance.Refused(t, fmt.Sprintf("filter %q", bad.text), err, core.ErrInvalid)
		shows(t, bad, err)
	}
}
