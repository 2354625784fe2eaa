package mlflow

import (
	"context"
	"sync"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Run is a handle on a run that is being logged to. It is safe for concurrent use.
type Run struct {
	client *Client
	info   core.RunInfo

	mu        sync.Mutex
	artifacts core.ArtifactRepository // opened by the first call that needs it
}

// ID identifies the run.
func (r *Run) ID() core.RunID { return r.info.ID }

// Info is what the run was when it was started or resumed; later changes are not in it (GetRun).
func (r *Run) Info() core.RunInfo { return r.info }

// End ends the run with a status, Finished when it is 0, at the present time. The handle stays usable: MLflow lets a run
// that has ended be logged to.
func (r *Run) End(ctx context.Context, status core.RunStatus) error {
	if status == 0 {
		status = core.Finished
	}
	now := core.Now()
	_, err := r.client.tracking.UpdateRun(ctx, r.info.ID, core.RunChange{Status: status, EndTime: &now})
	if err != nil {
		return core.Do("end run", string(r.info.ID), err)
	}
	return r.closeArtifacts()
}

// lastCall is how long ending a run may take after its context has ended.
const lastCall = 30 * time.Second

// WithRun starts a run, calls work with it, and ends it: as FINISHED when work returns nil, as FAILED when it returns an
// error or panics. The run is ended even when ctx has been cancelled meanwhile; that may take up to 30 s.
func (c *Client) WithRun(ctx context.Context, o RunOptions, work func(context.Context, *Run) error) error {
	run, err := c.StartRun(ctx, o)
	if err != nil {
		return err
	}
	return run.during(ctx, work, run.End)
}

// during calls work and then end. Nothing is recovered, so that a panic keeps its trace.
func (r *Run) during(
	ctx context.Context, work func(context.Context, *Run) error, end func(context.Context, core.RunStatus) error,
) (err error) {
	status := core.Failed
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCall)
		defer cancel()
		if failed := end(ctx, status); failed != nil {
			err = joined(err, failed)
		}
	}()
	if err = work(ctx, r); err == nil {
		status = core.Finished
	}
	return err
}
