package mem_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func TestRunCreate(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	e := got(s.CreateExperiment(ctx, core.ExperimentSpec{Name: "e", ArtifactLocation: "gs://b/p?x=1"}))(t)
	r := got(s.CreateRun(ctx, e.ID, core.RunSpec{Name: "n", User: "u", StartTime: 5, Tags: map[string]string{"k": "v"}}))(t)
	want := core.Run{
		RunInfo: core.RunInfo{
			ID: r.ID, ExperimentID: e.ID, Name: "n", User: "u", Status: core.Running, StartTime: 5,
			ArtifactURI: "gs://b/p/" + string(r.ID) + "/artifacts?x=1", Lifecycle: core.Active,
		},
		RunData: core.RunData{
			Metrics: map[string]core.Metric{}, Params: map[string]string{},
			Tags: map[string]string{"k": "v", core.RunNameTag: "n"},
		},
	}
	same(t, r, want)
	same(t, got(s.Run(ctx, r.ID))(t), want)
	refused(t, drop(s.CreateRun(ctx, "404", core.RunSpec{})), core.ErrNotFound, "404")
}

func TestRunNames(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	r := got(s.CreateRun(ctx, "0", core.RunSpec{Tags: map[string]string{core.RunNameTag: "tag"}}))(t)
	named := func(name string) {
		t.Helper()
		if now := got(s.Run(ctx, r.ID))(t); now.Name != name || now.Tags[core.RunNameTag] != name {
			t.Errorf("name %q, tag %q; want %q", now.Name, now.Tags[core.RunNameTag], name)
		}
	}
	named("tag")
	got(s.UpdateRun(ctx, r.ID, core.RunChange{Name: "updated"}))(t)
	named("updated")
	ok(t, s.ChangeRunTags(ctx, r.ID, core.TagChange{Set: map[string]string{core.RunNameTag: "set"}}))
	named("set")
	ok(t, s.LogBatch(ctx, r.ID, core.Batch{Tags: []core.Tag{{Key: core.RunNameTag, Value: "first"}, {Key: core.RunNameTag, Value: "batch"}}}))
	named("batch")
	long := strings.Repeat("x", core.DefaultLimits().RunName+1)
	refused(t, s.ChangeRunTags(ctx, r.ID, core.TagChange{Set: map[string]string{core.RunNameTag: long}}), core.ErrInvalid, "run_name")
	refused(t, s.LogBatch(ctx, r.ID, core.Batch{Tags: []core.Tag{{Key: core.RunNameTag, Value: long}}}), core.ErrInvalid, "run_name")
	named("batch")
	ok(t, s.ChangeRunTags(ctx, r.ID, core.TagChange{Delete: []string{core.RunNameTag}}))
	if now := got(s.Run(ctx, r.ID))(t); now.Name != "batch" {
		t.Errorf("deleting the tag left the name %q", now.Name)
	}
}

func TestRunLifecycle(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	r := got(s.CreateRun(ctx, "0", core.RunSpec{Name: "n"}))(t)
	batch := core.Batch{Metrics: []core.Metric{{Key: "m", Value: 1}}, Params: []core.Param{{Key: "p", Value: "1"}}}
	ok(t, s.LogBatch(ctx, r.ID, batch))
	before := got(s.Run(ctx, r.ID))(t)
	move := func(l core.Lifecycle) core.RunInfo {
		t.Helper()
		return got(s.UpdateRun(ctx, r.ID, core.RunChange{Lifecycle: l}))(t)
	}

	first := move(core.Deleted)
	same(t, move(core.Deleted), first)
	for name, err := range map[string]error{
		"update": drop(s.UpdateRun(ctx, r.ID, core.RunChange{Name: "x"})),
		"tags":   s.ChangeRunTags(ctx, r.ID, core.TagChange{Set: map[string]string{"k": "v"}}),
		"batch":  s.LogBatch(ctx, r.ID, batch),
		"inputs": s.LogInputs(ctx, r.ID, core.Inputs{}),
		"output": s.LogOutputs(ctx, r.ID, nil),
	} {
		t.Log(name)
		refused(t, err, core.ErrState, string(r.ID))
	}
	move(core.Active)
	move(core.Active)
	same(t, got(s.Run(ctx, r.ID))(t), before)
	refused(t, s.PurgeRun(ctx, r.ID), core.ErrState, string(r.ID))
	move(core.Deleted)
	ok(t, s.PurgeRun(ctx, r.ID))
	refused(t, s.PurgeRun(ctx, r.ID), core.ErrNotFound, string(r.ID))
}

func TestRunUpdate(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	r := got(s.CreateRun(ctx, "0", core.RunSpec{Name: "n", StartTime: 1}))(t)
	want := r.RunInfo
	same(t, got(s.UpdateRun(ctx, r.ID, core.RunChange{}))(t), want)
	want.Status, want.EndTime = core.Finished, 7
	same(t, got(s.UpdateRun(ctx, r.ID, core.RunChange{Status: core.Finished, EndTime: new(core.Millis(7))}))(t), want)
	want.Name = "m"
	same(t, got(s.UpdateRun(ctx, r.ID, core.RunChange{Name: "m"}))(t), want)
	want.Status, want.EndTime = core.Running, 0 // D-6
	same(t, got(s.UpdateRun(ctx, r.ID, core.RunChange{Status: core.Running, EndTime: new(core.Millis(0))}))(t), want)
	refused(t, drop(s.UpdateRun(ctx, r.ID, core.RunChange{Status: 9})), core.ErrInvalid, "status")
	refused(t, drop(s.UpdateRun(ctx, r.ID, core.RunChange{Name: "x", Lifecycle: core.Deleted})), core.ErrInvalid, "alone")
	refused(t, drop(s.UpdateRun(ctx, someRun, core.RunChange{})), core.ErrNotFound, string(someRun))
	same(t, got(s.Run(ctx, r.ID))(t).RunInfo, want)
}

func TestResultsAreCopies(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	tags := map[string]string{"k": "v"}
	r := got(s.CreateRun(ctx, "0", core.RunSpec{Tags: tags}))(t)
	in := core.Inputs{Datasets: []core.DatasetInput{{Dataset: core.Dataset{Name: "d", Digest: "1"}, Tags: tags}}, Models: []core.ModelID{someModel}}
	ok(t, s.LogInputs(ctx, r.ID, in))
	ok(t, s.LogOutputs(ctx, r.ID, []core.ModelOutput{{ModelID: someModel, Step: 1}}))
	ok(t, s.LogBatch(ctx, r.ID, core.Batch{Metrics: []core.Metric{{Key: "m", Value: 1}}, Params: []core.Param{{Key: "p", Value: "1"}}}))
	state := func() string { return fmt.Sprintf("%+v", got(s.Run(ctx, r.ID))(t)) }
	before := state()
	spoil := func(r core.Run) {
		r.Tags["k"], r.Params["p"], r.Metrics["m"] = "spoiled", "spoiled", core.Metric{}
		r.Inputs.Datasets[0].Tags["k"], r.Inputs.Datasets[0].Dataset.Name = "spoiled", "spoiled"
		r.Inputs.Models[0], r.Outputs[0] = "spoiled", core.ModelOutput{}
	}
	tags["k"], in.Models[0] = "spoiled", "spoiled"
	spoil(got(s.Run(ctx, r.ID))(t))
	for _, found := range got(s.SearchRuns(ctx, core.RunQuery{Experiments: []core.ExperimentID{"0"}}))(t).Items {
		spoil(found)
	}
	history := got(s.MetricHistory(ctx, r.ID, "m", core.HistoryOptions{}))(t)
	history.Items[0].Value = 7
	same(t, state(), before)
	same(t, got(s.MetricHistory(ctx, r.ID, "m", core.HistoryOptions{}))(t).Items, []core.Metric{{Key: "m", Value: 1}})
}
