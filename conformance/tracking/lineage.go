package tracking

import (
	"context"
	"fmt"
	"slices"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func lineageCases() []entry {
	needs := []core.Capability{"lineage"}
	points := []core.Capability{core.MetricDataset} // MLflow's SQL schema has no place for it
	return []entry{
		{
			ID: "TS-097", Name: "metric/with-dataset-keeps-step", Level: conformance.Extended, Needs: points, Run: pointOfDataset,
			Rule: "A point that names a dataset comes back with its step, time, value and dataset.",
			Why:  "MLflow's file store reads the step of such a point back as 0.",
		},
		{
			ID: "TS-098", Name: "metric/dataset-name-with-spaces", Level: conformance.Extended, Needs: points, Run: pointOfOddDataset,
			Rule: "Names of datasets in a point may have blanks and any other text.",
		},
		{
			ID: "TS-132", Name: "inputs/log-and-read", Level: conformance.Extended, Needs: needs, Run: logInputs,
			Rule: "Datasets with their tags, and models, are there on the run that read them.",
		},
		{
			ID: "TS-133", Name: "inputs/twice", Level: conformance.Extended, Needs: needs, Run: logInputsTwice,
			Rule: "Inputs that a run has already change nothing: the first source, schema, profile and tags stay.",
		},
		{
			ID: "TS-134", Name: "inputs/limits", Level: conformance.Extended, Needs: needs, Run: limitInputs,
			Rule: "Fields of datasets and of their tags have the announced limits.",
		},
		{
			ID: "TS-208", Name: "outputs/log", Level: conformance.Extended, Needs: needs, Run: logOutputs,
			Rule: "Models that a run made are there with their step; a known one keeps its step.",
		},
		{
			ID: "TS-209", Name: "inputs/search-datasets", Level: conformance.Extended, Needs: needs, Run: searchDatasets,
			Rule: "The uses of datasets are listed once each, in order, for the experiments asked for.",
		},
		{
			ID: "TS-225", Name: "inputs/refused", Level: conformance.Extended, Needs: needs, Run: refuseLineage,
			Rule: "Inputs and outputs of an unknown run are ErrNotFound, of a deleted one ErrState, bad ones ErrInvalid; none has effect.",
		},
	}
}

func lineageOf(s store) core.Lineage { a, _ := core.As[core.Lineage](s); return a }

func pointOfDataset(t check, e *env) {
	r := newRunAlone(t, e)
	want := []core.Metric{
		{Key: "m", Value: 1, Timestamp: 10, Step: 7, DatasetName: "iris", DatasetDigest: "abc"},
		{Key: "m", Value: 2, Timestamp: 11, Step: 8},
		{Key: "m", Value: 3, Timestamp: 12, Step: 9, DatasetName: "iris", DatasetDigest: "def"},
	}
	logMetrics(t, e, r.ID, want...)
	sawHistory(t, e, r.ID, "m", want...)
	r.Metrics = byKey(want...)
	sawRun(t, e, r)
}

func pointOfOddDataset(t check, e *env) {
	r := newRunAlone(t, e)
	var want []core.Metric
	for i, name := range []string{"iris test set", "a\tb", "Größe", `C:\data "x"`, "7 8 9"} {
		want = append(want, core.Metric{
			Key: "m", Value: 1, Timestamp: core.Millis(i), Step: int64(i), DatasetName: name,
			DatasetDigest: "d 1",
		})
	}
	logMetrics(t, e, r.ID, want...)
	sawHistory(t, e, r.ID, "m", want...)
}

// iris is a use of a dataset with this digest.
func iris(digest, context string) core.DatasetInput {
	return core.DatasetInput{
		Dataset: core.Dataset{
			Name: "iris", Digest: digest, SourceType: "local", Source: `{"uri": "/data/iris.csv"}`, Schema: `{"a": "double"}`,
			Profile: `{"rows": 150}`,
		},
		Tags: map[string]string{core.DataContextTag: context, "note": "line\nbreak 🧪"},
	}
}

// sortedInputs orders inputs, whose order means nothing.
func sortedInputs(r core.Run) core.Run {
	r.Inputs.Datasets = slices.SortedFunc(slices.Values(r.Inputs.Datasets), func(a, b core.DatasetInput) int {
		return compare(a.Dataset.Name+"\x00"+a.Dataset.Digest, b.Dataset.Name+"\x00"+b.Dataset.Digest)
	})
	r.Inputs.Models = slices.Sorted(slices.Values(r.Inputs.Models))
	r.Outputs = slices.SortedFunc(slices.Values(r.Outputs), func(a, b core.ModelOutput) int {
		return compare(a.ModelID, b.ModelID)
	})
	return r
}

func compare[K ~string](a, b K) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func sawLineage(t check, e *env, want core.Run) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := s.Run(ctx, want.ID)
		return differs("Run", sortedInputs(got), sortedInputs(want), err)
	})
}

func logInputs(t check, e *env) {
	r := newRunAlone(t, e)
	in := core.Inputs{
		Datasets: []core.DatasetInput{iris("abc", "train"), iris("def", "eval"), {Dataset: core.Dataset{Name: "bare", Digest: "1"}}},
		Models:   []core.ModelID{"m-0123456789abcdef0123456789abcdef"},
	}
	conformance.NoError(t, "LogInputs", lineageOf(e.Store).LogInputs(t.Context(), r.ID, in))
	r.Inputs = in
	sawLineage(t, e, r)
	conformance.NoError(t, "LogInputs of nothing", lineageOf(e.Store).LogInputs(t.Context(), r.ID, core.Inputs{}))
	sawLineage(t, e, r)
}

func logInputsTwice(t check, e *env) {
	r := newRunAlone(t, e)
	first := iris("abc", "train")
	other := iris("abc", "eval")
	other.Dataset.Source, other.Dataset.Schema, other.Dataset.Profile = "elsewhere", "", "more"
	model := core.ModelID("m-0123456789abcdef0123456789abcdef")
	for _, in := range []core.Inputs{
		{Datasets: []core.DatasetInput{first, other}, Models: []core.ModelID{model, model}},
		{Datasets: []core.DatasetInput{other}, Models: []core.ModelID{model}},
	} {
		conformance.NoError(t, "LogInputs", lineageOf(e.Store).LogInputs(t.Context(), r.ID, in))
	}
	r.Inputs = core.Inputs{Datasets: []core.DatasetInput{first}, Models: []core.ModelID{model}}
	sawLineage(t, e, r)

	sibling := newRun(t, e, r.ExperimentID, core.RunSpec{})
	conformance.NoError(t, "LogInputs", lineageOf(e.Store).LogInputs(t.Context(), sibling.ID,
		core.Inputs{Datasets: []core.DatasetInput{other}}))
	sibling.Inputs = core.Inputs{Datasets: []core.DatasetInput{{Dataset: first.Dataset, Tags: other.Tags}}}
	sawLineage(t, e, sibling)
}

func limitInputs(t check, e *env) {
	l := e.Limits
	fields := map[string]struct {
		limit int
		set   func(*core.DatasetInput, string)
	}{
		"name":      {l.DatasetName, func(d *core.DatasetInput, v string) { d.Dataset.Name = v }},
		"digest":    {l.DatasetDigest, func(d *core.DatasetInput, v string) { d.Dataset.Digest = v }},
		"source":    {l.DatasetSource, func(d *core.DatasetInput, v string) { d.Dataset.Source = v }},
		"schema":    {l.DatasetSchema, func(d *core.DatasetInput, v string) { d.Dataset.Schema = v }},
		"tag key":   {l.InputTagKey, func(d *core.DatasetInput, v string) { d.Tags = map[string]string{v: "x"} }},
		"tag value": {l.InputTagValue, func(d *core.DatasetInput, v string) { d.Tags = map[string]string{"x": v} }},
	}
	for name, field := range fields {
		if field.limit == 0 {
			continue
		}
		r := newRunAlone(t, e)
		for _, n := range []int{field.limit + 1, field.limit} {
			d := iris("abc", "train")
			field.set(&d, padded("v", n))
			err := lineageOf(e.Store).LogInputs(t.Context(), r.ID, core.Inputs{Datasets: []core.DatasetInput{d}})
			if n > field.limit {
				conformance.Refused(t, name+" above the limit", err, core.ErrInvalid)
				continue
			}
			conformance.NoError(t, name+" at the limit", err)
			r.Inputs.Datasets = []core.DatasetInput{d}
		}
		sawLineage(t, e, r)
	}
}

func logOutputs(t check, e *env) {
	r := newRunAlone(t, e)
	one, two := core.NewModelID(), core.NewModelID()
	for _, out := range [][]core.ModelOutput{
		{{ModelID: one, Step: 3}, {ModelID: one, Step: 5}}, {{ModelID: one, Step: 4}, {ModelID: two, Step: -1}}, nil,
	} {
		conformance.NoError(t, "LogOutputs", lineageOf(e.Store).LogOutputs(t.Context(), r.ID, out))
	}
	r.Outputs = []core.ModelOutput{{ModelID: one, Step: 3}, {ModelID: two, Step: -1}}
	sawLineage(t, e, r)
}

func searchDatasets(t check, e *env) {
	one, two := newExperiment(t, e, core.ExperimentSpec{}), newExperiment(t, e, core.ExperimentSpec{})
	log := func(in core.ExperimentID, uses ...core.DatasetInput) {
		t.Helper()
		r := newRun(t, e, in, core.RunSpec{})
		conformance.NoError(t, "LogInputs", lineageOf(e.Store).LogInputs(t.Context(), r.ID, core.Inputs{Datasets: uses}))
	}
	log(one.ID, iris("b", "train"), iris("a", "train"))
	log(one.ID, iris("b", "train"), iris("a", "eval"), core.DatasetInput{Dataset: core.Dataset{Name: "bare", Digest: "1"}})
	log(two.ID, iris("b", "train"))
	uses := func(in core.ExperimentID, rows ...[3]string) (all []core.DatasetSummary) {
		for _, row := range rows {
			all = append(all, core.DatasetSummary{ExperimentID: in, Name: row[0], Digest: row[1], Context: row[2]})
		}
		return all
	}
	first := uses(one.ID, [3]string{"bare", "1", ""}, [3]string{"iris", "a", "eval"}, [3]string{"iris", "a", "train"},
		[3]string{"iris", "b", "train"})
	second := uses(two.ID, [3]string{"iris", "b", "train"})
	both := slices.Concat(first, second)
	if two.ID < one.ID {
		both = slices.Concat(second, first)
	}
	for _, search := range []struct {
		in   []core.ExperimentID
		want []core.DatasetSummary
	}{
		{[]core.ExperimentID{one.ID}, first},
		{[]core.ExperimentID{two.ID, one.ID}, both},
		{[]core.ExperimentID{"918273645546372819"}, nil},
	} {
		e.Observe(t, func(ctx context.Context, s store) error {
			got, err := lineageOf(s).SearchDatasets(ctx, search.in)
			return differs(fmt.Sprintf("SearchDatasets(%v)", search.in), got, search.want, err)
		})
	}
	for _, in := range [][]core.ExperimentID{nil, make([]core.ExperimentID, 21)} {
		_, err := lineageOf(e.Store).SearchDatasets(t.Context(), in)
		conformance.Refused(t, fmt.Sprintf("SearchDatasets in %d experiments", len(in)), err, core.ErrInvalid)
	}
}

func refuseLineage(t check, e *env) {
	r := newRunAlone(t, e)
	l := lineageOf(e.Store)
	ctx := t.Context()
	const nobody = "0123456789abcdef0123456789abcdef"
	good := core.Inputs{Datasets: []core.DatasetInput{iris("abc", "train")}}
	out := []core.ModelOutput{{ModelID: "m-1"}}
	conformance.Refused(t, "LogInputs", l.LogInputs(ctx, nobody, good), core.ErrNotFound, nobody)
	conformance.Refused(t, "LogOutputs", l.LogOutputs(ctx, nobody, out), core.ErrNotFound, nobody)
	for _, bad := range []core.Dataset{{}, {Name: "n"}, {Digest: "d"}, {Name: "\xff", Digest: "d"}} {
		in := core.Inputs{Datasets: append(slices.Clone(good.Datasets), core.DatasetInput{Dataset: bad})}
		conformance.Refused(t, fmt.Sprintf("LogInputs(%+v)", bad), l.LogInputs(ctx, r.ID, in), core.ErrInvalid)
	}
	conformance.Refused(t, "LogInputs of a bad model", l.LogInputs(ctx, r.ID, core.Inputs{Models: []core.ModelID{"../m"}}),
		core.ErrInvalid)
	conformance.Refused(t, "LogOutputs", l.LogOutputs(ctx, r.ID, append(out, core.ModelOutput{ModelID: "a/b"})), core.ErrInvalid)
	changeRun(t, e, r.ID, core.RunChange{Lifecycle: core.Deleted})
	conformance.Refused(t, "LogInputs", l.LogInputs(ctx, r.ID, good), core.ErrState, string(r.ID))
	conformance.Refused(t, "LogOutputs", l.LogOutputs(ctx, r.ID, out), core.ErrState, string(r.ID))
	changeRun(t, e, r.ID, core.RunChange{Lifecycle: core.Active})
	sawLineage(t, e, r)
}
