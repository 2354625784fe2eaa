package project

import (
	"context"
	"slices"
	"sync"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func statusCases(drive Drive) []entry {
	return []entry{
		{ID: "PB-002", Name: "submit/ok", Rule: "A program that exits with 0 makes a FINISHED job.", Run: played(drive, endsWell)},
		{
			ID: "PB-003", Name: "submit/fail", Rule: "A program that exits with another code makes a FAILED job with that code.",
			Run: played(drive, endsBadly),
		},
		{
			ID: "PB-017", Name: "submit/two-independent", Rule: "Two calls are two jobs, with their own states and logs.",
			Run: played(drive, twoJobs),
		},
		{
			ID: "PB-020", Name: "status/sequence", Rule: "A job's state only moves forward and never leaves its end.",
			Run: played(drive, sequence),
		},
		{
			ID: "PB-023", Name: "status/times", Rule: "A job is submitted, started and ended in this order, and now.",
			Run: played(drive, times),
		},
		{
			ID: "PB-055", Name: "status/copies", Rule: "Changing what Job returned does not change the job.", Run: played(drive, copies),
		},
	}
}

func cancelCases(drive Drive) []entry {
	return []entry{
		{
			ID: "PB-031", Name: "cancel/running", Rule: "A running job that is canceled becomes KILLED.",
			Run: played(drive, cancelRunning),
		},
		{
			ID: "PB-032", Name: "cancel/scheduled", Level: conformance.Extended, Rule: "A job canceled before it ran never starts.",
			Run: played(drive, cancelScheduled),
		},
		{
			ID: "PB-033", Name: "cancel/terminal", Rule: "Canceling a job that has ended succeeds and changes nothing.",
			Run: played(drive, cancelTerminal),
		},
		{
			ID: "PB-034", Name: "cancel/twice-and-concurrent", Rule: "Canceling a job again changes nothing.",
			Run: played(drive, cancelTwice),
		},
		{
			ID: "PB-038", Name: "cancel/race-with-finish",
			Rule: "A job that is canceled while it ends has exactly one end, the same wherever one looks.", Run: played(drive, cancelRace),
		},
	}
}

func endsWell(s *stage) {
	id := s.running()
	job := s.finish(id, 0)
	conformance.Equal(s, "exit code", job.ExitCode, ptr(0))
	s.stays(job)
}

func endsBadly(s *stage) {
	for _, code := range []int{7, 1, 255} {
		id := s.running()
		job := s.finish(id, code)
		conformance.Equal(s, "exit code", job.ExitCode, ptr(code))
		s.stays(job)
	}
}

func twoJobs(s *stage) {
	a, b := s.running(), s.running()
	if a == b {
		s.Fatal("two calls returned one id")
	}
	s.write(a, core.Stdout, "from a")
	s.write(b, core.Stdout, "from b")
	s.finish(a, 3)
	job, err := s.env.Second().Job(s.Context(), b)
	conformance.NoError(s, "Job", err)
	conformance.Equal(s, "the other job's status", job.Status, core.Running)
	s.finish(b, 0)
	conformance.Equal(s, "log of a", texts(s.read(a, 0), core.Stdout), []string{"from a"})
	conformance.Equal(s, "log of b", texts(s.read(b, 0), core.Stdout), []string{"from b"})
	s.becomes(a, core.Failed)
}

// rank orders the states of a job.
func rank(status core.RunStatus) int {
	return slices.Index([]core.RunStatus{core.Scheduled, core.Running, core.Finished, core.Failed, core.Killed}, status)
}

func sequence(s *stage) {
	for _, end := range []func(core.JobID){
		func(id core.JobID) { s.finish(id, 0) },
		func(id core.JobID) { s.finish(id, 1) },
		func(id core.JobID) { s.cancel(id); s.becomes(id, core.Killed) },
	} {
		last := core.RunStatus(0)
		var id core.JobID
		look := func() {
			s.Helper()
			for range 3 {
				job, err := s.env.Second().Job(s.Context(), id)
				conformance.NoError(s, "Job", err)
				if !job.Status.Valid() || rank(job.Status) < rank(last) || last.Terminal() && job.Status != last {
					s.Errorf("the job went from %s to %s", last, job.Status)
				}
				if job.Status.Terminal() != (job.EndedAt != 0) || (job.Status == core.Scheduled) && job.StartedAt != 0 {
					s.Errorf("times do not fit the status: %+v", job)
				}
				last = job.Status
			}
		}
		id = s.submit()
		look()
		s.start(id)
		look()
		end(id)
		look()
		_ = s.driver.Start(id)     // a job that has ended may refuse, but must not begin again
		_ = s.driver.Finish(id, 0) // nor end again
		look()
		_ = s.store.Cancel(s.Context(), id) // PB-033 looks at its error
		look()
	}
}

func times(s *stage) {
	began := core.Now()
	id := s.running()
	job := s.finish(id, 0)
	s.env.CheckTime(s, "SubmittedAt", job.SubmittedAt, began)
	s.env.CheckTime(s, "StartedAt", job.StartedAt, began)
	s.env.CheckTime(s, "EndedAt", job.EndedAt, began)
	if job.SubmittedAt > job.StartedAt || job.StartedAt > job.EndedAt {
		s.Errorf("submitted at %d, started at %d, ended at %d", job.SubmittedAt, job.StartedAt, job.EndedAt)
	}
	id = s.submit()
	s.cancel(id)
	job = s.becomes(id, core.Killed)
	s.env.CheckTime(s, "EndedAt of a job that never ran", job.EndedAt, began)
}

func copies(s *stage) {
	id := s.running()
	job := s.finish(id, 7)
	*job.ExitCode = 0
	if job.Tags != nil {
		job.Tags["changed"] = "by the caller"
	}
	got, err := s.env.Second().Job(s.Context(), id)
	conformance.NoError(s, "Job", err)
	conformance.Equal(s, "exit code", got.ExitCode, ptr(7))
	if got.Tags["changed"] != "" {
		s.Error("the caller's tag is in the store")
	}
}

func cancelRunning(s *stage) {
	id := s.running()
	s.write(id, core.Stdout, "before")
	s.cancel(id)
	job := s.becomes(id, core.Killed)
	if job.ExitCode != nil && *job.ExitCode == 0 {
		s.Errorf("the exit code of a killed job is 0")
	}
	conformance.Equal(s, "what it wrote", texts(s.read(id, 0), core.Stdout), []string{"before"})
}

func cancelScheduled(s *stage) {
	id := s.submit()
	s.cancel(id)
	job := s.becomes(id, core.Killed)
	conformance.Equal(s, "StartedAt", job.StartedAt, 0)
	_ = s.driver.Start(id) // it may refuse, but must not start
	s.stays(job)
}

func cancelTerminal(s *stage) {
	for _, code := range []int{0, 5} {
		id := s.running()
		job := s.finish(id, code)
		for range 2 {
			s.cancel(id)
			s.stays(job)
		}
	}
}

func cancelTwice(s *stage) {
	id := s.running()
	errs := make([]error, 8)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = s.store.Cancel(s.Context(), id) })
	}
	all.Wait()
	for _, err := range errs {
		conformance.NoError(s, "one of several Cancels", err)
	}
	job := s.becomes(id, core.Killed)
	s.cancel(id)
	s.stays(job)
}

func cancelRace(s *stage) {
	const rounds = 40
	for range rounds {
		id := s.running()
		var both sync.WaitGroup
		var canceled error
		both.Go(func() { canceled = s.store.Cancel(s.Context(), id) })
		both.Go(func() { _ = s.driver.Finish(id, 0) }) // it loses when the job has been canceled
		both.Wait()
		conformance.NoError(s, "Cancel", canceled)
		var job core.Job
		err := poll(s.Context(), func(ctx context.Context) (done bool, err error) {
			job, err = s.store.Job(ctx, id)
			return job.Status.Terminal(), err
		})
		conformance.NoError(s, "Job", err)
		switch {
		case job.Status == core.Finished && (job.ExitCode == nil || *job.ExitCode != 0):
			s.Errorf("a FINISHED job without the exit code 0: %+v", job)
		case job.Status == core.Killed && job.ExitCode != nil && *job.ExitCode == 0:
			s.Errorf("a KILLED job with the exit code 0: %+v", job)
		case job.Status != core.Finished && job.Status != core.Killed:
			s.Errorf("the job ended as %s", job.Status)
		}
		s.stays(job)
	}
}
