package mlflow

import (
	"cmp"
	"context"
	"maps"

	"github.com/mlstore/mlstore/core"
)

// RunOptions say which run to start. The zero value is a new run in the experiment that the environment names.
type RunOptions struct {
	// RunID resumes a run instead of making one; so does the environment variable MLFLOW_RUN_ID, which is removed when it
	// is used. Of the other fields only Name, Tags and Description then count.
	RunID core.RunID

	ExperimentID core.ExperimentID // "" is the active experiment (SetExperiment), else that of the environment, else "0"
	Name         string            // "" lets the store make one up
	Nested       bool              // StartRun of the package: make the run a child of the active one
	ParentRunID  core.RunID        // make the run a child of this one
	Tags         map[string]string // win over the tags that MLflow sets
	Description  string            // becomes the tag mlflow.note.content
}

// place is where the package's StartRun starts a run.
type place struct {
	experiment core.ExperimentID // set by SetExperiment; may be empty
	top        core.RunID        // the active run; may be empty
}

// StartRun starts a run, or resumes one: then its status is RUNNING again, it has no end time, and it keeps its other
// attributes. End it with End.
//
// A new run gets the tags that MLflow sets: who started it, which program at which git commit, and what MLFLOW_RUN_CONTEXT
// holds. Its experiment is that of the options, else the one named by MLFLOW_EXPERIMENT_NAME, which is created where it is
// missing, or MLFLOW_EXPERIMENT_ID; both must agree. A run or parent that has been deleted is ErrState.
//
// Source: MLflow 3.18, mlflow/tracking/fluent.py, start_run.
func (c *Client) StartRun(ctx context.Context, o RunOptions) (*Run, error) {
	return c.start(ctx, o, place{})
}

func (c *Client) start(ctx context.Context, o RunOptions, at place) (*Run, error) {
	if o.RunID == "" {
		o.RunID = core.RunID(getenv(c.env, runIDVariable))
		if o.RunID != "" {
			if err := c.env.Unsetenv(runIDVariable); err != nil {
				return nil, core.Do("start run", string(o.RunID), err)
			}
		}
	}
	tags, err := o.tags()
	if err != nil {
		return nil, err
	}
	var info core.RunInfo
	if o.RunID != "" {
		info, err = c.resume(ctx, o, tags, at.experiment)
	} else {
		info, err = c.create(ctx, o, tags, at)
	}
	if err != nil {
		return nil, core.Do("start run", string(o.RunID), err)
	}
	return &Run{client: c, info: info}, nil
}

// tags are the user's, with the description among them.
func (o RunOptions) tags() (map[string]string, error) {
	tags := maps.Clone(o.Tags)
	if o.Description == "" {
		return tags, nil
	}
	if _, clash := tags[core.NoteTag]; clash {
		return nil, core.Invalid("description", "Description is already set via the tag %s in tags. "+
			"Remove the key %s from the tags or omit the description.", core.NoteTag, core.NoteTag)
	}
	if tags == nil {
		tags = map[string]string{}
	}
	tags[core.NoteTag] = o.Description
	return tags, nil
}

// resume lets an existing run run again.
func (c *Client) resume(
	ctx context.Context, o RunOptions, tags map[string]string, active core.ExperimentID,
) (core.RunInfo, error) {
	if err := core.CheckRunID(o.RunID); err != nil {
		return core.RunInfo{}, err
	}
	run, err := c.tracking.Run(ctx, o.RunID)
	switch {
	case err != nil:
		return core.RunInfo{}, err
	case active != "" && active != run.ExperimentID:
		return core.RunInfo{}, core.State(o.RunID, "Cannot start run with ID %s because active experiment ID does not match "+
			"environment run ID: the run is in experiment %s and SetExperiment chose %s", o.RunID, run.ExperimentID, active)
	case run.Lifecycle == core.Deleted:
		return core.RunInfo{}, core.State(o.RunID, "Cannot start run with ID %s because it is in the deleted state.", o.RunID)
	}
	var b core.Batch
	for key, value := range tags {
		b.Tags = append(b.Tags, core.Tag{Key: key, Value: value})
	}
	var none core.Millis
	info, err := c.tracking.UpdateRun(ctx, o.RunID, core.RunChange{Name: o.Name, Status: core.Running, EndTime: &none})
	if err != nil {
		return core.RunInfo{}, err
	}
	resumed := &Run{client: c, info: info}
	return info, resumed.LogBatch(ctx, b)
}

// create makes a new run.
func (c *Client) create(ctx context.Context, o RunOptions, tags map[string]string, at place) (core.RunInfo, error) {
	parent, err := c.parent(ctx, o, at)
	if err != nil {
		return core.RunInfo{}, err
	}
	in := cmp.Or(o.ExperimentID, at.experiment)
	if in == "" {
		if in, err = c.environmentExperiment(ctx); err != nil {
			return core.RunInfo{}, err
		}
	}
	all := c.contextTags(ctx)
	maps.Copy(all, tags)
	if parent != "" {
		all[core.ParentRunTag] = string(parent)
	}
	if o.Name != "" {
		all[core.RunNameTag] = o.Name
	}
	if all, err = c.fitTags(all); err != nil {
		return core.RunInfo{}, err
	}
	run, err := c.tracking.CreateRun(ctx, in, core.RunSpec{
		Name: o.Name, User: cmp.Or(all[core.UserTag], unknownUser), StartTime: core.Now(), Tags: all,
	})
	return run.RunInfo, err
}

// parent is the run to nest a new one in, if any.
func (c *Client) parent(ctx context.Context, o RunOptions, at place) (core.RunID, error) {
	if o.ParentRunID == "" {
		return at.top, nil
	}
	if at.top != "" && o.ParentRunID != at.top {
		return "", core.State(o.ParentRunID, "Current run with UUID %s does not match the specified parent_run_id %s. "+
			"To start a new nested run under the parent run, first end the current run with EndRun.", at.top, o.ParentRunID)
	}
	if err := core.CheckRunID(o.ParentRunID); err != nil {
		return "", err
	}
	run, err := c.tracking.Run(ctx, o.ParentRunID)
	if err == nil && run.Lifecycle == core.Deleted {
		err = core.State(o.ParentRunID,
			"Cannot start run under parent run with ID %s because it is in the deleted state.", o.ParentRunID)
	}
	return o.ParentRunID, err
}

// fitTags is fit for the tags of a new run.
func (c *Client) fitTags(tags map[string]string) (map[string]string, error) {
	var b core.Batch
	for key, value := range tags {
		b.Tags = append(b.Tags, core.Tag{Key: key, Value: value})
	}
	b, err := c.fit(b)
	if err != nil {
		return nil, err
	}
	for _, tag := range b.Tags {
		tags[tag.Key] = tag.Value
	}
	return tags, nil
}
