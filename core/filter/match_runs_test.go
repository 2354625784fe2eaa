package filter_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// run makes a run of experiment 1 with what the changes say.
func run(id string, changes ...func(*core.Run)) core.Run {
	r := core.Run{
		RunInfo: core.RunInfo{ID: core.RunID(id), ExperimentID: "1", Status: core.Running, Lifecycle: core.Active},
		RunData: core.RunData{Metrics: map[string]core.Metric{}, Params: map[string]string{}, Tags: map[string]string{}},
	}
	for _, change := range changes {
		change(&r)
	}
	return r
}

func metric(key string, value float64) func(*core.Run) {
	return func(r *core.Run) { r.Metrics[key] = core.Metric{Key: key, Value: value} }
}

func param(key, value string) func(*core.Run) { return func(r *core.Run) { r.Params[key] = value } }
func tag(key, value string) func(*core.Run)   { return func(r *core.Run) { r.Tags[key] = value } }

func dataset(name, digest, context string) func(*core.Run) {
	return func(r *core.Run) {
		d := core.DatasetInput{Dataset: core.Dataset{Name: name, Digest: digest}}
		if context != "" {
			d.Tags = map[string]string{core.DataContextTag: context}
		}
		r.Inputs.Datasets = append(r.Inputs.Datasets, d)
	}
}

func someRuns() []core.Run {
	return []core.Run{
		run("a", metric("m", 1), param("p", "One"), tag("t", "x'y"), dataset("iris", "d1", "train"), dataset("mnist", "d2", "")),
		run("b", metric("m", math.NaN()), param("p", "one"), tag("t", "100%"), dataset("iris", "d3", "test"), func(r *core.Run) {
			r.Name, r.User, r.Status, r.StartTime, r.EndTime = "Grand-Bee", "ann", core.Finished, 100, 200
			r.ArtifactURI = "s3://b/1/b/artifacts"
		}),
		run("c", metric("m", math.Inf(1)), param("p", "two\nlines"), func(r *core.Run) {
			r.Name, r.User, r.Status, r.StartTime = "grand-bee", "Bob", core.Failed, 150
		}),
		run("d", metric("m", math.Inf(-1)), tag("t", ""), func(r *core.Run) { r.StartTime = 100 }),
		run("e", metric("n", 0)),
	}
}

func TestRunsMatch(t *testing.T) {
	t.Parallel()
	runs := someRuns()
	for text, want := range map[string]string{
		"":                               "a b c d e",
		"metrics.m = 1":                  "a",
		"metrics.m != 1":                 "b c d", // NaN is no number; who lacks the metric matches nothing
		"metrics.m > 0":                  "a c",
		"metrics.m >= 1":                 "a c",
		"metrics.m < 1":                  "d",
		"metrics.m <= 1":                 "a d",
		"metrics.n = -0":                 "e",
		"metrics.x != 0":                 "",
		"params.p = 'one'":               "b",
		"params.p != 'one'":              "a c",
		"params.p LIKE 'o%'":             "b",
		"params.p ILIKE 'o__'":           "a b",
		"params.p LIKE 'two%lines'":      "c",
		"params.p LIKE 'two_lines'":      "c",
		"params.p LIKE 'wo%'":            "",
		"params.p IS NULL":               "d e",
		"params.p IS NOT NULL":           "a b c",
		"tags.t IS NULL":                 "c e",
		"tags.t = ''":                    "d",
		`tags.t = "x'y"`:                 "a",
		"tags.t LIKE '%\\%'":             "", // a backslash escapes nothing
		"tags.t LIKE '%'":                "a b d",
		"tags.t = '100%'":                "b",
		"tags.t != '100%'":               "a d",
		"run_id = 'a'":                   "a",
		"run_id != 'a'":                  "b c d e",
		"run_id IN ('a', 'e', 'z')":      "a e",
		"run_id NOT IN ('a', 'e', 'z')":  "b c d",
		"run_name = 'grand-bee'":         "c",
		"run_name ILIKE 'GRAND%'":        "b c",
		"run_name = ''":                  "a d e",
		"status = 'RUNNING'":             "a d e",
		"status = 'running'":             "",
		"status ILIKE 'fai%'":            "c",
		"user_id LIKE 'B%'":              "c",
		"artifact_uri LIKE 's3://b/%'":   "b",
		"start_time = 0":                 "a e",
		"start_time > 100":               "c",
		"start_time >= 100.5":            "c",
		"start_time < 100.5":             "a b d e",
		"start_time = 100.5":             "",
		"start_time != 100.5":            "a b c d e",
		"created <= 100":                 "a b d e",
		"end_time != 5":                  "b", // who has not ended has no end time
		"end_time < 1000":                "b",
		"dataset.name = 'iris'":          "a b",
		"dataset.name != 'iris'":         "a", // another of its datasets
		"dataset.name NOT IN ('iris')":   "a",
		"dataset.digest IN ('d1', 'd3')": "a b",
		"dataset.context = 'train'":      "a",
		"dataset.context != 'train'":     "b", // without a context there is nothing to compare
		"dataset.name = 'mnist' AND dataset.context = 'train'":                                            "a",
		"metrics.m > 0 AND metrics.m < 2 AND params.p LIKE 'O%' AND tags.t != 'z' AND status = 'RUNNING'": "a",
		"run_id IN (" + strings.Repeat("'z',", 20) + "'b')":                                               "b",
		"run_id NOT IN (" + strings.Repeat("'z',", 20) + "'b')":                                           "a c d e",
	} {
		q := must[core.Run](t)(filter.Runs(core.RunQuery{
			Experiments: []core.ExperimentID{"1"}, Filter: text, OrderBy: []string{"run_id"},
		}, core.DefaultLimits()))
		got := names(q.Slice(runs).Items, func(r core.Run) string { return string(r.ID) })
		if diff := cmp.Diff(strings.Fields(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestRunsOfExperimentsAndViews(t *testing.T) {
	t.Parallel()
	in := func(id core.ExperimentID, l core.Lifecycle) func(*core.Run) {
		return func(r *core.Run) { r.ExperimentID, r.Lifecycle = id, l }
	}
	runs := []core.Run{
		run("a", in("1", core.Active)), run("b", in("1", core.Deleted)), run("c", in("2", core.Active)), run("d", in("3", core.Active)),
	}
	for _, row := range []struct {
		in   []core.ExperimentID
		view core.View
		want string
	}{
		{nil, core.AllStages, ""},
		{[]core.ExperimentID{"1"}, core.ActiveOnly, "a"},
		{[]core.ExperimentID{"1"}, core.DeletedOnly, "b"},
		{[]core.ExperimentID{"1"}, core.AllStages, "a b"},
		{[]core.ExperimentID{"2", "1", "none", "2"}, core.AllStages, "a b c"},
	} {
		q := must[core.Run](t)(filter.Runs(core.RunQuery{Experiments: row.in, View: row.view}, core.DefaultLimits()))
		got := names(q.Slice(runs).Items, func(r core.Run) string { return string(r.ID) })
		if diff := cmp.Diff(strings.Fields(row.want), got); diff != "" {
			t.Errorf("%v, view %d (-want +got):\n%s", row.in, row.view, diff)
		}
	}
}

//nolint:paralleltest // it counts allocations, which other tests would add to
func TestMatchAllocatesNothing(t *testing.T) {
	q := must[core.Run](t)(filter.Runs(core.RunQuery{
		Experiments: []core.ExperimentID{"1", "2"},
		Filter: "metrics.m > 0 AND params.p ILIKE '%o_e%' AND tags.t LIKE '%''%' AND start_time < 5 AND status = 'RUNNING' " +
			"AND dataset.context = 'train' AND run_id NOT IN ('x', 'y')",
	}, core.DefaultLimits()))
	r := run("a", metric("m", 1), param("p", "One"), tag("t", "x''y"), dataset("iris", "d1", "train"))
	matched := true
	allocated := testing.AllocsPerRun(100, func() { matched = matched && q.Match(&r) })
	if !matched || allocated > 0 {
		t.Errorf("matched: %t, with %v allocations, want none", matched, allocated)
	}
}
