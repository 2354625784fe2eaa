package mem

import (
	"fmt"

	"github.com/mlstore/mlstore/core"
)

// The methods of this file are the job's side of the backend: a test calls them where a real job would act by itself. They
// work whether the handle is closed or not, since closing a backend does not end its jobs.

// Start begins a scheduled job; in any other state it is ErrState, unknown ErrNotFound.
func (p *Projects) Start(id core.JobID) (err error) {
	defer named(&err, "start job", string(id))
	return p.step(id, core.Scheduled, func(j *job) {
		j.Status, j.StartedAt = core.Running, later(j.SubmittedAt)
	})
}

// Write lets a running job write a line; in any other state it is ErrState.
func (p *Projects) Write(id core.JobID, line core.LogLine) (err error) {
	defer named(&err, "write log", string(id))
	return p.step(id, core.Running, func(j *job) { j.lines = append(j.lines, line) })
}

// Finish ends a running job: FINISHED with exit code 0, else FAILED. In any other state it is ErrState.
func (p *Projects) Finish(id core.JobID, exitCode int) (err error) {
	defer named(&err, "finish job", string(id))
	return p.step(id, core.Running, func(j *job) {
		j.Status, j.ExitCode, j.EndedAt = core.Finished, &exitCode, later(j.StartedAt)
		if exitCode != 0 {
			j.Status, j.Message = core.Failed, fmt.Sprintf("the job ended with exit code %d", exitCode)
		}
	})
}

// step changes a job that must be in the state from.
func (p *Projects) step(id core.JobID, from core.RunStatus, change func(*job)) error {
	d := p.data
	d.mu.Lock()
	defer d.mu.Unlock()
	j, err := d.job(id)
	if err != nil {
		return err
	}
	if j.Status != from {
		return core.State(id, "the job %s is %s, not %s", id, j.Status, from)
	}
	change(j)
	return nil
}
