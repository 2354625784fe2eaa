package client_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/mem"
)

// slow is a registry that needs time for its versions.
type slow struct {
	*mem.Registry
	ready time.Time
	as    core.VersionStatus
	asked int
}

func (s *slow) Version(ctx context.Context, ref core.VersionRef) (core.Version, error) {
	s.asked++
	v, err := s.Registry.Version(ctx, ref)
	v.Status = core.VersionPending
	if !time.Now().Before(s.ready) {
		v.Status, v.StatusMessage = s.as, "why"
	}
	return v, err
}

func newVersion(t *testing.T, s core.RegistryStore) core.VersionRef {
	t.Helper()
	_, err := s.CreateModel(t.Context(), core.ModelSpec{Name: "m"})
	check(t, err)
	v, err := s.CreateVersion(t.Context(), "m", core.VersionSpec{Source: "s3://b/x"})
	check(t, err)
	return core.VersionRef{Model: "m", Number: v.Number}
}

func TestWaitForVersion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := &slow{Registry: mem.NewRegistry(), ready: start.Add(2 * time.Minute), as: core.VersionReady}
		ref := newVersion(t, s)
		v, err := client.WaitForVersion(t.Context(), s, ref)
		check(t, err)
		late := time.Since(start) - 2*time.Minute
		if v.Status != core.VersionReady || late < 0 || late > 5*time.Second {
			t.Errorf("status %v, %v late", v.Status, late)
		}
		if s.asked > 40 {
			t.Errorf("asked %d times in two minutes: the interval does not grow", s.asked)
		}
	})
}

func TestWaitForVersionThatFails(t *testing.T) {
	t.Parallel()
	s := &slow{Registry: mem.NewRegistry(), as: core.VersionFailed}
	v, err := client.WaitForVersion(t.Context(), s, newVersion(t, s))
	wantIs(t, err, core.ErrState)
	if v.StatusMessage != "why" {
		t.Errorf("got %+v", v)
	}
	_, err = client.WaitForVersion(t.Context(), s, core.VersionRef{Model: "m", Number: 9})
	wantIs(t, err, core.ErrNotFound)
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := &slow{Registry: mem.NewRegistry(), ready: start.Add(time.Hour)}
		ref := newVersion(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		v, err := client.WaitForVersion(ctx, s, ref)
		wantIs(t, err, context.DeadlineExceeded)
		if v.Status != core.VersionPending || time.Since(start) != 90*time.Second {
			t.Errorf("got %+v after %v", v, time.Since(start))
		}
	})
}

func TestWaitForJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir, backend := t.TempDir(), mem.NewProjects()
		id, err := backend.Submit(t.Context(), core.Project{URI: ".", Dir: dir, EntryPoint: "main", Command: "true"}, core.SubmitOptions{})
		check(t, err)
		go func() {
			time.Sleep(20 * time.Second)
			_ = backend.Start(id)
			time.Sleep(20 * time.Second)
			_ = backend.Finish(id, 3)
		}()
		job, err := client.WaitForJob(t.Context(), backend, id)
		check(t, err)
		if job.Status != core.Failed || job.ExitCode == nil || *job.ExitCode != 3 {
			t.Errorf("got %+v", job)
		}
	})
	_, err := client.WaitForJob(t.Context(), mem.NewProjects(), "nobody")
	wantIs(t, err, core.ErrNotFound)
}
