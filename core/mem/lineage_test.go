package mem_test

import (
	"slices"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func TestInputsKeepWhatCameFirst(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	a, b := newRun(t, s), newRun(t, s)
	use := func(source, tag string) core.Inputs {
		return core.Inputs{
			Datasets: []core.DatasetInput{{
				Dataset: core.Dataset{Name: "d", Digest: "1", Source: source}, Tags: map[string]string{core.DataContextTag: tag},
			}},
			Models: []core.ModelID{someModel},
		}
	}
	first := use("s1", "train")
	twice := first
	twice.Datasets = append(twice.Datasets, use("s2", "eval").Datasets...)
	ok(t, s.LogInputs(ctx, a, twice))
	ok(t, s.LogInputs(ctx, a, use("s3", "eval")))
	same(t, got(s.Run(ctx, a))(t).Inputs, first)
	ok(t, s.LogInputs(ctx, b, use("s4", "eval"))) // the experiment knows the dataset: its source stays, the tags are the run's
	same(t, got(s.Run(ctx, b))(t).Inputs, use("s1", "eval"))

	ok(t, s.LogOutputs(ctx, a, []core.ModelOutput{{ModelID: someModel, Step: 1}, {ModelID: someModel, Step: 2}}))
	ok(t, s.LogOutputs(ctx, a, []core.ModelOutput{{ModelID: someModel, Step: 3}}))
	same(t, got(s.Run(ctx, a))(t).Outputs, []core.ModelOutput{{ModelID: someModel, Step: 1}})

	same(t, got(s.SearchDatasets(ctx, []core.ExperimentID{"0", "404", "0"}))(t), []core.DatasetSummary{
		{ExperimentID: "0", Name: "d", Digest: "1", Context: "eval"},
		{ExperimentID: "0", Name: "d", Digest: "1", Context: "train"},
	})
	refused(t, drop(s.SearchDatasets(ctx, nil)), core.ErrInvalid, "experiment_id")
	refused(t, drop(s.SearchDatasets(ctx, make([]core.ExperimentID, 21))), core.ErrInvalid, "experiment_id")
}

func TestLoggedModels(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	m := got(s.CreateLoggedModel(ctx, "0", core.LoggedModelSpec{Name: "m", Params: map[string]string{"p": "1"}}))(t)
	if m.Status != core.ModelPending || m.ArtifactURI != "mem:/0/models/"+string(m.ID)+"/artifacts" {
		t.Errorf("unexpected model %+v", m)
	}
	for _, bad := range []core.LoggedModelChange{
		{Status: core.ModelReady, Tags: core.TagChange{Delete: []string{"none"}}, Params: map[string]string{"q": "2"}},
		{Status: core.ModelReady, Tags: core.TagChange{Set: map[string]string{"t": "1"}}, Params: map[string]string{"p": "2"}},
	} {
		if _, err := s.UpdateLoggedModel(ctx, m.ID, bad); err == nil {
			t.Errorf("no error for %+v", bad)
		}
		same(t, got(s.LoggedModel(ctx, m.ID))(t), m)
	}
	change := core.LoggedModelChange{Status: core.ModelReady, StatusMessage: new("done"), Params: map[string]string{"p": "1", "q": "2"}}
	m = got(s.UpdateLoggedModel(ctx, m.ID, change))(t)
	if m.Status != core.ModelReady || m.StatusMessage != "done" || len(m.Params) != 2 {
		t.Errorf("unexpected model %+v", m)
	}

	run := newRun(t, s)
	points := []core.Metric{
		{Key: "b", Step: 2, Value: 2, ModelID: m.ID},
		{Key: "b", Step: 1, Value: 9, ModelID: m.ID},
		{Key: "a", Value: 3, ModelID: m.ID, DatasetName: "d", DatasetDigest: "1"},
	}
	logMetrics(t, s, run, points...)
	want := []core.RunMetric{{RunID: run, Metric: points[2]}, {RunID: run, Metric: points[0]}}
	same(t, got(s.LoggedModel(ctx, m.ID))(t).Metrics, want)

	ok(t, s.DeleteLoggedModel(ctx, m.ID))
	refused(t, s.DeleteLoggedModel(ctx, m.ID), core.ErrNotFound, string(m.ID))
	refused(t, drop(s.UpdateLoggedModel(ctx, m.ID, core.LoggedModelChange{})), core.ErrNotFound, string(m.ID))
	if now := got(s.LoggedModel(ctx, m.ID))(t); now.Lifecycle != core.Deleted {
		t.Errorf("the deleted model is %s", now.Lifecycle)
	}
	got(s.UpdateRun(ctx, run, core.RunChange{Lifecycle: core.Deleted}))(t)
	ok(t, s.PurgeRun(ctx, run))
	if now := got(s.LoggedModel(ctx, m.ID))(t); len(now.Metrics) != 0 {
		t.Errorf("the purged run left %v", now.Metrics)
	}
	ok(t, s.PurgeLoggedModel(ctx, m.ID))
	refused(t, drop(s.LoggedModel(ctx, m.ID)), core.ErrNotFound, string(m.ID))
}

func TestHistoriesOfManyRuns(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	ids := []core.RunID{"b000", "a000"}
	for _, id := range ids {
		run := core.Run{RunInfo: core.RunInfo{ID: id, ExperimentID: "0", Status: core.Running, Lifecycle: core.Active}}
		ok(t, s.ImportRun(ctx, run))
		for step := range int64(10) {
			logMetrics(t, s, id, core.Metric{Key: "k", Step: step, Timestamp: core.Millis(20 - step)})
		}
	}
	asked := append(slices.Clone(ids), someRun)
	bulk := got(s.MetricHistories(ctx, core.HistoriesQuery{Runs: asked, Key: "k", Limit: 12}))(t)
	if len(bulk) != 12 || bulk[0].RunID != "a000" || bulk[0].Step != 9 || bulk[9].Step != 0 || bulk[10].RunID != "b000" {
		t.Errorf("the histories are %v", bulk)
	}
	steps := func(q core.SampleQuery) (steps []int64) {
		t.Helper()
		for i, p := range got(s.SampleHistory(ctx, q))(t) {
			if want := ids[min(i/len(ids)/2, 1)]; q.Limit == 4 && p.RunID != want {
				t.Errorf("point %d is of run %s, want %s", i, p.RunID, want)
			}
			steps = append(steps, p.Step)
		}
		return steps
	}
	same(t, steps(core.SampleQuery{Runs: asked, Key: "k", Limit: 4}), []int64{0, 3, 6, 9, 0, 3, 6, 9})
	same(t, steps(core.SampleQuery{Runs: ids[:1], Key: "k", Start: new(int64(2)), End: new(int64(4))}), []int64{2, 3, 4})
	refused(t, drop(s.SampleHistory(ctx, core.SampleQuery{Runs: ids, Key: "k", Start: new(int64(2))})), core.ErrInvalid, "step")
}
