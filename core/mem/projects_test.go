package mem_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func submit(t *testing.T, s *mem.Projects) core.JobID {
	t.Helper()
	return got(s.Submit(t.Context(), core.Project{Dir: t.TempDir(), EntryPoint: "main", Command: "true"}, core.SubmitOptions{}))(t)
}

func TestSubmitRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := core.Project{Dir: dir, EntryPoint: "main", Command: "true"}
	for _, c := range []struct {
		name   string
		change func(*core.Project, *core.SubmitOptions)
		want   error
	}{
		{"no folder", func(p *core.Project, _ *core.SubmitOptions) { p.Dir = "" }, core.ErrNotFound},
		{"missing folder", func(p *core.Project, _ *core.SubmitOptions) { p.Dir = filepath.Join(dir, "x") }, core.ErrNotFound},
		{"no entry point", func(p *core.Project, _ *core.SubmitOptions) { p.EntryPoint = "" }, core.ErrInvalid},
		{"no command", func(p *core.Project, _ *core.SubmitOptions) { p.Command = "" }, core.ErrInvalid},
		{"run id", func(_ *core.Project, o *core.SubmitOptions) { o.RunID = "../x" }, core.ErrInvalid},
		{"experiment id", func(_ *core.Project, o *core.SubmitOptions) { o.ExperimentID = "../x" }, core.ErrInvalid},
		{"config", func(_ *core.Project, o *core.SubmitOptions) { o.Config = json.RawMessage("[1]") }, core.ErrInvalid},
		{"broken config", func(_ *core.Project, o *core.SubmitOptions) { o.Config = json.RawMessage("{") }, core.ErrInvalid},
	} {
		p, o := good, core.SubmitOptions{}
		c.change(&p, &o)
		t.Log(c.name)
		refused(t, drop(mem.NewProjects().Submit(t.Context(), p, o)), c.want, "")
	}
}

func TestJobSteps(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewProjects()
	id := submit(t, s)
	state := func(want core.RunStatus) core.Job {
		t.Helper()
		j := got(s.Job(ctx, id))(t)
		if j.Status != want || (j.StartedAt != 0) != (want != core.Scheduled) || (j.EndedAt != 0) != want.Terminal() {
			t.Errorf("the job is %+v, want %s", j, want)
		}
		return j
	}
	state(core.Scheduled)
	refused(t, s.Finish(id, 0), core.ErrState, "SCHEDULED")
	refused(t, s.Write(id, core.LogLine{}), core.ErrState, "SCHEDULED")
	ok(t, s.Start(id))
	refused(t, s.Start(id), core.ErrState, "RUNNING")
	state(core.Running)
	ok(t, s.Close())
	s = s.Reopen()
	ok(t, s.Finish(id, 7))
	j := state(core.Failed)
	if *j.ExitCode != 7 || j.SubmittedAt > j.StartedAt || j.StartedAt > j.EndedAt {
		t.Errorf("the job ended as %+v", j)
	}
	*j.ExitCode = 0
	ok(t, s.Cancel(ctx, id))
	refused(t, s.Finish(id, 0), core.ErrState, "FAILED")
	if *state(core.Failed).ExitCode != 7 {
		t.Error("a returned job shares memory with the store")
	}
	for _, unknown := range []core.JobID{"", "../x", "none"} {
		refused(t, drop(s.Job(ctx, unknown)), core.ErrNotFound, string(unknown))
		refused(t, s.Cancel(ctx, unknown), core.ErrNotFound, string(unknown))
		refused(t, s.Start(unknown), core.ErrNotFound, string(unknown))
		refused(t, drop(s.Logs(ctx, unknown, core.LogOptions{})), core.ErrNotFound, string(unknown))
	}
}

func TestJobEndsOnce(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewProjects()
	for range 50 {
		id := submit(t, s)
		ok(t, s.Start(id))
		var both sync.WaitGroup
		var finished error
		both.Go(func() { finished = s.Finish(id, 0) })
		both.Go(func() { ok(t, s.Cancel(ctx, id)) })
		both.Wait()
		want := core.Finished
		if finished != nil {
			want = core.Killed
		}
		if finished != nil && !errors.Is(finished, core.ErrState) || got(s.Job(ctx, id))(t).Status != want {
			t.Fatalf("Finish said %v, the job is %+v", finished, got(s.Job(ctx, id))(t))
		}
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewProjects()
	id := submit(t, s)
	ok(t, s.Start(id))
	var want, all []core.LogLine
	write := func() {
		line := core.LogLine{Stream: core.Stdout, Text: fmt.Sprint("line ", len(want)), Time: core.Millis(len(want))}
		want = append(want, line)
		ok(t, s.Write(id, line))
	}
	o := core.LogOptions{PageOptions: core.PageOptions{Limit: 2}}
	read := func(lines int) {
		t.Helper()
		page := got(s.Logs(ctx, id, o))(t)
		if len(page.Items) != lines || page.Next == o.Token {
			t.Fatalf("the page has %d lines, want %d; its token %q follows %q", len(page.Items), lines, page.Next, o.Token)
		}
		all = append(all, page.Items...)
		o.Token = page.Next
	}
	read(0)
	for range 5 {
		write()
	}
	read(2)
	read(2)
	read(1)
	read(0)
	read(0)
	write()
	ok(t, s.Finish(id, 0))
	read(1)
	if o.Token != "" {
		t.Errorf("the log of a job that ended goes on at %q", o.Token)
	}
	same(t, all, want)
	o.Token = "garbage"
	refused(t, drop(s.Logs(ctx, id, o)), core.ErrInvalid, "page token")
}
