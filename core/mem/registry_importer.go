package mem

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// ImportModel creates the model as it is, or replaces what the one of its name says of itself; that one's versions and
// aliases stay.
func (r *Registry) ImportModel(ctx context.Context, entity core.Model) (err error) {
	defer named(&err, "import registered model", entity.Name)
	if err := r.change(ctx); err != nil {
		return err
	}
	spec := core.ModelSpec{Name: entity.Name, Description: entity.Description, Tags: entity.Tags}
	if err := core.CheckModelSpec(spec, r.limits); err != nil {
		return err
	}
	d := r.data
	d.mu.Lock()
	defer d.mu.Unlock()
	m := d.models[entity.Name]
	if m == nil {
		entity.Tags = copied(entity.Tags)
		d.addModel(entity)
		return nil
	}
	m.Description, m.CreatedAt, m.UpdatedAt = entity.Description, entity.CreatedAt, entity.UpdatedAt
	m.Tags = copied(entity.Tags)
	return nil
}

// ImportVersion creates the version as it is, or replaces the one of its number. Its aliases leave the versions that they
// pointed to.
func (r *Registry) ImportVersion(ctx context.Context, entity core.Version) (err error) {
	ref := core.VersionRef{Model: entity.Model, Number: entity.Number}
	defer named(&err, "import model version", keyOfVersion(ref))
	if err := r.change(ctx); err != nil {
		return err
	}
	if entity, err = core.CheckImportedVersion(entity, r.limits); err != nil {
		return err
	}
	aliases := entity.Aliases
	entity.Tags, entity.Aliases = copied(entity.Tags), nil
	d := r.data
	d.mu.Lock()
	defer d.mu.Unlock()
	m, err := d.model(entity.Model)
	if err != nil {
		return err
	}
	if old := m.versions[entity.Number]; old != nil {
		for _, alias := range old.Aliases {
			delete(m.Aliases, alias)
		}
	}
	m.versions[entity.Number] = &entity
	m.last = max(m.last, entity.Number)
	for _, alias := range aliases {
		m.dropAlias(alias)
		m.addAlias(&entity, alias)
	}
	return nil
}
