package project

import (
	"context"
	"slices"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func faultCases() []entry {
	return []entry{
		{
			ID: "PB-049", Name: "fault/backend-restart", Level: conformance.Extended, Hooks: []conformance.Hook{conformance.RestartHook},
			Rule: "After a restart of what runs the jobs a job is found again, or has FAILED with a reason; it does not run for ever.",
			Run:  restarted,
		},
		{
			ID: "PB-050", Name: "fault/stall", Level: conformance.Extended, Hooks: []conformance.Hook{conformance.FaultsHook},
			Rule: "Calls of a backend that does not answer end by their deadline; a call that is lost is ErrUnavailable.", Run: stalled,
		},
		{
			ID: "PB-059", Name: "fault/read-only", Level: conformance.Extended, Hooks: []conformance.Hook{conformance.ReadOnlyHook},
			Rule: "A backend that was opened for reading refuses every change with ErrPermission, without effect.", Run: readOnly,
		},
		{
			ID: "PB-054", Name: "perf/submit-latency", Level: conformance.Performance, Alone: true,
			Rule: "The last of a hundred jobs costs at most three times as much to submit as the first ones.", Run: submitCost,
		},
	}
}

func restarted(t check, e *env) {
	s := e.Fresh(t)
	id, err := s.Submit(t.Context(), project(t, e), core.SubmitOptions{})
	conformance.NoError(t, "Submit", err)
	e.Restart(t, s)
	job, err := s.Job(t.Context(), id)
	conformance.NoError(t, "Job, the first call after a restart", err)
	conformance.Equal(t, "id", job.ID, id)
	if job.Status == core.Failed && job.Message == "" {
		t.Error("the job has failed without a reason")
	}
	conformance.NoError(t, "Cancel", s.Cancel(t.Context(), id))
	err = poll(t.Context(), func(ctx context.Context) (bool, error) {
		job, err = s.Job(ctx, id)
		return job.Status.Terminal(), err
	})
	conformance.NoError(t, "the end of a job that was canceled after a restart", err)
}

func stalled(t check, e *env) {
	const given, more = 200 * time.Millisecond, time.Second
	over, faults := e.Faulty(t)
	defer faults.Heal() // before the clean-up
	id := submit(t, e, e.Store, core.SubmitOptions{})
	before, err := e.Store.Job(t.Context(), id)
	conformance.NoError(t, "Job", err)
	if !faults.Break(conformance.Stall) {
		t.Skip("the harness cannot stall the path")
	}
	all := methods(t, e)
	for _, m := range all {
		ctx, cancel := context.WithTimeout(t.Context(), given)
		what := m.name + " of a backend that does not answer"
		err := conformance.Ends(t, given+more, what, func() error { return m.call(ctx, over, id) })
		cancel()
		if err == nil && m.name == "Describe" { // what a handle knows needs no answer
			continue
		}
		conformance.RefusedAs(t, what, err, context.DeadlineExceeded, core.ErrUnavailable)
	}
	faults.Heal()
	after, err := e.Store.Job(t.Context(), id)
	conformance.NoError(t, "Job", err)
	if before.Status != core.Killed && after.Status == core.Killed {
		t.Error("a Cancel that ended by its deadline before it arrived has killed the job")
	}
	if faults.Break(conformance.LoseRequest) {
		if _, err := over.Job(t.Context(), id); err != nil { // whoever asks again by itself may succeed
			conformance.Refused(t, "Job that does not arrive", err, core.ErrUnavailable)
		}
		faults.Heal()
	}
	_, err = over.Job(t.Context(), id)
	conformance.NoError(t, "Job when the backend answers again", err)
}

func readOnly(t check, e *env) {
	id := submit(t, e, e.Store, core.SubmitOptions{})
	reader := e.ReadOnly(t)
	for _, m := range methods(t, e) {
		err := m.call(t.Context(), reader, id)
		if m.name == "Submit" || m.name == "Cancel" {
			conformance.Refused(t, m.name+" of what may only be read", err, core.ErrPermission)
			continue
		}
		conformance.NoError(t, m.name+" of what may only be read", err)
	}
	job, err := e.Second().Job(t.Context(), id)
	conformance.NoError(t, "Job", err)
	if job.Status == core.Killed {
		t.Error("the job was killed by whom may only read")
	}
}

func submitCost(t check, e *env) {
	const jobs, some = 100, 10
	p := project(t, e)
	took := make([]time.Duration, jobs)
	for i := range took {
		began := time.Now()
		id, err := e.Store.Submit(t.Context(), p, core.SubmitOptions{})
		took[i] = time.Since(began)
		conformance.NoError(t, "Submit", err)
		cancelLater(t, e, id)
	}
	median := func(of []time.Duration) time.Duration {
		of = slices.Sorted(slices.Values(of))
		return of[len(of)/2]
	}
	first, last := median(took[:some]), median(took[jobs-some:])
	t.Logf("the first jobs took %v, the last ones %v", first, last)
	if last > 3*first {
		t.Errorf("of %d jobs the first took %v to submit, the last ones %v: want at most three times as much", jobs, first, last)
	}
}
