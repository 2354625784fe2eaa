package mlflow

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// SetExperiment makes the experiment of the name the active one, in which StartRun starts runs, and creates it where it is
// missing. It sets MLFLOW_EXPERIMENT_ID for child processes. A deleted experiment is ErrInvalid. The active run stays where
// it is.
func SetExperiment(ctx context.Context, name string) (core.Experiment, error) {
	return std.setExperiment(ctx, core.ExperimentRef{Name: name})
}

// SetExperimentByID is SetExperiment by id; an unknown one is ErrNotFound.
func SetExperimentByID(ctx context.Context, id core.ExperimentID) (core.Experiment, error) {
	return std.setExperiment(ctx, core.ExperimentRef{ID: id})
}

// CreateExperiment creates an experiment and returns its id. A taken name is ErrExists.
func CreateExperiment(ctx context.Context, spec core.ExperimentSpec) (core.ExperimentID, error) {
	c, err := std.client(ctx)
	if err != nil {
		return "", err
	}
	return c.CreateExperiment(ctx, spec)
}

// GetExperiment returns an experiment, active or deleted; an unknown one is ErrNotFound.
func GetExperiment(ctx context.Context, id core.ExperimentID) (core.Experiment, error) {
	c, err := std.client(ctx)
	if err != nil {
		return core.Experiment{}, err
	}
	return c.GetExperiment(ctx, id)
}

// GetExperimentByName is GetExperiment by name. Where Python returns None this is ErrNotFound.
func GetExperimentByName(ctx context.Context, name string) (core.Experiment, error) {
	c, err := std.client(ctx)
	if err != nil {
		return core.Experiment{}, err
	}
	return c.GetExperimentByName(ctx, name)
}

// DeleteExperiment deletes an experiment with its runs; RestoreExperiment brings it back.
func DeleteExperiment(ctx context.Context, id core.ExperimentID) error {
	c, err := std.client(ctx)
	if err != nil {
		return err
	}
	return c.DeleteExperiment(ctx, id)
}

// RestoreExperiment restores a deleted experiment with its runs.
func RestoreExperiment(ctx context.Context, id core.ExperimentID) error {
	c, err := std.client(ctx)
	if err != nil {
		return err
	}
	return c.RestoreExperiment(ctx, id)
}

// SearchExperiments returns the experiments that the query finds, at most Limit of them; 0 is all.
func SearchExperiments(ctx context.Context, q core.ExperimentQuery) ([]core.Experiment, error) {
	c, err := std.client(ctx)
	if err != nil {
		return nil, err
	}
	return c.SearchExperiments(ctx, q)
}

// SetExperimentTag sets a tag of the experiment in which StartRun would start a run.
func SetExperimentTag(ctx context.Context, key string, value any) error {
	return SetExperimentTags(ctx, map[string]any{key: value})
}

// SetExperimentTags sets tags as SetExperimentTag does, all or none.
func SetExperimentTags(ctx context.Context, tags map[string]any) error {
	c, id, err := std.resolved(ctx)
	if err != nil {
		return err
	}
	return c.SetExperimentTags(ctx, id, tags)
}

// DeleteExperimentTag deletes a tag of the experiment in which StartRun would start a run.
func DeleteExperimentTag(ctx context.Context, key string) error {
	c, id, err := std.resolved(ctx)
	if err != nil {
		return err
	}
	return c.DeleteExperimentTag(ctx, id, key)
}
