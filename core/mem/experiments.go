package mem

import (
	"context"
	"fmt"
	"strconv"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// CreateExperiment creates an active experiment with the next free number as its id.
func (t *Tracking) CreateExperiment(ctx context.Context, spec core.ExperimentSpec) (_ core.Experiment, err error) {
	defer named(&err, "create experiment", spec.Name)
	if err := t.change(ctx); err != nil {
		return core.Experiment{}, err
	}
	if err := core.CheckExperimentSpec(spec, t.limits); err != nil {
		return core.Experiment{}, err
	}
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, taken := d.byName[spec.Name]; taken {
		return core.Experiment{}, core.Exists("experiment", spec.Name)
	}
	id := d.nextExperimentID()
	location := spec.ArtifactLocation
	if location == "" {
		location = core.JoinLocation(d.root, string(id))
	}
	now := core.Now()
	e := d.addExperiment(core.Experiment{
		ID: id, Name: spec.Name, ArtifactLocation: location, Lifecycle: core.Active,
		CreatedAt: now, UpdatedAt: now, Tags: copied(spec.Tags),
	})
	return cloneExperiment(e.Experiment), nil
}

// nextExperimentID gives ids in order and skips those that came by import.
func (d *trackingData) nextExperimentID() core.ExperimentID {
	for {
		d.lastID++
		id := core.ExperimentID(strconv.Itoa(d.lastID))
		if _, taken := d.experiments[id]; !taken {
			return id
		}
	}
}

func (d *trackingData) addExperiment(entity core.Experiment) *experiment {
	e := &experiment{
		Experiment: entity, runs: map[core.RunID]*run{}, datasets: map[datasetKey]core.Dataset{},
	}
	d.experiments[e.ID] = e
	d.byName[e.Name] = e
	return e
}

// Experiment finds an active or deleted experiment by id or name.
func (t *Tracking) Experiment(ctx context.Context, ref core.ExperimentRef) (_ core.Experiment, err error) {
	defer named(&err, "get experiment", string(ref.ID)+ref.Name)
	if err := t.read(ctx); err != nil {
		return core.Experiment{}, err
	}
	if err := core.CheckExperimentRef(ref); err != nil {
		return core.Experiment{}, err
	}
	d := t.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	if ref.ID == "" {
		e, found := d.byName[ref.Name]
		if !found {
			return core.Experiment{}, core.Missing("experiment", ref.Name)
		}
		return cloneExperiment(e.Experiment), nil
	}
	e, err := d.experiment(ref.ID)
	if err != nil {
		return core.Experiment{}, err
	}
	return cloneExperiment(e.Experiment), nil
}

// UpdateExperiment renames, deletes or restores an experiment.
func (t *Tracking) UpdateExperiment(
	ctx context.Context, id core.ExperimentID, change core.ExperimentChange,
) (err error) {
	defer named(&err, "update experiment", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckExperimentID(id); err != nil {
		return err
	}
	if err := core.CheckExperimentChange(change, t.limits); err != nil {
		return err
	}
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	if change.Name != nil {
		return d.renameExperiment(id, *change.Name)
	}
	return d.moveExperiment(id, change.Lifecycle)
}

func (d *trackingData) renameExperiment(id core.ExperimentID, name string) error {
	e, err := d.activeExperiment(id)
	if err != nil {
		return err
	}
	other, taken := d.byName[name]
	switch {
	case other == e:
		return nil
	case taken:
		return core.Exists("experiment", name)
	}
	delete(d.byName, e.Name)
	e.Name, e.UpdatedAt = name, later(e.UpdatedAt)
	d.byName[name] = e
	return nil
}

// moveExperiment deletes or restores an experiment with all its runs (D-4).
func (d *trackingData) moveExperiment(id core.ExperimentID, to core.Lifecycle) error {
	e, err := d.experiment(id)
	switch {
	case err != nil:
		return err
	case e.Lifecycle == to: // D-5
		return &core.Error{
			Code: core.NotFound, Key: string(id),
			Err: fmt.Errorf("experiment %q is %s already", id, to),
		}
	case id == core.DefaultExperimentID && to == core.Deleted:
		return errDefaultExperiment()
	}
	now := later(e.UpdatedAt)
	e.Lifecycle, e.UpdatedAt = to, now
	for _, r := range e.runs {
		r.Lifecycle, r.DeletedAt = to, 0
		if to == core.Deleted {
			r.DeletedAt = now
		}
	}
	return nil
}

func errDefaultExperiment() error {
	return core.State(core.DefaultExperimentID, "Cannot delete the default experiment '%s'. This is an internally "+
		"reserved experiment.", core.DefaultExperimentID)
}

// ChangeExperimentTags sets and deletes tags of an active experiment.
func (t *Tracking) ChangeExperimentTags(
	ctx context.Context, id core.ExperimentID, change core.TagChange,
) (err error) {
	defer named(&err, "change experiment tags", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckExperimentID(id); err != nil {
		return err
	}
	if err := core.CheckExperimentTagChange(change, t.limits); err != nil {
		return err
	}
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	e, err := d.activeExperiment(id)
	if err != nil {
		return err
	}
	return applyTagsStrictly(e.Tags, change)
}

// SearchExperiments returns a page of the experiments that match.
func (t *Tracking) SearchExperiments(
	ctx context.Context, query core.ExperimentQuery,
) (_ core.Page[core.Experiment], err error) {
	defer named(&err, "search experiments", query.Filter)
	if err := t.read(ctx); err != nil {
		return core.Page[core.Experiment]{}, err
	}
	q, err := filter.Experiments(query, t.limits)
	if err != nil {
		return core.Page[core.Experiment]{}, err
	}
	d := t.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	return search(ctx, q, cloneExperiment, func(yield func(core.Experiment) bool) {
		for _, e := range d.experiments {
			if !yield(e.Experiment) {
				return
			}
		}
	})
}
