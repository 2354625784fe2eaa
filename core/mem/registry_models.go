package mem

import (
	"cmp"
	"context"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// CreateModel creates a model without versions.
func (r *Registry) CreateModel(ctx context.Context, spec core.ModelSpec) (_ core.Model, err error) {
	defer named(&err, "create registered model", spec.Name)
	if err := r.change(ctx); err != nil {
		return core.Model{}, err
	}
	if err := core.CheckModelSpec(spec, r.limits); err != nil {
		return core.Model{}, err
	}
	d := r.data
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, taken := d.models[spec.Name]; taken {
		return core.Model{}, core.Exists("registered model", spec.Name)
	}
	now := core.Now()
	return d.addModel(core.Model{
		Name: spec.Name, Description: spec.Description, CreatedAt: now, UpdatedAt: now, Tags: copied(spec.Tags),
	}).view(), nil
}

// addModel adds a model that has neither versions nor aliases.
func (d *registryData) addModel(entity core.Model) *model {
	entity.Aliases, entity.Latest = map[string]int{}, nil
	m := &model{Model: entity, versions: map[int]*core.Version{}}
	d.models[m.Name] = m
	return m
}

// view is the model as a caller sees it.
func (m *model) view() core.Model {
	entity := m.Model
	entity.Latest = m.latest(core.StageNames())
	return cloneModel(entity)
}

// latest returns the highest version of each of the stages, by number. They share memory with the store.
func (m *model) latest(stages []core.Stage) []core.Version {
	highest := map[core.Stage]*core.Version{}
	for _, v := range m.versions {
		if best := highest[v.Stage]; best == nil || best.Number < v.Number {
			highest[v.Stage] = v
		}
	}
	var list []core.Version
	for _, stage := range distinct(stages) {
		if v := highest[stage]; v != nil {
			list = append(list, *v)
		}
	}
	slices.SortFunc(list, func(a, b core.Version) int { return cmp.Compare(a.Number, b.Number) })
	return list
}

// Model returns a model with its aliases and the latest version of each stage.
func (r *Registry) Model(ctx context.Context, name string) (_ core.Model, err error) {
	defer named(&err, "get registered model", name)
	if err := r.read(ctx); err != nil {
		return core.Model{}, err
	}
	if err := core.CheckModelName(name, r.limits); err != nil {
		return core.Model{}, err
	}
	d := r.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	m, err := d.model(name)
	if err != nil {
		return core.Model{}, err
	}
	return m.view(), nil
}

// UpdateModel changes a model, all or nothing.
func (r *Registry) UpdateModel(
	ctx context.Context, name string, change core.ModelChange,
) (_ core.Model, err error) {
	defer named(&err, "update registered model", name)
	if err := r.change(ctx); err != nil {
		return core.Model{}, err
	}
	if err := core.CheckModelName(name, r.limits); err != nil {
		return core.Model{}, err
	}
	if err := core.CheckModelChange(change, r.limits); err != nil {
		return core.Model{}, err
	}
	d := r.data
	d.mu.Lock()
	defer d.mu.Unlock()
	m, err := d.model(name)
	if err != nil {
		return core.Model{}, err
	}
	if change.Name != nil {
		if err := d.rename(m, *change.Name); err != nil {
			return core.Model{}, err
		}
	}
	if change.Description != nil {
		m.Description, m.UpdatedAt = *change.Description, later(m.UpdatedAt)
	}
	applyTags(m.Tags, change.Tags)
	return m.view(), nil
}

// rename moves a model with all that it has to another name, which also advances the times of its versions.
func (d *registryData) rename(m *model, name string) error {
	if name == m.Name {
		return nil
	}
	if _, taken := d.models[name]; taken {
		return core.Exists("registered model", name)
	}
	delete(d.models, m.Name)
	d.models[name] = m
	m.Name, m.UpdatedAt = name, later(m.UpdatedAt)
	for _, v := range m.versions {
		v.Model, v.UpdatedAt = name, max(v.UpdatedAt, m.UpdatedAt)
	}
	return nil
}

// DeleteModel removes a model with versions, tags and aliases.
func (r *Registry) DeleteModel(ctx context.Context, name string) (err error) {
	defer named(&err, "delete registered model", name)
	if err := r.change(ctx); err != nil {
		return err
	}
	if err := core.CheckModelName(name, r.limits); err != nil {
		return err
	}
	d := r.data
	d.mu.Lock()
	defer d.mu.Unlock()
	m, err := d.model(name)
	if err != nil {
		return err
	}
	delete(d.models, name)
	d.created.forget(func(v madeVersion) bool { return v.model == m })
	return nil
}

// SearchModels returns a page of the models that match.
func (r *Registry) SearchModels(
	ctx context.Context, query core.ModelQuery,
) (_ core.Page[core.Model], err error) {
	defer named(&err, "search registered models", query.Filter)
	if err := r.read(ctx); err != nil {
		return core.Page[core.Model]{}, err
	}
	q, err := filter.Models(query, r.limits)
	if err != nil {
		return core.Page[core.Model]{}, err
	}
	d := r.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	view := func(m core.Model) core.Model { return d.models[m.Name].view() }
	return search(ctx, q, view, func(yield func(core.Model) bool) {
		for _, m := range d.models {
			if !yield(m.Model) {
				return
			}
		}
	})
}
