package mem_test

import (
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func TestImportTracking(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	e := core.Experiment{
		ID: "1", Name: "e", ArtifactLocation: "s3://b/e", Lifecycle: core.Deleted, CreatedAt: 3, UpdatedAt: 4,
		Tags: map[string]string{"k": "v"},
	}
	r := core.Run{
		RunInfo: core.RunInfo{
			ID: someRun, ExperimentID: "1", Name: "n", User: "u", Status: core.Killed, StartTime: 1, EndTime: 2,
			ArtifactURI: "s3://b/r", Lifecycle: core.Deleted, DeletedAt: 9,
		},
		RunData: core.RunData{
			Metrics: map[string]core.Metric{"m": {Key: "m"}}, Params: map[string]string{"p": "1"},
			Tags: map[string]string{core.RunNameTag: "n"},
		},
		Outputs: []core.ModelOutput{{ModelID: someModel, Step: 3}},
	}
	m := core.LoggedModel{
		ID: someModel, ExperimentID: "1", Name: "m", Status: core.ModelReady, Lifecycle: core.Active, CreatedAt: 1, UpdatedAt: 2,
		Params: map[string]string{}, Tags: map[string]string{},
	}
	refused(t, s.ImportRun(ctx, r), core.ErrNotFound, "1")
	for range 2 { // a copy can be repeated
		ok(t, s.ImportExperiment(ctx, e))
		ok(t, s.ImportRun(ctx, r))
		ok(t, s.ImportLoggedModel(ctx, m))
	}
	same(t, got(s.Experiment(ctx, core.ExperimentRef{ID: "1"}))(t), e)
	want := r
	want.Metrics = map[string]core.Metric{}
	same(t, got(s.Run(ctx, someRun))(t), want)
	same(t, got(s.LoggedModel(ctx, someModel))(t), m)

	r.Lifecycle, r.DeletedAt, r.Params, r.ExperimentID = core.Active, 0, map[string]string{"q": "2"}, "0"
	ok(t, s.ImportRun(ctx, r))
	now := got(s.Run(ctx, someRun))(t)
	same(t, now.Params, r.Params)
	old := core.RunQuery{Experiments: []core.ExperimentID{"1"}, View: core.AllStages}
	if page := got(s.SearchRuns(ctx, old))(t); len(page.Items) != 0 {
		t.Errorf("the moved run is still in its old experiment: %v", page.Items)
	}
	for _, l := range []core.Lifecycle{core.Active, core.Deleted} { // of the old experiment
		ok(t, s.UpdateExperiment(ctx, "1", core.ExperimentChange{Lifecycle: l}))
	}
	logMetrics(t, s, someRun, core.Metric{Key: "k"})
	ok(t, s.ImportRun(ctx, r))
	if points := history(t, s, someRun, 0); len(points) != 1 || len(got(s.Run(ctx, someRun))(t).Metrics) != 1 {
		t.Errorf("importing again left the history %v", points)
	}

	e2 := got(s.CreateExperiment(ctx, core.ExperimentSpec{Name: "next"}))(t)
	if e2.ID == "1" {
		t.Error("the id of an imported experiment was given again")
	}
	e.ID = "77"
	refused(t, s.ImportExperiment(ctx, e), core.ErrExists, "e")
	for name, bad := range map[string]error{
		"experiment id":        s.ImportExperiment(ctx, core.Experiment{ID: "../x", Name: "x", Lifecycle: core.Active}),
		"experiment lifecycle": s.ImportExperiment(ctx, core.Experiment{ID: "8", Name: "x"}),
		"run status":           s.ImportRun(ctx, core.Run{RunInfo: core.RunInfo{ID: "r1", ExperimentID: "0", Lifecycle: core.Active}}),
		"model status":         s.ImportLoggedModel(ctx, core.LoggedModel{ID: someModel, ExperimentID: "0", Lifecycle: core.Active}),
	} {
		t.Log(name)
		refused(t, bad, core.ErrInvalid, "")
	}
}

func TestImportRegistry(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewRegistry()
	m := core.Model{Name: "m", Description: "d", CreatedAt: 1, UpdatedAt: 2, Tags: map[string]string{"k": "v"}}
	v := core.Version{
		Model: "m", Number: 7, CreatedAt: 3, UpdatedAt: 4, User: "u", Stage: core.StageProduction, Source: "s3://b/k",
		Status: core.VersionFailed, StatusMessage: "no", Tags: map[string]string{"k": "v"}, Aliases: []string{"a", "b"},
	}
	refused(t, s.ImportVersion(ctx, v), core.ErrNotFound, "m")
	for range 2 {
		ok(t, s.ImportModel(ctx, m))
		ok(t, s.ImportVersion(ctx, v))
	}
	same(t, got(s.Version(ctx, core.VersionRef{Model: "m", Number: 7}))(t), v)
	want := m
	want.Aliases, want.Latest = map[string]int{"a": 7, "b": 7}, []core.Version{v}
	same(t, got(s.Model(ctx, "m"))(t), want)
	if next := got(s.CreateVersion(ctx, "m", core.VersionSpec{Source: "s3://b/k"}))(t); next.Number != 8 {
		t.Errorf("after an imported 7 comes %d", next.Number)
	}
	v.Number, v.Aliases = 3, []string{"b"}
	ok(t, s.ImportVersion(ctx, v))
	same(t, got(s.Model(ctx, "m"))(t).Aliases, map[string]int{"a": 7, "b": 3})
	same(t, got(s.Version(ctx, ref(7)))(t).Aliases, []string{"a"})
	v.Aliases = []string{"latest"}
	refused(t, s.ImportVersion(ctx, v), core.ErrInvalid, "latest")
}
