package mlflow

import (
	"cmp"
	"context"
	"errors"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// CreateExperiment creates an experiment and returns its id. A name that is taken, also by a deleted experiment, is
// ErrExists.
func (c *Client) CreateExperiment(ctx context.Context, spec core.ExperimentSpec) (core.ExperimentID, error) {
	experiment, err := c.tracking.CreateExperiment(ctx, spec)
	return experiment.ID, err
}

// GetExperiment returns an experiment, active or deleted; an unknown one is ErrNotFound.
func (c *Client) GetExperiment(ctx context.Context, id core.ExperimentID) (core.Experiment, error) {
	return c.tracking.Experiment(ctx, core.ExperimentRef{ID: id})
}

// GetExperimentByName is GetExperiment by name. Where Python returns None this is ErrNotFound.
func (c *Client) GetExperimentByName(ctx context.Context, name string) (core.Experiment, error) {
	return client.ExperimentByName(ctx, c.tracking, name)
}

// DeleteExperiment deletes an experiment with its runs; RestoreExperiment brings it back.
func (c *Client) DeleteExperiment(ctx context.Context, id core.ExperimentID) error {
	return c.tracking.UpdateExperiment(ctx, id, core.ExperimentChange{Lifecycle: core.Deleted})
}

// RestoreExperiment restores a deleted experiment with its runs.
func (c *Client) RestoreExperiment(ctx context.Context, id core.ExperimentID) error {
	return c.tracking.UpdateExperiment(ctx, id, core.ExperimentChange{Lifecycle: core.Active})
}

// SearchExperiments returns the experiments that the query finds, at most Limit of them; 0 is all.
func (c *Client) SearchExperiments(ctx context.Context, q core.ExperimentQuery) ([]core.Experiment, error) {
	most := q.Limit
	if most < 0 {
		return nil, core.Invalid("max_results", "the most experiments to find must not be negative, got %d", most)
	}
	q.Limit = min(most, c.limits.ExperimentPage.Max)
	var found []core.Experiment
	for experiment, err := range client.Experiments(ctx, c.tracking, q) {
		if err != nil {
			return nil, err
		}
		if found = append(found, experiment); len(found) == most {
			break
		}
	}
	return found, nil
}

// SetExperimentTags sets tags of an experiment, all or none; values are turned into text (Text).
func (c *Client) SetExperimentTags(ctx context.Context, id core.ExperimentID, tags map[string]any) error {
	if len(tags) == 0 {
		return nil
	}
	change := core.TagChange{Set: make(map[string]string, len(tags))}
	for key, value := range tags {
		change.Set[key] = Text(value)
	}
	return c.tracking.ChangeExperimentTags(ctx, id, change)
}

// DeleteExperimentTag deletes a tag of an experiment; an absent one is ErrNotFound.
func (c *Client) DeleteExperimentTag(ctx context.Context, id core.ExperimentID, key string) error {
	return c.tracking.ChangeExperimentTags(ctx, id, core.TagChange{Delete: []string{key}})
}

// activate finds the experiment that SetExperiment makes the active one; by name it is created where it is missing.
func (c *Client) activate(ctx context.Context, ref core.ExperimentRef) (core.Experiment, error) {
	var experiment core.Experiment
	err := core.CheckExperimentRef(ref)
	switch {
	case err != nil:
		return core.Experiment{}, err
	case ref.ID != "":
		experiment, err = c.GetExperiment(ctx, ref.ID)
	default:
		experiment, err = client.EnsureExperiment(ctx, c.tracking, core.ExperimentSpec{Name: ref.Name})
	}
	if err != nil {
		return core.Experiment{}, err
	}
	if experiment.Lifecycle == core.Deleted {
		return core.Experiment{}, core.Invalid(string(experiment.ID), "Cannot set a deleted experiment '%s' as the active "+
			"experiment. You can restore the experiment, or permanently delete the experiment to create a new one.",
			experiment.Name)
	}
	return experiment, nil
}

// environmentExperiment is the experiment that the environment names, else the default one; it is empty where a Databricks
// workspace chooses. Source: MLflow 3.18, mlflow/tracking/fluent.py, _get_experiment_id.
func (c *Client) environmentExperiment(ctx context.Context) (core.ExperimentID, error) {
	name, id := getenv(c.env, experimentNameVariable), core.ExperimentID(getenv(c.env, experimentIDVariable))
	switch {
	case name != "":
		experiment, err := c.GetExperimentByName(ctx, name)
		if errors.Is(err, core.ErrNotFound) {
			experiment, err = client.EnsureExperiment(ctx, c.tracking, core.ExperimentSpec{Name: name})
			return experiment.ID, err
		}
		if err == nil && id != "" && id != experiment.ID {
			err = core.Invalid(experimentIDVariable, "The provided %s environment variable value `%s` does not match the "+
				"experiment id `%s` for experiment name `%s`", experimentIDVariable, id, experiment.ID, name)
		}
		return experiment.ID, err
	case id != "":
		experiment, err := c.GetExperiment(ctx, id)
		if errors.Is(err, core.ErrNotFound) || errors.Is(err, core.ErrInvalid) {
			err = core.Invalid(experimentIDVariable, "The provided %s environment variable value `%s` does not exist in the "+
				"tracking server. Provide a valid experiment_id.", experimentIDVariable, id)
		}
		return experiment.ID, err
	case cmp.Or(c.trackingURI.Scheme(), c.trackingURI.Raw()) == "databricks":
		return "", nil
	}
	return core.DefaultExperimentID, nil
}
