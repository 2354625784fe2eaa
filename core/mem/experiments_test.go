package mem_test

import (
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func TestDefaultExperiment(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	e := got(s.Experiment(ctx, core.ExperimentRef{ID: core.DefaultExperimentID}))(t)
	if e.Name != core.DefaultExperimentName || e.Lifecycle != core.Active || e.CreatedAt != e.UpdatedAt {
		t.Errorf("unexpected default experiment %+v", e)
	}
	refused(t, s.UpdateExperiment(ctx, "0", core.ExperimentChange{Lifecycle: core.Deleted}), core.ErrState, "'0'")
	refused(t, s.PurgeExperiment(ctx, "0"), core.ErrState, "0")
	e.Lifecycle = core.Deleted
	refused(t, s.ImportExperiment(ctx, e), core.ErrState, "'0'")
}

func TestExperimentNames(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	a := got(s.CreateExperiment(ctx, core.ExperimentSpec{Name: "a", Tags: map[string]string{"k": "v"}}))(t)
	b := got(s.CreateExperiment(ctx, core.ExperimentSpec{Name: "b", ArtifactLocation: "s3://x/y?z=%20/"}))(t)
	if b.ArtifactLocation != "s3://x/y?z=%20/" || a.ArtifactLocation == "" {
		t.Errorf("locations %q, %q", a.ArtifactLocation, b.ArtifactLocation)
	}
	refused(t, drop(s.CreateExperiment(ctx, core.ExperimentSpec{Name: "a"})), core.ErrExists, "a")
	refused(t, s.UpdateExperiment(ctx, b.ID, core.ExperimentChange{Name: new("a")}), core.ErrExists, "a")
	ok(t, s.UpdateExperiment(ctx, b.ID, core.ExperimentChange{Name: new("b")}))
	same(t, got(s.Experiment(ctx, core.ExperimentRef{ID: b.ID}))(t), b)
	ok(t, s.UpdateExperiment(ctx, a.ID, core.ExperimentChange{Name: new("c")}))
	refused(t, drop(s.Experiment(ctx, core.ExperimentRef{Name: "a"})), core.ErrNotFound, "a")
	ok(t, s.UpdateExperiment(ctx, a.ID, core.ExperimentChange{Lifecycle: core.Deleted}))
	refused(t, drop(s.CreateExperiment(ctx, core.ExperimentSpec{Name: "c"})), core.ErrExists, "c")
	refused(t, s.UpdateExperiment(ctx, a.ID, core.ExperimentChange{Name: new("d")}), core.ErrState, string(a.ID))
	refused(t, s.ChangeExperimentTags(ctx, a.ID, core.TagChange{Set: map[string]string{"x": "y"}}), core.ErrState, string(a.ID))
	ok(t, s.PurgeExperiment(ctx, a.ID))
	c := got(s.CreateExperiment(ctx, core.ExperimentSpec{Name: "c"}))(t)
	if c.ID == a.ID || len(c.Tags) != 0 {
		t.Errorf("the new experiment %+v has something of the purged one", c)
	}
}

func TestExperimentLifecycle(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	e := got(s.CreateExperiment(ctx, core.ExperimentSpec{Name: "e"}))(t)
	kept := got(s.CreateRun(ctx, e.ID, core.RunSpec{}))(t)
	deleted := got(s.CreateRun(ctx, e.ID, core.RunSpec{}))(t)
	got(s.UpdateRun(ctx, deleted.ID, core.RunChange{Lifecycle: core.Deleted}))(t)
	to := func(l core.Lifecycle) core.ExperimentChange { return core.ExperimentChange{Lifecycle: l} }
	stages := func(want core.Lifecycle) {
		t.Helper()
		for _, id := range []core.RunID{kept.ID, deleted.ID} {
			r := got(s.Run(ctx, id))(t)
			if r.Lifecycle != want || (r.DeletedAt != 0) != (want == core.Deleted) {
				t.Errorf("run is %s, deleted at %d; want %s", r.Lifecycle, r.DeletedAt, want)
			}
		}
	}

	refused(t, s.UpdateExperiment(ctx, e.ID, to(core.Active)), core.ErrNotFound, string(e.ID))
	ok(t, s.UpdateExperiment(ctx, e.ID, to(core.Deleted)))
	refused(t, s.UpdateExperiment(ctx, e.ID, to(core.Deleted)), core.ErrNotFound, string(e.ID))
	stages(core.Deleted)
	refused(t, drop(s.CreateRun(ctx, e.ID, core.RunSpec{})), core.ErrState, string(e.ID))
	refused(t, drop(s.CreateLoggedModel(ctx, e.ID, core.LoggedModelSpec{})), core.ErrState, string(e.ID))
	ok(t, s.UpdateExperiment(ctx, e.ID, to(core.Active))) // D-4: every run comes back
	stages(core.Active)
	refused(t, s.UpdateExperiment(ctx, "404", to(core.Deleted)), core.ErrNotFound, "404")
}

func TestExperimentTags(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	e := got(s.CreateExperiment(ctx, core.ExperimentSpec{Name: "e", Tags: map[string]string{"a": "1", "b": "2"}}))(t)
	refused(t, s.ChangeExperimentTags(ctx, e.ID, core.TagChange{
		Set: map[string]string{"c": "3"}, Delete: []string{"a", "none"},
	}), core.ErrNotFound, "none")
	same(t, got(s.Experiment(ctx, core.ExperimentRef{ID: e.ID}))(t), e)
	ok(t, s.ChangeExperimentTags(ctx, e.ID, core.TagChange{Set: map[string]string{"b": "3"}, Delete: []string{"a"}}))
	e.Tags = map[string]string{"b": "3"}
	same(t, got(s.Experiment(ctx, core.ExperimentRef{ID: e.ID}))(t), e)
}
