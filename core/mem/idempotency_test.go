package mem_test

import (
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func TestRunIdempotencyKey(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	spec := core.RunSpec{User: "u", IdempotencyKey: "key"}
	first := got(s.CreateRun(ctx, "0", spec))(t)
	ok(t, s.Close())
	s = s.Reopen()
	spec.Tags = map[string]string{} // D-20: the same as nil
	same(t, got(s.CreateRun(ctx, "0", spec))(t), first)
	spec.User = "other"
	refused(t, drop(s.CreateRun(ctx, "0", spec)), core.ErrAborted, "key")
	got(s.UpdateRun(ctx, first.ID, core.RunChange{Lifecycle: core.Deleted}))(t)
	ok(t, s.PurgeRun(ctx, first.ID))
	if again := got(s.CreateRun(ctx, "0", spec))(t); again.ID == first.ID {
		t.Error("a purged run came back")
	}
}

func TestVersionIdempotencyKey(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewRegistry()
	got(s.CreateModel(ctx, core.ModelSpec{Name: "m"}))(t)
	spec := core.VersionSpec{Source: "s3://b/k", IdempotencyKey: "key"}
	first := got(s.CreateVersion(ctx, "m", spec))(t)
	same(t, got(s.CreateVersion(ctx, "m", spec))(t), first)
	other := spec
	other.Source = "s3://b/other"
	refused(t, drop(s.CreateVersion(ctx, "m", other)), core.ErrAborted, "key")
	ok(t, s.DeleteVersion(ctx, core.VersionRef{Model: "m", Number: 1}))
	refused(t, drop(s.CreateVersion(ctx, "m", spec)), core.ErrNotFound, "version=1")
	ok(t, s.DeleteModel(ctx, "m"))
	got(s.CreateModel(ctx, core.ModelSpec{Name: "m"}))(t)
	if v := got(s.CreateVersion(ctx, "m", other))(t); v.Number != 1 {
		t.Errorf("a model made afresh starts with version %d", v.Number)
	}
}

func TestJobIdempotencyKey(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewProjects()
	project := core.Project{Dir: t.TempDir(), EntryPoint: "main", Command: "true"}
	o := core.SubmitOptions{IdempotencyKey: "key"}
	first := got(s.Submit(ctx, project, o))(t)
	if again := got(s.Submit(ctx, project, o))(t); again != first {
		t.Errorf("a repeated submission is the job %s, not %s", again, first)
	}
	project.Command = "false"
	refused(t, drop(s.Submit(ctx, project, o)), core.ErrAborted, "key")
}
