package client

import (
	"context"
	"errors"

	"github.com/mlstore/mlstore/core"
)

// LogMetric logs one point.
func LogMetric(ctx context.Context, s core.Metrics, id core.RunID, m core.Metric) error {
	return s.LogBatch(ctx, id, core.Batch{Metrics: []core.Metric{m}})
}

// LogParam logs one param.
func LogParam(ctx context.Context, s core.Metrics, id core.RunID, p core.Param) error {
	return s.LogBatch(ctx, id, core.Batch{Params: []core.Param{p}})
}

// SetTag sets one tag of a run.
func SetTag(ctx context.Context, s core.Runs, id core.RunID, t core.Tag) error {
	return s.ChangeRunTags(ctx, id, core.TagChange{Set: map[string]string{t.Key: t.Value}})
}

// DeleteTag deletes one tag of a run; an absent one is ErrNotFound.
func DeleteTag(ctx context.Context, s core.Runs, id core.RunID, key string) error {
	return s.ChangeRunTags(ctx, id, core.TagChange{Delete: []string{key}})
}

// Terminate ends a run with the status and at the time given.
func Terminate(ctx context.Context, s core.Runs, id core.RunID, status core.RunStatus, end core.Millis) error {
	_, err := s.UpdateRun(ctx, id, core.RunChange{Status: status, EndTime: &end})
	return err
}

// DeleteRun deletes a run, which RestoreRun brings back. Doing it twice succeeds.
func DeleteRun(ctx context.Context, s core.Runs, id core.RunID) error {
	_, err := s.UpdateRun(ctx, id, core.RunChange{Lifecycle: core.Deleted})
	return err
}

// RestoreRun restores a deleted run. Doing it twice succeeds.
func RestoreRun(ctx context.Context, s core.Runs, id core.RunID) error {
	_, err := s.UpdateRun(ctx, id, core.RunChange{Lifecycle: core.Active})
	return err
}

// ParentRun returns the run that the run is nested in. A run without a parent, and a parent that is gone, is ErrNotFound.
func ParentRun(ctx context.Context, s core.Runs, id core.RunID) (core.Run, error) {
	child, err := s.Run(ctx, id)
	if err != nil {
		return core.Run{}, err
	}
	parent := child.Tags[core.ParentRunTag]
	if parent == "" {
		return core.Run{}, &core.Error{
			Code: core.NotFound, Op: "find parent run", Key: string(id), Err: errors.New("run " + string(id) + " has no parent run"),
		}
	}
	run, err := s.Run(ctx, core.RunID(parent))
	return run, core.Do("find parent run", string(id), err)
}
