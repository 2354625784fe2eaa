package client

import (
	"context"
	"time"

	"github.com/mlstore/mlstore/core"
)

// The interval of polling grows from first to longest, by half each time.
const (
	firstPoll   = 50 * time.Millisecond
	longestPoll = 5 * time.Second
)

// WaitForVersion polls until a version is no longer pending, or ctx ends: its deadline is how long to wait. A version
// whose registration failed is returned together with ErrState.
func WaitForVersion(ctx context.Context, s core.Versions, ref core.VersionRef) (core.Version, error) {
	v, err := poll(ctx, func(ctx context.Context) (core.Version, bool, error) {
		v, err := s.Version(ctx, ref)
		return v, v.Status != core.VersionPending, err
	})
	if err == nil && v.Status == core.VersionFailed {
		err = core.State(ref.Model, "version %d of model %q failed to register: %s", ref.Number, ref.Model, v.StatusMessage)
	}
	return v, core.Do("wait for version", ref.Model, err)
}

// WaitForJob polls until a job has ended, or ctx ends. How it ended is in its Status: a job that failed is no error.
func WaitForJob(ctx context.Context, b core.ProjectBackend, id core.JobID) (core.Job, error) {
	job, err := poll(ctx, func(ctx context.Context) (core.Job, bool, error) {
		job, err := b.Job(ctx, id)
		return job, job.Status.Terminal(), err
	})
	return job, core.Do("wait for job", string(id), err)
}

// poll asks until the answer is final. When ctx ends it returns the last answer with the context's error.
func poll[T any](ctx context.Context, ask func(context.Context) (T, bool, error)) (T, error) {
	for interval := firstPoll; ; interval = min(interval+interval/2, longestPoll) {
		answer, final, err := ask(ctx)
		if err != nil || final {
			return answer, err
		}
		timer := time.NewTimer(interval)
		select {
		case <-ctx.Done():
			timer.Stop()
			return answer, core.Interrupted(ctx)
		case <-timer.C:
		}
	}
}
