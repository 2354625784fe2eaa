package client_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/core/names"
)

func TestSingleValues(t *testing.T) {
	t.Parallel()
	s, ctx := mem.NewTracking(), t.Context()
	id := newRun(t, s).ID
	check(t, client.LogMetric(ctx, s, id, core.Metric{Key: "m", Value: 1, Step: 2}))
	check(t, client.LogParam(ctx, s, id, core.Param{Key: "p", Value: "v"}))
	check(t, client.SetTag(ctx, s, id, core.Tag{Key: "keep", Value: "1"}))
	check(t, client.SetTag(ctx, s, id, core.Tag{Key: "drop", Value: "1"}))
	check(t, client.DeleteTag(ctx, s, id, "drop"))
	wantIs(t, client.DeleteTag(ctx, s, id, "drop"), core.ErrNotFound)
	check(t, client.Terminate(ctx, s, id, core.Killed, 77))
	run, err := s.Run(ctx, id)
	check(t, err)
	delete(run.Tags, core.RunNameTag)
	want := core.RunData{
		Metrics: map[string]core.Metric{"m": {Key: "m", Value: 1, Step: 2}},
		Params:  map[string]string{"p": "v"}, Tags: map[string]string{"keep": "1"},
	}
	if diff := cmp.Diff(want, run.RunData); diff != "" || run.Status != core.Killed || run.EndTime != 77 {
		t.Errorf("status %v at %d (-want +got):\n%s", run.Status, run.EndTime, diff)
	}
	for range 2 {
		check(t, client.DeleteRun(ctx, s, id))
	}
	wantIs(t, client.SetTag(ctx, s, id, core.Tag{Key: "k", Value: "1"}), core.ErrState)
	check(t, client.RestoreRun(ctx, s, id))
	check(t, client.SetTag(ctx, s, id, core.Tag{Key: "k", Value: "1"}))
}

func TestParentRun(t *testing.T) {
	t.Parallel()
	s, ctx := mem.NewTracking(), t.Context()
	parent := newRun(t, s)
	child, err := s.CreateRun(ctx, parent.ExperimentID, core.RunSpec{Tags: map[string]string{core.ParentRunTag: string(parent.ID)}})
	check(t, err)
	got, err := client.ParentRun(ctx, s, child.ID)
	check(t, err)
	if got.ID != parent.ID {
		t.Errorf("parent %s, want %s", got.ID, parent.ID)
	}
	_, err = client.ParentRun(ctx, s, parent.ID)
	wantIs(t, err, core.ErrNotFound)
	_, err = client.ParentRun(ctx, s, core.NewRunID())
	wantIs(t, err, core.ErrNotFound)
}

// racing creates the experiment for somebody else just before it is asked to.
type racing struct{ *mem.Tracking }

func (r racing) CreateExperiment(ctx context.Context, spec core.ExperimentSpec) (core.Experiment, error) {
	if _, err := r.Tracking.CreateExperiment(ctx, core.ExperimentSpec{Name: spec.Name, ArtifactLocation: "s3://theirs"}); err != nil {
		return core.Experiment{}, err
	}
	return r.Tracking.CreateExperiment(ctx, spec)
}

func TestEnsureExperiment(t *testing.T) {
	t.Parallel()
	s, ctx := mem.NewTracking(), t.Context()
	_, err := client.ExperimentByName(ctx, s, "new")
	wantIs(t, err, core.ErrNotFound)
	made, err := client.EnsureExperiment(ctx, s, core.ExperimentSpec{Name: "new", ArtifactLocation: "s3://mine"})
	check(t, err)
	again, err := client.EnsureExperiment(ctx, s, core.ExperimentSpec{Name: "new"})
	check(t, err)
	if again.ID != made.ID || again.ArtifactLocation != "s3://mine" {
		t.Errorf("the second time gave %+v, the first %+v", again, made)
	}
	theirs, err := client.EnsureExperiment(ctx, racing{s}, core.ExperimentSpec{Name: "raced"})
	check(t, err)
	if theirs.ArtifactLocation != "s3://theirs" {
		t.Errorf("lost the race, but got %+v", theirs)
	}
	check(t, s.UpdateExperiment(ctx, made.ID, core.ExperimentChange{Lifecycle: core.Deleted}))
	deleted, err := client.EnsureExperiment(ctx, s, core.ExperimentSpec{Name: "new"})
	check(t, err)
	if deleted.ID != made.ID || deleted.Lifecycle != core.Deleted {
		t.Errorf("got %+v, want the deleted one", deleted)
	}
	_, err = client.EnsureExperiment(ctx, s, core.ExperimentSpec{Name: " "})
	wantIs(t, err, core.ErrInvalid)
}

func TestResolveVersion(t *testing.T) {
	t.Parallel()
	s, ctx := mem.NewRegistry(), t.Context()
	for _, name := range []string{"m", "m2", `it's`, `it's "two"`, "empty"} {
		_, err := s.CreateModel(ctx, core.ModelSpec{Name: name})
		check(t, err)
		for range 3 {
			if name != "empty" {
				_, err = s.CreateVersion(ctx, name, core.VersionSpec{Source: "s3://b/x"})
				check(t, err)
			}
		}
	}
	check(t, s.SetAlias(ctx, core.VersionRef{Model: "m", Number: 2}, "champion"))
	_, err := s.SetStage(ctx, core.VersionRef{Model: "m", Number: 1}, core.StageChange{Stage: core.StageProduction})
	check(t, err)
	check(t, s.DeleteVersion(ctx, core.VersionRef{Model: "m", Number: 3}))
	tests := []struct {
		uri  string
		want int
		err  error
	}{
		{uri: "models:/m/1", want: 1},
		{uri: "models:/m/3", err: core.ErrNotFound},
		{uri: "models:/m@champion", want: 2},
		{uri: "models:/m@nobody", err: core.ErrNotFound},
		{uri: "models:/m/Production", want: 1},
		{uri: "models:/m/production", want: 1},
		{uri: "models:/m/None", want: 2},
		{uri: "models:/m/Staging", err: core.ErrNotFound},
		{uri: "models:/m/nonsense", err: core.ErrInvalid},
		{uri: "models:/m/latest", want: 2},
		{uri: "models:/it's/LATEST", want: 3},
		{uri: `models:/it's "two"/latest`, want: 3},
		{uri: "models:/empty/latest", err: core.ErrNotFound},
		{uri: "models:/nobody/latest", err: core.ErrNotFound},
		{uri: "models:/m-0123456789abcdef0123456789abcdef", err: core.ErrInvalid},
	}
	for _, test := range tests {
		ref, err := names.ModelsURI(test.uri)
		check(t, err)
		got, err := client.ResolveVersion(ctx, s, ref)
		if test.err != nil {
			wantIs(t, err, test.err)
			continue
		}
		check(t, err)
		if got.Model != ref.Name || got.Number != test.want {
			t.Errorf("%s is version %d of %q, want %d", test.uri, got.Number, got.Model, test.want)
		}
	}
}

// bare is a registry without abilities.
type bare struct{ core.RegistryStore }

func TestResolveVersionWithoutAbilities(t *testing.T) {
	t.Parallel()
	s := bare{mem.NewRegistry()}
	for _, ref := range []names.ModelsRef{{Name: "m", Stage: "Production"}, {Name: "m", Alias: "a"}} {
		_, err := client.ResolveVersion(t.Context(), s, ref)
		wantIs(t, err, core.ErrUnsupported)
	}
}
