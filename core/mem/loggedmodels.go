package mem

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// CreateLoggedModel creates a pending model in an active experiment.
func (t *Tracking) CreateLoggedModel(
	ctx context.Context, in core.ExperimentID, spec core.LoggedModelSpec,
) (_ core.LoggedModel, err error) {
	defer named(&err, "create logged model", string(in))
	if err := t.change(ctx); err != nil {
		return core.LoggedModel{}, err
	}
	if err := core.CheckExperimentID(in); err != nil {
		return core.LoggedModel{}, err
	}
	if err := core.CheckLoggedModelSpec(spec, t.limits); err != nil {
		return core.LoggedModel{}, err
	}
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	e, err := d.activeExperiment(in)
	if err != nil {
		return core.LoggedModel{}, err
	}
	id, now := core.NewModelID(), core.Now()
	m := &core.LoggedModel{
		ID: id, ExperimentID: in, Name: cmp.Or(spec.Name, core.NewRunName()), Type: spec.Type,
		SourceRunID: spec.SourceRunID,
		ArtifactURI: core.JoinLocation(e.ArtifactLocation, "models", string(id), "artifacts"),
		Status:      core.ModelPending, Lifecycle: core.Active, CreatedAt: now, UpdatedAt: now,
		Params: copied(spec.Params), Tags: copied(spec.Tags),
	}
	d.loggedModels[id] = m
	return cloneLoggedModel(*m), nil
}

// LoggedModel returns an active or deleted model.
func (t *Tracking) LoggedModel(ctx context.Context, id core.ModelID) (_ core.LoggedModel, err error) {
	defer named(&err, "get logged model", string(id))
	if err := t.read(ctx); err != nil {
		return core.LoggedModel{}, err
	}
	if err := core.CheckModelID(id); err != nil {
		return core.LoggedModel{}, err
	}
	d := t.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	m, err := d.loggedModel(id)
	if err != nil {
		return core.LoggedModel{}, err
	}
	return cloneLoggedModel(*m), nil
}

func (d *trackingData) loggedModel(id core.ModelID) (*core.LoggedModel, error) {
	m, found := d.loggedModels[id]
	if !found {
		return nil, core.Missing("logged model", id)
	}
	return m, nil
}

// activeLoggedModel finds a model that can be changed; a deleted one is ErrNotFound like an unknown one.
func (d *trackingData) activeLoggedModel(id core.ModelID) (*core.LoggedModel, error) {
	m, err := d.loggedModel(id)
	if err == nil && m.Lifecycle != core.Active {
		return nil, core.Missing("logged model", id)
	}
	return m, err
}

// UpdateLoggedModel changes an active model, all or nothing.
func (t *Tracking) UpdateLoggedModel(
	ctx context.Context, id core.ModelID, change core.LoggedModelChange,
) (_ core.LoggedModel, err error) {
	defer named(&err, "update logged model", string(id))
	if err := t.change(ctx); err != nil {
		return core.LoggedModel{}, err
	}
	if err := core.CheckModelID(id); err != nil {
		return core.LoggedModel{}, err
	}
	if err := core.CheckLoggedModelChange(change, t.limits); err != nil {
		return core.LoggedModel{}, err
	}
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	m, err := d.activeLoggedModel(id)
	if err != nil {
		return core.LoggedModel{}, err
	}
	if err := applyToLoggedModel(m, change); err != nil {
		return core.LoggedModel{}, err
	}
	return cloneLoggedModel(*m), nil
}

func applyToLoggedModel(m *core.LoggedModel, change core.LoggedModelChange) error {
	for _, key := range slices.Sorted(maps.Keys(change.Params)) {
		if old, found := m.Params[key]; found && old != change.Params[key] {
			return core.Invalid(key, "Changing param values is not allowed. Param with key='%s' of logged model '%s' has "+
				"another value already.", key, m.ID)
		}
	}
	if err := applyTagsStrictly(m.Tags, change.Tags); err != nil { // changes nothing when it fails: the last check
		return err
	}
	maps.Copy(m.Params, change.Params)
	if change.Status != 0 {
		m.Status = change.Status
	}
	if change.StatusMessage != nil {
		m.StatusMessage = *change.StatusMessage
	}
	m.UpdatedAt = later(m.UpdatedAt)
	return nil
}

// DeleteLoggedModel hides a model from searches.
func (t *Tracking) DeleteLoggedModel(ctx context.Context, id core.ModelID) (err error) {
	defer named(&err, "delete logged model", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckModelID(id); err != nil {
		return err
	}
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	m, err := d.activeLoggedModel(id)
	if err != nil {
		return err
	}
	m.Lifecycle, m.UpdatedAt = core.Deleted, later(m.UpdatedAt)
	return nil
}

// SearchLoggedModels returns a page of the models that match.
func (t *Tracking) SearchLoggedModels(
	ctx context.Context, query core.LoggedModelQuery,
) (_ core.Page[core.LoggedModel], err error) {
	defer named(&err, "search logged models", query.Filter)
	if err := t.read(ctx); err != nil {
		return core.Page[core.LoggedModel]{}, err
	}
	q, err := filter.LoggedModels(query, t.limits)
	if err != nil {
		return core.Page[core.LoggedModel]{}, err
	}
	d := t.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	return search(ctx, q, cloneLoggedModel, func(yield func(core.LoggedModel) bool) {
		for _, m := range d.loggedModels {
			if !yield(*m) {
				return
			}
		}
	})
}

// measure notes a point among the model's metrics if it is the latest of its key, dataset and run.
func measure(m *core.LoggedModel, p core.RunMetric) {
	at, found := slices.BinarySearchFunc(m.Metrics, p, func(a, b core.RunMetric) int {
		return cmp.Or(
			cmp.Compare(a.Key, b.Key), cmp.Compare(a.DatasetName, b.DatasetName),
			cmp.Compare(a.DatasetDigest, b.DatasetDigest), cmp.Compare(a.RunID, b.RunID),
		)
	})
	switch {
	case !found:
		m.Metrics = slices.Insert(m.Metrics, at, p)
	case supersedes(p.Metric, m.Metrics[at].Metric):
		m.Metrics[at] = p
	}
}
