package project

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// patience is how long a job or a call may take that has nothing to wait for.
const patience = 10 * time.Second

// stage is where a case plays: its backend and, where there is one, the driver of its jobs.
type stage struct {
	check
	env    *env
	store  store
	driver Driver
}

// played makes the function of a case that plays the part of jobs.
func played(drive Drive, f func(*stage)) func(check, *env) {
	return func(t check, e *env) { f(&stage{check: t, env: e, store: e.Store, driver: drive(e.Store)}) }
}

// project is one that every backend takes.
func project(t check, e *env) core.Project {
	t.Helper()
	return core.Project{
		URI: "conformance", Dir: t.TempDir(), Name: e.Name("project"), EntryPoint: "main", Command: "echo conformance",
		Parameters: []core.Param{{Key: "alpha", Value: "0.5"}}, Env: core.ProjectEnv{Manager: core.EnvLocal},
	}
}

// submit starts a job of a good project and registers its cancellation.
func submit(t check, e *env, s store, o core.SubmitOptions) core.JobID {
	t.Helper()
	id, err := s.Submit(t.Context(), project(t, e), o)
	conformance.NoError(t, "Submit", err)
	cancelLater(t, e, id)
	return id
}

func cancelLater(t check, e *env, id core.JobID) {
	t.Helper()
	e.Undo(t, "canceling job "+string(id), func(ctx context.Context) error { return e.Store.Cancel(ctx, id) })
}

func (s *stage) submit() core.JobID {
	s.Helper()
	return submit(s, s.env, s.store, core.SubmitOptions{})
}

// running submits a job and lets it run.
func (s *stage) running() core.JobID {
	s.Helper()
	id := s.submit()
	s.start(id)
	return id
}

func (s *stage) start(id core.JobID) {
	s.Helper()
	conformance.NoError(s, "starting the job", s.driver.Start(id))
	s.becomes(id, core.Running)
}

func (s *stage) write(id core.JobID, stream core.LogStream, text string) {
	s.Helper()
	conformance.NoError(s, "writing a line", s.driver.Write(id, core.LogLine{Stream: stream, Text: text}))
}

func (s *stage) finish(id core.JobID, exitCode int) core.Job {
	s.Helper()
	conformance.NoError(s, "ending the job", s.driver.Finish(id, exitCode))
	if exitCode == 0 {
		return s.becomes(id, core.Finished)
	}
	return s.becomes(id, core.Failed)
}

func (s *stage) cancel(id core.JobID) {
	s.Helper()
	conformance.NoError(s, "Cancel", s.store.Cancel(s.Context(), id))
}

// becomes polls through the second handle until the job is in the state.
func (s *stage) becomes(id core.JobID, want core.RunStatus) core.Job {
	s.Helper()
	return awaited(s, s.env, id, want)
}

func awaited(t check, e *env, id core.JobID, want core.RunStatus) core.Job {
	t.Helper()
	var job core.Job
	err := poll(t.Context(), func(ctx context.Context) (done bool, err error) {
		job, err = e.Second().Job(ctx, id)
		return job.Status == want || job.Status.Terminal(), err
	})
	conformance.NoError(t, "Job", err)
	if job.Status != want {
		t.Fatalf("the job is %s, want %s", job.Status, want)
	}
	return job
}

// poll asks until the answer is yes, but no longer than patience.
func poll(ctx context.Context, ask func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	for {
		if done, err := ask(ctx); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New("it takes too long")
		case <-ticks.C:
		}
	}
}

// stays fails the case unless the job is as it was.
func (s *stage) stays(want core.Job) {
	s.Helper()
	s.env.Observe(s, func(ctx context.Context, b store) error {
		got, err := b.Job(ctx, want.ID)
		if err != nil {
			return fmt.Errorf("job: got error %w, want success", err)
		}
		if d := conformance.Difference(got, want); d != "" {
			return errors.New("job" + d)
		}
		return nil
	})
}

// read follows a log to its end, in pages of the length given.
func (s *stage) read(id core.JobID, limit int) []core.LogLine {
	s.Helper()
	var all []core.LogLine
	o := core.LogOptions{PageOptions: core.PageOptions{Limit: limit}}
	err := poll(s.Context(), func(ctx context.Context) (bool, error) {
		for {
			page, err := s.env.Second().Logs(ctx, id, o)
			if err != nil {
				return false, err
			}
			if limit > 0 && len(page.Items) > limit {
				return false, fmt.Errorf("a page has %d lines, want at most %d", len(page.Items), limit)
			}
			all = append(all, page.Items...)
			o.Token = page.Next
			if page.Next == "" || len(page.Items) == 0 {
				return page.Next == "", nil
			}
		}
	})
	conformance.NoError(s, "Logs", err)
	return all
}

// texts are the lines of a stream, in order.
func texts(lines []core.LogLine, stream core.LogStream) []string {
	var all []string
	for _, line := range lines {
		if line.Stream == stream {
			all = append(all, line.Text)
		}
	}
	return all
}

func ptr[V any](v V) *V { return &v }
