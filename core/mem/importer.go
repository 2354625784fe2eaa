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
	if err := t.checkExperiment(entity); err != nil {
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

func (t *Tracking) checkExperiment(e core.Experiment) error {
	if err := core.CheckExperimentID(e.ID); err != nil {
		return err
	}
	spec := core.ExperimentSpec{Name: e.Name, ArtifactLocation: e.ArtifactLocation, Tags: e.Tags}
	if err := core.CheckExperimentSpec(spec, t.limits); err != nil {
		return err
	}
	if e.ID == core.DefaultExperimentID && e.Lifecycle == core.Deleted {
		return errDefaultExperiment()
	}
	return checkLifecycle(e.Lifecycle)
}

func checkLifecycle(l core.Lifecycle) error {
	if l == core.Active || l == core.Deleted {
		return nil
	}
	return core.Invalid("lifecycle_stage", "unknown lifecycle stage %q: it must be active or deleted", string(l))
}

// ImportRun creates the run as it is but for its metrics, or replaces what the one with its id has besides metrics.
func (t *Tracking) ImportRun(ctx context.Context, entity core.Run) (err error) {
	defer named(&err, "import run", string(entity.ID))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := t.checkRun(entity); err != nil {
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

func (t *Tracking) checkRun(r core.Run) error {
	limits := t.limits
	limits.BatchParams, limits.BatchTags, limits.BatchTotal = 0, 0, 0 // a run may hold more than one batch
	batch := core.Batch{}
	for key, value := range r.Params {
		batch.Params = append(batch.Params, core.Param{Key: key, Value: value})
	}
	change := core.RunChange{Name: r.Name, Status: r.Status, EndTime: &r.EndTime}
	for _, check := range []func() error{
		func() error { return core.CheckRunID(r.ID) },
		func() error { return core.CheckExperimentID(r.ExperimentID) },
		func() error { return checkLifecycle(r.Lifecycle) },
		func() error { return core.CheckRunChange(change, limits) },
		func() error {
			return core.CheckRunSpec(core.RunSpec{User: r.User, StartTime: r.StartTime, Tags: r.Tags}, limits)
		},
		func() error { return core.CheckBatch(batch, limits) },
		func() error { return core.CheckInputs(r.Inputs, limits) },
		func() error { return core.CheckOutputs(r.Outputs) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if !r.Status.Valid() {
		return core.Invalid("status", "a run to import needs a status, not %d", int(r.Status))
	}
	return nil
}

// ImportLoggedModel creates the logged model as it is but for its metrics, or replaces what the one with its id has
// besides metrics.
func (t *Tracking) ImportLoggedModel(ctx context.Context, entity core.LoggedModel) (err error) {
	defer named(&err, "import logged model", string(entity.ID))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := t.checkLoggedModel(entity); err != nil {
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

func (t *Tracking) checkLoggedModel(m core.LoggedModel) error {
	if err := core.CheckModelID(m.ID); err != nil {
		return err
	}
	if err := core.CheckExperimentID(m.ExperimentID); err != nil {
		return err
	}
	spec := core.LoggedModelSpec{Name: m.Name, Type: m.Type, Params: m.Params, Tags: m.Tags}
	if err := core.CheckLoggedModelSpec(spec, t.limits); err != nil {
		return err
	}
	if m.Status < core.ModelPending || m.Status > core.ModelFailed {
		return core.Invalid("status", "unknown status %d of a logged model", int(m.Status))
	}
	return checkLifecycle(m.Lifecycle)
}
