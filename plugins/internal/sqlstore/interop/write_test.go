package interop_test

import (
	"math"
	"testing"

	"github.com/mlstore/mlstore/core"
)

// written names what write has written and MLflow goes on with.
type written struct {
	run, deleted        core.RunID
	experiment, trashed core.ExperimentID
}

// write writes something of everything.
func (s stores) write(t *testing.T) written {
	t.Helper()
	ctx := t.Context()
	var w written
	create := func(name string) core.ExperimentID {
		e, err := s.CreateExperiment(ctx, core.ExperimentSpec{Name: name, Tags: map[string]string{"empty": "", "a/b": "ü\nx"}})
		check(t, err)
		return e.ID
	}
	run := func(in core.ExperimentID, spec core.RunSpec) core.RunID {
		r, err := s.CreateRun(ctx, in, spec)
		check(t, err)
		return r.ID
	}
	w.experiment, w.trashed = create("ours"), create("ours in the trash")
	run(w.trashed, core.RunSpec{Name: "in the trash"})
	check(t, s.UpdateExperiment(ctx, w.trashed, core.ExperimentChange{Lifecycle: core.Deleted}))
	in := create("our runs: \"'`")
	w.deleted = run(in, core.RunSpec{Name: "deleted"})
	_, err := s.UpdateRun(ctx, w.deleted, core.RunChange{Lifecycle: core.Deleted})
	check(t, err)
	w.run = run(in, core.RunSpec{Name: "values", User: "me", StartTime: 1600000000123, Tags: map[string]string{"removed": "x"}})
	b := core.Batch{
		Params: []core.Param{{Key: "lr", Value: "0.1"}, {Key: "ünï/cödé x", Value: "'\"\n\\"}},
		Tags:   []core.Tag{{Key: "replaced", Value: "x"}, {Key: "empty", Value: ""}},
	}
	for i, value := range []float64{0, 1, 0.1, 1e22, 5e-324, math.MaxFloat64, math.NaN(), math.Inf(1), math.Inf(-1), -1.5, 1<<53 + 2} {
		b.Metrics = append(b.Metrics, core.Metric{Key: "value", Value: value, Timestamp: core.Millis(i), Step: int64(i % 4)},
			core.Metric{Key: "tie", Value: value, Timestamp: 4, Step: 4})
	}
	for range 2 { // the second time changes nothing
		check(t, s.LogBatch(ctx, w.run, b))
	}
	s.writeLineage(t, in)
	s.writeModels(t)
	return w
}

func (s stores) writeLineage(t *testing.T, in core.ExperimentID) {
	t.Helper()
	ctx := t.Context()
	r, err := s.CreateRun(ctx, in, core.RunSpec{Name: "lineage"})
	check(t, err)
	logged, _ := core.As[core.LoggedModels](s.TrackingStore)
	m, err := logged.CreateLoggedModel(ctx, in, core.LoggedModelSpec{
		Name: "made", Type: "linear", SourceRunID: r.ID, Params: map[string]string{"p": "1"}, Tags: map[string]string{"t": "ü"},
	})
	check(t, err)
	_, err = logged.UpdateLoggedModel(ctx, m.ID, core.LoggedModelChange{Status: core.ModelReady})
	check(t, err)
	lineage, _ := core.As[core.Lineage](s.TrackingStore)
	check(t, lineage.LogInputs(ctx, r.ID, core.Inputs{Models: []core.ModelID{m.ID}, Datasets: []core.DatasetInput{
		{Dataset: core.Dataset{Name: "ours", Digest: "d", SourceType: "local", Source: "{}", Schema: "{}"}, Tags: map[string]string{
			core.DataContextTag: "eval",
		}},
		{Dataset: core.Dataset{Name: "ours", Digest: "e", SourceType: "local", Source: "{}"}},
	}}))
	check(t, lineage.LogOutputs(ctx, r.ID, []core.ModelOutput{{ModelID: m.ID, Step: 3}}))
	check(t, s.LogBatch(ctx, r.ID, core.Batch{Metrics: []core.Metric{
		{Key: "acc", Value: 0.5, Timestamp: 7, Step: 3, ModelID: m.ID}, {Key: "acc", Value: 0.75, Timestamp: 8, Step: 4, ModelID: m.ID},
	}}))
}

func (s stores) writeModels(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	_, err := s.registry.CreateModel(ctx, core.ModelSpec{
		Name: "ours", Description: "two\nlines", Tags: map[string]string{"gone": "x", "kept": "ü", "empty": ""},
	})
	check(t, err)
	_, err = s.registry.CreateModel(ctx, core.ModelSpec{Name: "short-lived"})
	check(t, err)
	create := func(model string, spec core.VersionSpec) core.VersionRef {
		v, err := s.registry.CreateVersion(ctx, model, spec)
		check(t, err)
		return core.VersionRef{Model: v.Model, Number: v.Number}
	}
	create("short-lived", core.VersionSpec{Source: "s3://b/short", Tags: map[string]string{"a": "b"}})
	var refs []core.VersionRef
	for range 4 {
		refs = append(refs, create("ours", core.VersionSpec{
			Source: "s3://b/k", RunID: core.NewRunID(), RunLink: "https://host/run", User: "me", Description: "d", ModelID: core.NewModelID(),
			Tags: map[string]string{"k": "v"},
		}))
	}
	aliases, _ := core.As[core.Aliases](s.registry)
	for alias, ref := range map[string]core.VersionRef{"champion": refs[1], "second": refs[1], "last": refs[3]} {
		check(t, aliases.SetAlias(ctx, ref, alias))
	}
	stages, _ := core.As[core.Stages](s.registry)
	for _, ref := range refs[:3] {
		_, err := stages.SetStage(ctx, ref, core.StageChange{Stage: core.StageProduction, ArchiveExisting: true})
		check(t, err)
	}
	check(t, s.registry.DeleteVersion(ctx, refs[3]))
}
