package project_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/mutants"
	"github.com/mlstore/mlstore/conformance/project"
	"github.com/mlstore/mlstore/conformance/reference"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// skewed is a backend of which something is wrong: what is not nil stands instead of the method.
type skewed struct {
	*mem.Projects
	submit func(ctx context.Context, below core.ProjectBackend, p core.Project, o core.SubmitOptions) (core.JobID, error)
	job    func(ctx context.Context, below core.ProjectBackend, id core.JobID) (core.Job, error)
}

func (s skewed) Submit(ctx context.Context, p core.Project, o core.SubmitOptions) (core.JobID, error) {
	if s.submit == nil {
		return s.Projects.Submit(ctx, p, o)
	}
	return s.submit(ctx, s.Projects, p, o)
}

func (s skewed) Job(ctx context.Context, id core.JobID) (core.Job, error) {
	if s.job == nil {
		return s.Projects.Job(ctx, id)
	}
	return s.job(ctx, s.Projects, id)
}

func dies(t *testing.T, h project.Harness, id string) {
	t.Helper()
	suite := project.DrivenSuite(func(b core.ProjectBackend) project.Driver {
		if s, ok := b.(skewed); ok {
			return s.Projects
		}
		return b.(*mem.Projects)
	})
	if fault := mutants.Dies(t.Context(), suite, h, id); fault != "" {
		t.Error(fault)
	}
}

func TestSkewedBackendsFail(t *testing.T) {
	t.Parallel()
	var asked, submitted atomic.Int64
	for what, tt := range map[string]struct {
		id  string
		how skewed
	}{
		"the code is lost": {"PB-026", skewed{job: func(ctx context.Context, below core.ProjectBackend, id core.JobID) (core.Job, error) {
			j, err := below.Job(ctx, id)
			j.ExitCode = nil
			return j, err
		}}},
		"the end comes late": {"PB-027", skewed{job: func(ctx context.Context, below core.ProjectBackend, id core.JobID) (core.Job, error) {
			j, err := below.Job(ctx, id)
			for began := time.Now(); j.Status.Terminal() && time.Since(began) < 1500*time.Millisecond; {
				continue
			}
			return j, err
		}}},
		"each is told another end": {"PB-028", skewed{job: func(ctx context.Context, below core.ProjectBackend, id core.JobID) (core.Job, error) {
			j, err := below.Job(ctx, id)
			if j.EndedAt != 0 {
				j.EndedAt += core.Millis(asked.Add(1))
			}
			return j, err
		}}},
		"who gives up kills": {"PB-029", skewed{job: func(ctx context.Context, below core.ProjectBackend, id core.JobID) (core.Job, error) {
			if _, bounded := ctx.Deadline(); !bounded {
				context.AfterFunc(ctx, func() { _ = below.Cancel(context.WithoutCancel(ctx), id) })
			}
			return below.Job(ctx, id)
		}}},
		"killed is failed": {"PB-053", skewed{job: func(ctx context.Context, below core.ProjectBackend, id core.JobID) (core.Job, error) {
			j, err := below.Job(ctx, id)
			if j.Status == core.Killed {
				j.Status = core.Failed
			}
			return j, err
		}}},
		"the more the slower": {"PB-054", skewed{submit: func(ctx context.Context, below core.ProjectBackend, p core.Project, o core.SubmitOptions) (core.JobID, error) {
			for n, began := submitted.Add(1), time.Now(); time.Since(began) < time.Duration(n)*50*time.Microsecond; {
				continue
			}
			return below.Submit(ctx, p, o)
		}}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dies(t, project.Harness{Open: func(conformance.T) core.ProjectBackend {
				how := tt.how
				how.Projects = mem.NewProjects()
				return how
			}}, tt.id)
		})
	}
}

// deafPath does nothing of what it says.
type deafPath struct{}

func (deafPath) Break(conformance.Fault) bool { return true }
func (deafPath) Heal()                        {}

func TestBadHooksFail(t *testing.T) {
	t.Parallel()
	h := reference.Projects()
	h.Faults = func(t conformance.T, first core.ProjectBackend) (core.ProjectBackend, conformance.Faults) {
		return h.Second(t, first), deafPath{}
	}
	dies(t, h, "PB-050")
	h = reference.Projects()
	h.ReadOnly = h.Second
	dies(t, h, "PB-059")
	var gone atomic.Bool
	dies(t, project.Harness{
		Open: func(conformance.T) core.ProjectBackend {
			return skewed{Projects: mem.NewProjects(), job: func(ctx context.Context, below core.ProjectBackend, id core.JobID) (core.Job, error) {
				if gone.Load() {
					return core.Job{}, core.Missing("job", id)
				}
				return below.Job(ctx, id)
			}}
		},
		Restart: func(conformance.T, core.ProjectBackend) { gone.Store(true) },
	}, "PB-049")
}
