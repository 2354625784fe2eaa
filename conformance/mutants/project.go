package mutants

import (
	"context"
	"fmt"
	"sync"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// Project is a mutant of a project backend.
type Project = Mutant[*mem.Projects, core.ProjectBackend]

// Projects lists the mutants of project backends. Their jobs can be driven as those of the reference.
func Projects() []Project {
	return []Project{
		{
			"M50", "a job that has ended is running again when one looks twice",
			[]string{"PB-020"},
			func(m *mem.Projects) core.ProjectBackend { return &reviving{Projects: m} },
		},
		{
			"M51", "canceling a job that has ended kills it",
			[]string{"PB-033"},
			func(m *mem.Projects) core.ProjectBackend { return &zealous{Projects: m, killed: &sync.Map{}} },
		},
		{
			"M52", "the last line of a page of the log comes again on the next",
			[]string{"PB-039"},
			func(m *mem.Projects) core.ProjectBackend { return &echoing{Projects: m} },
		},
		{
			"M53", "the exit code of a job that failed is lost",
			[]string{"PB-003"},
			func(m *mem.Projects) core.ProjectBackend { return codeless{m} },
		},
		{
			"M54", "secrets show up in the job",
			[]string{"PB-013"},
			func(m *mem.Projects) core.ProjectBackend { return &telling{Projects: m, told: &sync.Map{}} },
		},
		{
			"M55", "the log of a running job ends when there is nothing new",
			[]string{"PB-041"},
			func(m *mem.Projects) core.ProjectBackend { return impatient{m} },
		},
	}
}

type reviving struct {
	*mem.Projects
	seen sync.Map // jobs that somebody saw the end of
}

func (r *reviving) Job(ctx context.Context, id core.JobID) (core.Job, error) {
	j, err := r.Projects.Job(ctx, id)
	if _, again := r.seen.Load(id); again {
		j.Status = core.Running
	}
	if j.Status.Terminal() {
		r.seen.Store(id, true)
	}
	return j, err
}

type zealous struct {
	*mem.Projects
	killed *sync.Map
}

func (z *zealous) Cancel(ctx context.Context, id core.JobID) error {
	err := z.Projects.Cancel(ctx, id)
	if err == nil {
		z.killed.Store(id, true)
	}
	return err
}

func (z *zealous) Job(ctx context.Context, id core.JobID) (core.Job, error) {
	j, err := z.Projects.Job(ctx, id)
	if _, ok := z.killed.Load(id); ok && err == nil {
		j.Status = core.Killed
	}
	return j, err
}

type echoing struct {
	*mem.Projects
	last sync.Map // from the token of a page to the last line before it
}

func (e *echoing) Logs(ctx context.Context, id core.JobID, o core.LogOptions) (core.Page[core.LogLine], error) {
	page, err := e.Projects.Logs(ctx, id, o)
	if line, ok := e.last.Load(o.Token); ok && o.Token != "" && len(page.Items) > 0 {
		page.Items[0] = line.(core.LogLine) //nolint:forcetypeassert // stored below
	}
	if n := len(page.Items); n > 0 && page.Next != "" {
		e.last.Store(page.Next, page.Items[n-1])
	}
	return page, err
}

type codeless struct{ *mem.Projects }

func (c codeless) Job(ctx context.Context, id core.JobID) (core.Job, error) {
	j, err := c.Projects.Job(ctx, id)
	if j.Status == core.Failed {
		j.ExitCode = nil
	}
	return j, err
}

type telling struct {
	*mem.Projects
	told *sync.Map // from a job to what it tells
}

func (t *telling) Submit(ctx context.Context, p core.Project, o core.SubmitOptions) (core.JobID, error) {
	id, err := t.Projects.Submit(ctx, p, o)
	for name, secret := range o.Secrets {
		t.told.Store(id, fmt.Sprintf("%s=%s %s", name, secret.Reveal(), p.Command))
	}
	return id, err
}

func (t *telling) Job(ctx context.Context, id core.JobID) (core.Job, error) {
	j, err := t.Projects.Job(ctx, id)
	if text, ok := t.told.Load(id); ok {
		j.Message = fmt.Sprint(text)
	}
	return j, err
}

type impatient struct{ *mem.Projects }

func (i impatient) Logs(ctx context.Context, id core.JobID, o core.LogOptions) (core.Page[core.LogLine], error) {
	page, err := i.Projects.Logs(ctx, id, o)
	if len(page.Items) == 0 {
		page.Next = ""
	}
	return page, err
}
