package main

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// inExperiment is what of an experiment may be removed.
type inExperiment struct {
	runs   []core.RunInfo     // active and deleted ones
	models []core.LoggedModel // deleted ones
}

// within lists what is in an experiment. A search finds no logged model that was deleted by itself: those are found that
// the experiment's runs name as what they made, read or measured.
func (c *collector) within(ctx context.Context, id core.ExperimentID) (inExperiment, error) {
	var found inExperiment
	query := core.RunQuery{Experiments: []core.ExperimentID{id}, View: core.AllStages}
	if c.models == nil {
		query.Fields = core.RunInfoOnly
	}
	named := map[core.ModelID]bool{}
	for r, err := range client.Runs(ctx, c.store, query) {
		if err != nil {
			return found, err
		}
		nameModels(named, r)
		found.runs = append(found.runs, r.RunInfo)
	}
	if c.models == nil {
		return found, nil
	}
	for _, model := range slices.Sorted(maps.Keys(named)) {
		m, err := c.models.LoggedModel(ctx, model)
		switch {
		case errors.Is(err, core.ErrNotFound): // a run may name what is not there
		case err != nil:
			return found, err
		case m.ExperimentID == id && m.Lifecycle == core.Deleted:
			found.models = append(found.models, m)
		}
	}
	return found, nil
}

func nameModels(named map[core.ModelID]bool, r core.Run) {
	for _, id := range r.Inputs.Models {
		named[id] = true
	}
	for _, out := range r.Outputs {
		named[out.ModelID] = true
	}
	for _, m := range r.Metrics {
		if m.ModelID != "" {
			named[m.ModelID] = true
		}
	}
}
