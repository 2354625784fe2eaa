package project

import (
	"context"
	"errors"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func handleCases() []entry {
	return []entry{
		{
			ID: "PB-024", Name: "status/after-reopen", Level: conformance.Extended, Rule: "A job is known after Close and a new open.",
			Run: reopened,
		},
		{
			ID: "PB-048", Name: "ctx/method-table",
			Rule: "A call whose context has ended returns the context's error at once and has no effect.", Run: contextEnded,
		},
		{ID: "PB-051", Name: "close/running-jobs", Rule: "Close does not wait for jobs.", Run: closeWithJobs},
		{ID: "PB-052", Name: "leak/goroutines", Rule: "Calls leave no goroutine behind.", Run: leaks},
		{
			ID: "PB-057", Name: "close/then-refused", Rule: "After Close every method is ErrClosed, and a second Close succeeds.",
			Run: closedHandle,
		},
		{ID: "PB-058", Name: "sandbox/decoy", Rule: "What the run does not touch is the same after it.", Around: decoy},
	}
}

// method is one method of a backend on a job.
type method struct {
	name string
	call func(context.Context, store, core.JobID) error
}

func methods(t check, e *env) []method {
	t.Helper()
	p := project(t, e)
	return []method{
		{"Describe", func(ctx context.Context, s store, _ core.JobID) error {
			_, err := s.Describe(ctx)
			return err
		}},
		{"Submit", func(ctx context.Context, s store, _ core.JobID) error {
			id, err := s.Submit(ctx, p, core.SubmitOptions{})
			if err == nil {
				cancelLater(t, e, id) //nolint:contextcheck // what is undone is undone under the case's context
			}
			return err
		}},
		{"Job", func(ctx context.Context, s store, id core.JobID) error {
			_, err := s.Job(ctx, id)
			return err
		}},
		{"Cancel", func(ctx context.Context, s store, id core.JobID) error { return s.Cancel(ctx, id) }},
		{"Logs", func(ctx context.Context, s store, id core.JobID) error {
			_, err := s.Logs(ctx, id, core.LogOptions{})
			return err
		}},
	}
}

func contextEnded(t check, e *env) {
	id := submit(t, e, e.Store, core.SubmitOptions{})
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for _, m := range methods(t, e) {
		for ctx, want := range map[context.Context]error{canceled: context.Canceled, expired: context.DeadlineExceeded} {
			err := conformance.Ends(t, patience, m.name, func() error { return m.call(ctx, e.Store, id) })
			if !errors.Is(err, want) {
				t.Errorf("%s under a context that has ended: got error %v, want %v", m.name, err, want)
			}
		}
	}
	job, err := e.Second().Job(t.Context(), id)
	conformance.NoError(t, "Job", err)
	if job.Status == core.Killed {
		t.Error("a Cancel whose context had ended killed the job")
	}
}

func reopened(t check, e *env) {
	first := e.Fresh(t)
	id, err := first.Submit(t.Context(), project(t, e), core.SubmitOptions{})
	conformance.NoError(t, "Submit", err)
	before, err := first.Job(t.Context(), id)
	conformance.NoError(t, "Job", err)
	second := e.Reopen(t, first)
	after, err := second.Job(t.Context(), id)
	conformance.NoError(t, "Job after reopening", err)
	conformance.Equal(t, "id", after.ID, id)
	conformance.Equal(t, "SubmittedAt", after.SubmittedAt, before.SubmittedAt)
	if rank(after.Status) < rank(before.Status) {
		t.Errorf("reopening moved the job from %s to %s", before.Status, after.Status)
	}
	conformance.NoError(t, "Cancel after reopening", second.Cancel(t.Context(), id))
}

func closeWithJobs(t check, e *env) {
	s := e.Fresh(t)
	_, err := s.Submit(t.Context(), project(t, e), core.SubmitOptions{})
	conformance.NoError(t, "Submit", err)
	conformance.NoError(t, "Close", conformance.Ends(t, patience, "Close", s.Close))
}

func closedHandle(t check, e *env) {
	s := e.Fresh(t)
	id, err := s.Submit(t.Context(), project(t, e), core.SubmitOptions{})
	conformance.NoError(t, "Submit", err)
	all := methods(t, e)
	conformance.NoError(t, "Close", s.Close())
	conformance.NoError(t, "a second Close", s.Close())
	for _, m := range all {
		conformance.Refused(t, m.name+" after Close", m.call(t.Context(), s, id), core.ErrClosed)
	}
}

func leaks(t check, e *env) {
	id := submit(t, e, e.Store, core.SubmitOptions{})
	conformance.NoLeak(t, func(ctx context.Context, _ int) error {
		_, jobErr := e.Store.Job(ctx, id)
		_, logErr := e.Store.Logs(ctx, id, core.LogOptions{PageOptions: core.PageOptions{Limit: 1}})
		return errors.Join(jobErr, logErr)
	})
}

// decoy submits and cancels a job, and compares it after the run.
func decoy(t check, e *env) func() {
	id := submit(t, e, e.Store, core.SubmitOptions{})
	conformance.NoError(t, "Cancel", e.Store.Cancel(t.Context(), id))
	var before core.Job
	err := poll(t.Context(), func(ctx context.Context) (done bool, err error) {
		before, err = e.Second().Job(ctx, id)
		return before.Status.Terminal(), err
	})
	conformance.NoError(t, "Job", err)
	return func() {
		after, err := e.Second().Job(t.Context(), id)
		conformance.NoError(t, "Job", err)
		conformance.Equal(t, "the decoy", after, before)
	}
}
