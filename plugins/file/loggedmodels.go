package file

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/core/names"
)

// CreateLoggedModel creates a pending model in an active experiment.
func (t *Tracking) CreateLoggedModel(
	ctx context.Context, in core.ExperimentID, spec core.LoggedModelSpec,
) (_ core.LoggedModel, err error) {
	defer named(&err, "create logged model", string(in))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return core.LoggedModel{}, err
	}
	defer done()
	if err := core.CheckExperimentID(in); err != nil {
		return core.LoggedModel{}, err
	}
	if err := core.CheckLoggedModelSpec(spec, t.limits); err != nil {
		return core.LoggedModel{}, err
	}
	id, now := core.NewModelID(), core.Now()
	m := core.LoggedModel{
		ID: id, ExperimentID: in, Name: cmp.Or(spec.Name, core.NewRunName()), Type: spec.Type, SourceRunID: spec.SourceRunID,
		Status: core.ModelPending, Lifecycle: core.Active, CreatedAt: now, UpdatedAt: now,
		Params: copied(spec.Params), Tags: copied(spec.Tags),
	}
	err = t.withExperiment(ctx, in, shared, func(e *experiment, f *folder) error {
		shown, err := e.active(ctx, f)
		if err != nil {
			return err
		}
		m.ArtifactURI = core.JoinLocation(shown.ArtifactLocation, modelsName, string(id), "artifacts")
		return t.makeModel(ctx, e.base, m)
	})
	if err != nil {
		return core.LoggedModel{}, err
	}
	return m, nil
}

// LoggedModel returns an active or deleted model.
func (t *Tracking) LoggedModel(ctx context.Context, id core.ModelID) (_ core.LoggedModel, err error) {
	defer named(&err, "get logged model", string(id))
	ctx, done, err := t.begin(ctx)
	if err != nil {
		return core.LoggedModel{}, err
	}
	defer done()
	if err := core.CheckModelID(id); err != nil {
		return core.LoggedModel{}, err
	}
	if err := t.finishRuns(ctx); err != nil {
		return core.LoggedModel{}, err
	}
	var shown core.LoggedModel
	err = t.withModel(ctx, id, shared, func(m *model, _ *folder) (err error) {
		shown, err = m.entity()
		return err
	})
	return shown, err
}

// finishRuns finishes changes of runs that dead processes have left: they may have points of logged models.
func (t *Tracking) finishRuns(ctx context.Context) error {
	dir, err := t.store.folder(runJournals, false)
	if dir == nil || err != nil {
		return err
	}
	entries, err := dir.list(".")
	if err != nil {
		return ioError("list", dir.path, err)
	}
	for _, entry := range entries {
		if err := t.recoverOne(ctx, runJournals, entry.Name()); err != nil {
			return err
		}
	}
	return nil
}

// UpdateLoggedModel changes an active model, all or nothing.
func (t *Tracking) UpdateLoggedModel(
	ctx context.Context, id core.ModelID, change core.LoggedModelChange,
) (_ core.LoggedModel, err error) {
	defer named(&err, "update logged model", string(id))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return core.LoggedModel{}, err
	}
	defer done()
	if err := core.CheckModelID(id); err != nil {
		return core.LoggedModel{}, err
	}
	if err := core.CheckLoggedModelChange(change, t.limits); err != nil {
		return core.LoggedModel{}, err
	}
	var shown core.LoggedModel
	err = t.withModel(ctx, id, exclusive, func(m *model, f *folder) error {
		if shown, err = m.active(); err != nil {
			return err
		}
		ops, err := m.steps(&shown, change)
		defer m.forget()
		if err != nil {
			return err
		}
		return t.commit(modelJournals, string(id), record{experiment: m.in, ops: ops}, &applier{here: f})
	})
	if err != nil {
		return core.LoggedModel{}, err
	}
	return shown, nil
}

// forget makes the next look list the folders anew.
func (m *model) forget() {
	m.meta.firm = false
	for _, s := range []*shelf{&m.metrics, &m.params, &m.tags} {
		s.forget()
	}
}

// steps are those of a change, which shown takes on.
func (m *model) steps(shown *core.LoggedModel, change core.LoggedModelChange) ([]op, error) {
	var ops []op
	for _, key := range slices.Sorted(maps.Keys(change.Params)) {
		old, found := shown.Params[key]
		switch {
		case !found:
			ops = append(ops, op{kind: opWrite, path: m.params.newPath(key), data: []byte(change.Params[key])})
		case old != change.Params[key]:
			return nil, core.Invalid(key, "Changing param values is not allowed. Param with key='%s' of logged model '%s' has "+
				"another value already.", key, m.id)
		}
	}
	tags, err := m.tags.changes(shown.Tags, change.Tags)
	if err != nil {
		return nil, err
	}
	maps.Copy(shown.Params, change.Params)
	maps.Copy(shown.Tags, change.Tags.Set)
	for _, key := range change.Tags.Delete {
		delete(shown.Tags, key)
	}
	if change.Status != 0 {
		shown.Status = change.Status
	}
	if change.StatusMessage != nil {
		shown.StatusMessage = *change.StatusMessage
	}
	shown.UpdatedAt = later(shown.UpdatedAt)
	return append(append(ops, tags...), op{kind: opWrite, path: metaFile, data: modelDocument(*shown).bytes()}), nil
}

// DeleteLoggedModel hides a model from searches.
func (t *Tracking) DeleteLoggedModel(ctx context.Context, id core.ModelID) (err error) {
	defer named(&err, "delete logged model", string(id))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := core.CheckModelID(id); err != nil {
		return err
	}
	return t.withModel(ctx, id, exclusive, func(m *model, f *folder) error {
		shown, err := m.active()
		if err != nil {
			return err
		}
		defer m.forget()
		shown.Lifecycle, shown.UpdatedAt = core.Deleted, later(shown.UpdatedAt)
		ops := []op{{kind: opWrite, path: metaFile, data: modelDocument(shown).bytes()}}
		return t.commit(modelJournals, string(id), record{experiment: m.in, ops: ops}, &applier{here: f})
	})
}

// SearchLoggedModels returns a page of the models that match.
func (t *Tracking) SearchLoggedModels(
	ctx context.Context, query core.LoggedModelQuery,
) (_ core.Page[core.LoggedModel], err error) {
	defer named(&err, "search logged models", query.Filter)
	none := core.Page[core.LoggedModel]{}
	ctx, done, err := t.begin(ctx)
	if err != nil {
		return none, err
	}
	defer done()
	q, err := filter.LoggedModels(query, t.limits)
	if err != nil {
		return none, err
	}
	if err := t.finishRuns(ctx); err != nil {
		return none, err
	}
	in := slices.Clone(query.Experiments)
	slices.Sort(in)
	var all []core.LoggedModel
	for _, id := range slices.Compact(in) {
		models, err := t.modelsIn(ctx, id, query.View)
		if err != nil {
			return none, err
		}
		all = append(all, models...)
	}
	return q.Slice(all), nil
}

// modelsIn returns the logged models of an experiment that a view shows; malformed ones are reported and left out.
func (t *Tracking) modelsIn(ctx context.Context, id core.ExperimentID, view core.View) ([]core.LoggedModel, error) {
	e, err := t.findExperiment(id)
	if errors.Is(err, core.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entries, err := t.top.list(e.base + "/" + modelsName)
	if err != nil {
		return nil, ioError("list", e.base+"/"+modelsName, err)
	}
	var all []core.LoggedModel
	for _, entry := range entries {
		if !entry.IsDir() || names.LoggedModelID(entry.Name()) != nil {
			continue
		}
		m := t.knownModel(core.ModelID(entry.Name()), e.base+"/"+modelsName+"/"+entry.Name())
		_, err := t.enterModel(ctx, m, shared, func(m *model, _ *folder) error {
			shown, err := m.entity()
			if err == nil && view.Shows(shown.Lifecycle) {
				all = append(all, shown)
			}
			return err
		})
		switch {
		case err == nil, errors.Is(err, core.ErrNotFound):
		case errors.Is(err, core.ErrDataLoss):
			t.report(err)
		default:
			return nil, err
		}
	}
	return all, nil
}
