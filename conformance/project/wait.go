package project

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// waitCases hold a backend to what who waits for a job needs of it: no call lasts as long as a job, and the answers to
// polling come to an end.
func waitCases(drive Drive) []entry {
	return []entry{
		{
			ID: "PB-026", Name: "wait/ok-and-fail", Run: played(drive, waitToTheEnd),
			Rule: "Who polls a job learns its end: FINISHED or FAILED, with the exit code.",
		},
		{
			ID: "PB-027", Name: "wait/already-terminal", Run: played(drive, waitForNothing),
			Rule: "Who waits for a job that has ended is told at once.",
		},
		{
			ID: "PB-028", Name: "wait/many-waiters", Run: played(drive, manyWaiters), Rule: "All who wait for a job are told the same.",
		},
		{
			ID: "PB-029", Name: "wait/ctx", Run: played(drive, waitGivenUp),
			Rule: "Who gives up waiting gets the context's error, and the job goes on.",
		},
		{
			ID: "PB-053", Name: "model/lifecycle", Level: conformance.Extended, Run: played(drive, lifecycle),
			Rule: "Any sequence of starting, ending and canceling jobs leaves each in the state that the order of events gives.",
		},
	}
}

// wait waits for a job in a goroutine of its own.
func (s *stage) wait(ctx context.Context, id core.JobID) func() (core.Job, error) {
	type end struct {
		job core.Job
		err error
	}
	result := make(chan end, 1)
	go func() {
		job, err := client.WaitForJob(ctx, s.env.Second(), id)
		result <- end{job, err}
	}()
	return func() (core.Job, error) {
		got := <-result
		return got.job, got.err
	}
}

func (s *stage) patient() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.Context(), patience)
}

func waitToTheEnd(s *stage) {
	for _, code := range []int{0, 3} {
		ctx, cancel := s.patient()
		id := s.submit()
		ended := s.wait(ctx, id)
		s.start(id)
		want := s.finish(id, code)
		job, err := ended()
		cancel()
		conformance.NoError(s, "waiting for the job", err)
		conformance.Equal(s, "the job that was waited for", job, want)
		conformance.Equal(s, "exit code", job.ExitCode, ptr(code))
	}
}

func waitForNothing(s *stage) {
	id := s.running()
	want := s.finish(id, 0)
	ended := s.wait(s.Context(), id)
	var job core.Job
	err := conformance.Ends(s, time.Second, "waiting for a job that has ended", func() (err error) {
		job, err = ended()
		return err
	})
	conformance.NoError(s, "waiting for a job that has ended", err)
	conformance.Equal(s, "the job", job, want)
}

func manyWaiters(s *stage) {
	const waiters = 16
	ctx, cancel := s.patient()
	defer cancel()
	id := s.running()
	var all []func() (core.Job, error)
	for range waiters {
		all = append(all, s.wait(ctx, id))
	}
	want := s.finish(id, 7)
	for _, ended := range all {
		job, err := ended()
		conformance.NoError(s, "waiting beside others", err)
		conformance.Equal(s, "the job", job, want)
	}
}

func waitGivenUp(s *stage) {
	const asked, after = 80 * time.Millisecond, 200 * time.Millisecond // asked: long enough for a waiter to have polled
	id := s.running()
	for range 3 {
		ctx, cancel := context.WithCancel(s.Context())
		ended := s.wait(ctx, id)
		timer := time.AfterFunc(asked, cancel)
		err := conformance.Ends(s, patience, "waiting that was given up", func() error { _, err := ended(); return err })
		timer.Stop()
		cancel()
		if !errors.Is(err, context.Canceled) {
			s.Errorf("waiting that was given up: got error %v, want %v", err, context.Canceled)
		}
	}
	ticks := time.NewTicker(asked / 4)
	defer ticks.Stop()
	for began := time.Now(); time.Since(began) < after; <-ticks.C { // what giving up sets off may take a moment
		s.becomes(id, core.Running)
	}
	s.finish(id, 0)
}

// lifecycle drives several jobs at random, beside a model of what becomes of them.
func lifecycle(s *stage) {
	const jobs, steps = 8, 60
	ids := make([]core.JobID, jobs)
	want := make([]core.RunStatus, jobs)
	for i := range ids {
		ids[i], want[i] = s.submit(), core.Scheduled
	}
	for range steps {
		i := s.env.Rand.IntN(jobs)
		switch id := ids[i]; s.env.Rand.IntN(4) {
		case 0:
			if want[i] == core.Scheduled {
				s.start(id)
				want[i] = core.Running
			}
		case 1:
			code := s.env.Rand.IntN(2)
			if want[i] == core.Running {
				s.finish(id, code)
				want[i] = []core.RunStatus{core.Finished, core.Failed}[code]
			}
		case 2:
			s.cancel(id)
			if !want[i].Terminal() {
				want[i] = core.Killed
				s.becomes(id, core.Killed)
			}
		default:
			_ = s.driver.Start(id) // again, or too late: what it says is open, what it does is not
			if want[i] == core.Scheduled {
				want[i] = core.Running
				s.becomes(id, core.Running)
			}
		}
		var look sync.WaitGroup
		for i, id := range ids {
			look.Go(func() {
				job, err := s.env.Second().Job(s.Context(), id)
				if err != nil || job.Status != want[i] || job.Status.Terminal() != (job.EndedAt != 0) {
					s.Errorf("job %d: got %+v and error %v, want the status %s", i, job, err, want[i])
				}
			})
		}
		look.Wait()
		if s.Failed() {
			return
		}
	}
}
