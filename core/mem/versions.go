package mem

import (
	"context"
	"fmt"
	"strconv"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// keyOfVersion is how errors name a version.
func keyOfVersion(ref core.VersionRef) string { return ref.Model + "/" + strconv.Itoa(ref.Number) }

func missingVersion(ref core.VersionRef) error {
	return &core.Error{
		Code: core.NotFound, Key: keyOfVersion(ref),
		Err: fmt.Errorf("Model Version (name=%s, version=%d) not found", ref.Model, ref.Number),
	}
}

// CreateVersion creates the next version of a model, which is ready at once.
func (r *Registry) CreateVersion(
	ctx context.Context, name string, spec core.VersionSpec,
) (_ core.Version, err error) {
	defer named(&err, "create model version", name)
	if err := r.change(ctx); err != nil {
		return core.Version{}, err
	}
	if err := core.CheckModelName(name, r.limits); err != nil {
		return core.Version{}, err
	}
	if err := core.CheckVersionSpec(spec, r.limits); err != nil {
		return core.Version{}, err
	}
	spec.Tags = orNil(spec.Tags)
	request, err := fingerprint(spec.IdempotencyKey, name, spec)
	if err != nil {
		return core.Version{}, err
	}
	d := r.data
	d.mu.Lock()
	defer d.mu.Unlock()
	made, repeated, err := d.created.made(spec.IdempotencyKey, request)
	if err != nil {
		return core.Version{}, err
	}
	if repeated {
		v, found := made.model.versions[made.number]
		if !found {
			return core.Version{}, missingVersion(core.VersionRef{Model: name, Number: made.number})
		}
		return cloneVersion(*v), nil
	}
	m, err := d.model(name)
	if err != nil {
		return core.Version{}, err
	}
	v := m.addVersion(spec)
	d.created.remember(spec.IdempotencyKey, request, madeVersion{m, v.Number})
	return cloneVersion(*v), nil
}

func (m *model) addVersion(spec core.VersionSpec) *core.Version {
	m.last++
	m.UpdatedAt = later(m.UpdatedAt)
	v := &core.Version{
		Model: m.Name, Number: m.last, CreatedAt: m.UpdatedAt, UpdatedAt: m.UpdatedAt, User: spec.User,
		Description: spec.Description, Stage: core.StageNone, Source: spec.Source, Location: spec.Location,
		RunID: spec.RunID, RunLink: spec.RunLink, ModelID: spec.ModelID, Status: core.VersionReady,
		Tags: copied(spec.Tags),
	}
	if v.Location == v.Source {
		v.Location = ""
	}
	m.versions[v.Number] = v
	return v
}

// Version returns a version.
func (r *Registry) Version(ctx context.Context, ref core.VersionRef) (_ core.Version, err error) {
	defer named(&err, "get model version", keyOfVersion(ref))
	if err := r.read(ctx); err != nil {
		return core.Version{}, err
	}
	if err := core.CheckVersionRef(ref, r.limits); err != nil {
		return core.Version{}, err
	}
	d := r.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	_, v, err := d.version(ref)
	if err != nil {
		return core.Version{}, err
	}
	return cloneVersion(*v), nil
}

// UpdateVersion changes a version, all or nothing.
func (r *Registry) UpdateVersion(
	ctx context.Context, ref core.VersionRef, change core.VersionChange,
) (_ core.Version, err error) {
	defer named(&err, "update model version", keyOfVersion(ref))
	if err := r.change(ctx); err != nil {
		return core.Version{}, err
	}
	if err := core.CheckVersionRef(ref, r.limits); err != nil {
		return core.Version{}, err
	}
	if err := core.CheckVersionChange(change, r.limits); err != nil {
		return core.Version{}, err
	}
	d := r.data
	d.mu.Lock()
	defer d.mu.Unlock()
	m, v, err := d.version(ref)
	if err != nil {
		return core.Version{}, err
	}
	if change.Description != nil {
		v.Description = *change.Description
		m.touch(v)
	}
	applyTags(v.Tags, change.Tags)
	return cloneVersion(*v), nil
}

// touch advances the times of versions and of their model to one moment.
func (m *model) touch(versions ...*core.Version) {
	now := later(m.UpdatedAt)
	for _, v := range versions {
		now = max(now, v.UpdatedAt)
	}
	m.UpdatedAt = now
	for _, v := range versions {
		v.UpdatedAt = now
	}
}

// DeleteVersion removes a version and its aliases. Nothing of it can be read any more; its number is not given again.
func (r *Registry) DeleteVersion(ctx context.Context, ref core.VersionRef) (err error) {
	defer named(&err, "delete model version", keyOfVersion(ref))
	if err := r.change(ctx); err != nil {
		return err
	}
	if err := core.CheckVersionRef(ref, r.limits); err != nil {
		return err
	}
	d := r.data
	d.mu.Lock()
	defer d.mu.Unlock()
	m, v, err := d.version(ref)
	if err != nil {
		return err
	}
	for _, alias := range v.Aliases {
		delete(m.Aliases, alias)
	}
	delete(m.versions, ref.Number)
	m.touch()
	return nil
}

// SearchVersions returns a page of the versions of all models that match.
func (r *Registry) SearchVersions(
	ctx context.Context, query core.VersionQuery,
) (_ core.Page[core.Version], err error) {
	defer named(&err, "search model versions", query.Filter)
	if err := r.read(ctx); err != nil {
		return core.Page[core.Version]{}, err
	}
	q, err := filter.Versions(query, r.limits)
	if err != nil {
		return core.Page[core.Version]{}, err
	}
	d := r.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	return search(ctx, q, cloneVersion, func(yield func(core.Version) bool) {
		for _, m := range d.models {
			for _, v := range m.versions {
				if !yield(*v) {
					return
				}
			}
		}
	})
}
