package mem

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// ImportExperiment creates the experiment as it is, or replaces what the one with its id says of itself; that one's runs
// stay.
func (t *Tracking) ImportExperiment(ctx context.Context, entity core.Experiment) (err error) {
	defer named(&err, "import experiment", string(entity.ID))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckImportedExperiment(entity, t.limits); err != nil {
		return err
	}
	entity = cloneExperiment(entity)
	entity.Tags = copied(entity.Tags)
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.experiments[entity.ID]
	if other, taken := d.byName[entity.Name]; taken && other != known {
		return core.Exists("experiment", entity.Name)
	}
	if known == nil {
		d.addExperiment(entity)
		return nil
	}
	delete(d.byName, known.Name)
	known.Experiment = entity
	d.byName[known.Name] = known
	return nil
}

// ImportRun creates the run as it is but for its metrics, or replaces what the one with its id has besides metrics.
func (t *Tracking) ImportRun(ctx context.Context, entity core.Run) (err error) {
	defer named(&err, "import run", string(entity.ID))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckImportedRun(entity, t.limits); err != nil {
		return err
	}
	entity = cloneRun(entity)
	entity.Params, entity.Tags = copied(entity.Params), copied(entity.Tags)
	inputs, outputs := entity.Inputs, entity.Outputs
	entity.Inputs, entity.Outputs = core.Inputs{}, nil
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	e, err := d.experiment(entity.ExperimentID)
	if err != nil {
		return err
	}
	r := d.runs[entity.ID]
	if r == nil {
		entity.Metrics = map[string]core.Metric{}
		r = d.addRun(e, entity)
	} else {
		delete(d.experiments[r.ExperimentID].runs, r.ID)
		entity.Metrics = r.Metrics
		r.Run = entity
		e.runs[r.ID] = r
	}
	e.addInputs(r, inputs)
	r.addOutputs(outputs)
	return nil
}

// ImportLoggedModel creates the logged model as it is but for its metrics, or replaces what the one with its id has
// besides metrics.
func (t *Tracking) ImportLoggedModel(ctx context.Context, entity core.LoggedModel) (err error) {
	defer named(&err, "import logged model", string(entity.ID))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckImportedLoggedModel(entity, t.limits); err != nil {
		return err
	}
	entity = cloneLoggedModel(entity)
	entity.Params, entity.Tags, entity.Metrics = copied(entity.Params), copied(entity.Tags), nil
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.experiment(entity.ExperimentID); err != nil {
		return err
	}
	if known := d.loggedModels[entity.ID]; known != nil {
		entity.Metrics = known.Metrics
	}
	d.loggedModels[entity.ID] = &entity
	return nil
}
