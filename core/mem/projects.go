package mem

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// Projects is a core.ProjectBackend that runs nothing: a job is SCHEDULED until Start, writes what Write says, and ends with
// Finish or Cancel. It is safe for concurrent use.
type Projects struct {
	handle
	data *projectData
}

// projectData is what all handles of one backend share.
type projectData struct {
	mu      sync.RWMutex
	jobs    map[core.JobID]*job
	created creations[core.JobID]
}

type job struct {
	core.Job
	lines []core.LogLine
}

// NewProjects makes a backend without jobs.
func NewProjects() *Projects { return openProjects(newProjectData()) }

func newProjectData() *projectData { return &projectData{jobs: map[core.JobID]*job{}} }

func openProjects(d *projectData) *Projects { return &Projects{handle: newHandle("project"), data: d} }

// Reopen returns a new handle on the same data.
func (p *Projects) Reopen() *Projects { return openProjects(p.data) }

// Describe says that the store keeps every promise for project backends.
func (p *Projects) Describe(ctx context.Context) (_ core.Info, err error) {
	defer named(&err, "describe", p.kind)
	if err := p.read(ctx); err != nil {
		return core.Info{}, err
	}
	return p.describe(p, core.PagesKeyset, core.IdempotentCreate), nil
}

// job finds a job. The lock must be held.
func (d *projectData) job(id core.JobID) (*job, error) {
	j, found := d.jobs[id]
	if !found {
		return nil, core.Missing("job", id)
	}
	return j, nil
}

// Submit schedules a job, whose id is its run's form of id. It keeps neither the project nor the options.
func (p *Projects) Submit(
	ctx context.Context, project core.Project, o core.SubmitOptions,
) (_ core.JobID, err error) {
	defer named(&err, "submit project", project.EntryPoint)
	if err := p.change(ctx); err != nil {
		return "", err
	}
	if err := checkSubmission(project, o); err != nil {
		return "", err
	}
	request, err := fingerprint(o.IdempotencyKey, project, o)
	if err != nil {
		return "", err
	}
	d := p.data
	d.mu.Lock()
	defer d.mu.Unlock()
	id, repeated, err := d.created.made(o.IdempotencyKey, request)
	if err != nil || repeated {
		return id, err
	}
	id = core.JobID(core.NewRunID())
	d.jobs[id] = &job{Job: core.Job{
		ID: id, Status: core.Scheduled, SubmittedAt: core.Now(), Tags: map[string]string{},
	}}
	d.created.remember(o.IdempotencyKey, request, id)
	return id, nil
}

// checkSubmission refuses what no backend could run.
func checkSubmission(project core.Project, o core.SubmitOptions) error {
	switch {
	case project.EntryPoint == "":
		return core.Invalid("entry_point", "the project has no entry point to run")
	case project.Command == "":
		return core.Invalid("command", "the entry point %q has no command", project.EntryPoint)
	case project.Dir == "":
		return core.Missing("project", project.URI)
	}
	if info, err := os.Stat(project.Dir); err != nil || !info.IsDir() {
		return core.Missing("project folder", project.Dir)
	}
	if o.RunID != "" {
		if err := core.CheckRunID(o.RunID); err != nil {
			return err
		}
	}
	if o.ExperimentID != "" {
		if err := core.CheckExperimentID(o.ExperimentID); err != nil {
			return err
		}
	}
	return checkConfig(o.Config)
}

// checkConfig refuses a configuration that is no JSON object. This backend gives no field a meaning.
func checkConfig(config json.RawMessage) error {
	if len(config) == 0 {
		return nil
	}
	if !json.Valid(config) || !bytes.HasPrefix(bytes.TrimSpace(config), []byte("{")) {
		return core.Invalid("backend_config", "the configuration of the backend must be a JSON object")
	}
	return nil
}

// Job tells the state of a job.
func (p *Projects) Job(ctx context.Context, id core.JobID) (_ core.Job, err error) {
	defer named(&err, "get job", string(id))
	if err := p.read(ctx); err != nil {
		return core.Job{}, err
	}
	d := p.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	j, err := d.job(id)
	if err != nil {
		return core.Job{}, err
	}
	return cloneJob(j.Job), nil
}

// Cancel ends a job that has not ended.
func (p *Projects) Cancel(ctx context.Context, id core.JobID) (err error) {
	defer named(&err, "cancel job", string(id))
	if err := p.change(ctx); err != nil {
		return err
	}
	d := p.data
	d.mu.Lock()
	defer d.mu.Unlock()
	j, err := d.job(id)
	if err != nil || j.Status.Terminal() {
		return err
	}
	j.Status, j.EndedAt = core.Killed, later(max(j.SubmittedAt, j.StartedAt))
	return nil
}

// line is a place in a log as a page token holds it. Polls tells the tokens of an idle log apart, so that a caller sees
// progress in them.
type line struct {
	Next  int
	Polls int `json:",omitempty"`
}

// Logs returns a page of what the job wrote.
func (p *Projects) Logs(
	ctx context.Context, id core.JobID, o core.LogOptions,
) (_ core.Page[core.LogLine], err error) {
	defer named(&err, "get job logs", string(id))
	none := core.Page[core.LogLine]{}
	if err := p.read(ctx); err != nil {
		return none, err
	}
	limit, err := core.CheckPage(o.PageOptions, p.limits.LogPage)
	if err != nil {
		return none, err
	}
	query := "logs\x00" + string(id)
	var at line
	if o.Token != "" {
		if err := unseal(query, o.Token, &at); err != nil {
			return none, err
		}
	}
	d := p.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	j, err := d.job(id)
	if err != nil {
		return none, err
	}
	lines := j.lines[min(at.Next, len(j.lines)):]
	page := core.Page[core.LogLine]{Items: append([]core.LogLine(nil), lines[:min(limit, len(lines))]...)}
	if len(lines) > limit || !j.Status.Terminal() {
		page.Next, err = seal(query, line{Next: at.Next + len(page.Items), Polls: at.Polls + 1})
	}
	return page, err
}
