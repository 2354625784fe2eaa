package client

import (
	"context"
	"errors"

	"github.com/mlstore/mlstore/core"
)

// ExperimentByName finds an experiment, active or deleted, by its name. An unknown one is ErrNotFound.
func ExperimentByName(ctx context.Context, s core.Experiments, name string) (core.Experiment, error) {
	return s.Experiment(ctx, core.ExperimentRef{Name: name})
}

// EnsureExperiment returns the experiment of the name, and creates it as specified if there is none. When somebody else
// creates it meanwhile, theirs is returned. An experiment that was there keeps its location and tags; it may be deleted,
// which its Lifecycle tells.
func EnsureExperiment(ctx context.Context, s core.Experiments, spec core.ExperimentSpec) (core.Experiment, error) {
	found, err := ExperimentByName(ctx, s, spec.Name)
	if !errors.Is(err, core.ErrNotFound) {
		return found, err
	}
	created, err := s.CreateExperiment(ctx, spec)
	if !errors.Is(err, core.ErrExists) {
		return created, err
	}
	return ExperimentByName(ctx, s, spec.Name)
}
