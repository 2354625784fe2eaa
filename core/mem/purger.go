package mem

import (
	"context"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// PurgeRun removes a deleted run and everything that it logged.
func (t *Tracking) PurgeRun(ctx context.Context, id core.RunID) (err error) {
	defer named(&err, "purge run", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckRunID(id); err != nil {
		return err
	}
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	r, err := d.run(id)
	if err != nil {
		return err
	}
	if r.Lifecycle != core.Deleted {
		return notDeleted("run", id)
	}
	d.purgeRun(r)
	return nil
}

func notDeleted[K ~string](kind string, id K) error {
	return core.State(id, "the %s %q is active: only what has been deleted can be purged", kind, string(id))
}

func (d *trackingData) purgeRun(r *run) {
	delete(d.runs, r.ID)
	delete(d.experiments[r.ExperimentID].runs, r.ID)
	d.created.forget(func(id core.RunID) bool { return id == r.ID })
	for _, m := range d.loggedModels {
		m.Metrics = slices.DeleteFunc(m.Metrics, func(p core.RunMetric) bool { return p.RunID == r.ID })
	}
}

// PurgeExperiment removes a deleted experiment with its runs and logged models, and frees its name.
func (t *Tracking) PurgeExperiment(ctx context.Context, id core.ExperimentID) (err error) {
	defer named(&err, "purge experiment", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckExperimentID(id); err != nil {
		return err
	}
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	e, err := d.experiment(id)
	if err != nil {
		return err
	}
	if e.Lifecycle != core.Deleted {
		return notDeleted("experiment", id)
	}
	for modelID, m := range d.loggedModels {
		if m.ExperimentID == id {
			delete(d.loggedModels, modelID)
		}
	}
	for _, r := range e.runs {
		d.purgeRun(r)
	}
	delete(d.experiments, id)
	delete(d.byName, e.Name)
	return nil
}

// PurgeLoggedModel removes a deleted logged model.
func (t *Tracking) PurgeLoggedModel(ctx context.Context, id core.ModelID) (err error) {
	defer named(&err, "purge logged model", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckModelID(id); err != nil {
		return err
	}
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	m, err := d.loggedModel(id)
	if err != nil {
		return err
	}
	if m.Lifecycle != core.Deleted {
		return notDeleted("logged model", id)
	}
	delete(d.loggedModels, id)
	return nil
}
