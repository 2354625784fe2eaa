package main

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// inExperiment is what of an experiment may be removed.
type inExperiment struct {
	runs   []core.RunInfo
	models []core.LoggedModel
}

// within lists what a view shows of an experiment. Older plugins do not know of views of logged models and list active
// ones: whoever removes looks at each.
func (c *collector) within(ctx context.Context, id core.ExperimentID, view core.View) (inExperiment, error) {
	var found inExperiment
	in := []core.ExperimentID{id}
	for r, err := range client.Runs(ctx, c.store, core.RunQuery{Experiments: in, View: view, Fields: core.RunInfoOnly}) {
		if err != nil {
			return found, err
		}
		found.runs = append(found.runs, r.RunInfo)
	}
	if c.models == nil {
		return found, nil
	}
	var err error
	found.models, err = client.Collect(client.LoggedModels(ctx, c.models, core.LoggedModelQuery{Experiments: in, View: view}))
	return found, err
}
