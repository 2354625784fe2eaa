package sqlstore

import (
	"context"
	"errors"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/query"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
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
	now := core.Now()
	m := core.Model{
		Name: spec.Name, Description: spec.Description, CreatedAt: now, UpdatedAt: now, Tags: map[string]string{},
		Aliases: map[string]int{},
	}
	for key, value := range spec.Tags {
		m.Tags[key] = value
	}
	var b sqldb.Batch
	b.Exec("INSERT INTO registered_models (workspace, name, description, creation_time, last_updated_time) "+
		"VALUES ('default', $1, $2, $3, $3)", m.Name, m.Description, int64(now))
	b.Insert(r.db.Dialect(), modelTags(m.Name, m.Tags))
	switch err := r.db.Apply(ctx, &b); {
	case errors.Is(err, core.ErrExists):
		return core.Model{}, core.Exists("registered model", m.Name)
	case err != nil:
		return core.Model{}, err
	}
	return m, nil
}

// modelTags sets tags of a model.
func modelTags(name string, tags map[string]string) sqldb.Insert {
	c := columnsOf(tags)
	return sqldb.Insert{
		Table: "registered_model_tags",
		Columns: []sqldb.Column{
			{Name: "workspace", Type: "text", Values: repeated("default", len(c.keys))},
			{Name: "name", Type: "text", Values: repeated(name, len(c.keys))},
			{Name: "key", Type: "text", Values: c.keys},
			{Name: "value", Type: "text", Values: c.values},
		},
		Suffix: "ON CONFLICT (workspace, key, name) DO UPDATE SET value = excluded.value",
	}
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
	var m models
	if err := r.db.Fetch(ctx, m.batch(name)); err != nil {
		return core.Model{}, err
	}
	return m.one(name)
}

// batch are the queries of one model.
func (m *models) batch(name string) *sqldb.Batch {
	var b sqldb.Batch
	b.Query(sqldb.Each(m.model), "SELECT "+modelColumns+
		" FROM registered_models m WHERE m.workspace = 'default' AND m.name = $1", name)
	m.fetch(&b, func(column string) string { return column + " = $1" }, name)
	return &b
}

// one is the model that was asked for.
func (m *models) one(name string) (core.Model, error) {
	if len(m.list) == 0 {
		return core.Model{}, core.Missing("registered model", name)
	}
	return m.all()[0], nil
}

// UpdateModel changes a model, all or nothing.
func (r *Registry) UpdateModel(ctx context.Context, name string, change core.ModelChange) (_ core.Model, err error) {
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
	var m models
	err = r.db.Write(ctx, func(tx sqldb.Tx) error {
		updated, err := r.lockModel(ctx, tx, name)
		if err != nil {
			return err
		}
		as := name
		if change.Name != nil && *change.Name != name {
			as = *change.Name
			if err := renameModel(ctx, tx, name, as, later(updated)); err != nil {
				return err
			}
		}
		var b sqldb.Batch
		if change.Description != nil {
			b.Exec("UPDATE registered_models SET description = $1, last_updated_time = $2 WHERE workspace = 'default' AND name = $3",
				*change.Description, int64(later(updated)), as)
		}
		for _, key := range sortedKeys(change.Tags.Delete) {
			b.Exec("DELETE FROM registered_model_tags WHERE workspace = 'default' AND name = $1 AND key = $2", as, key)
		}
		b.Insert(r.db.Dialect(), modelTags(as, change.Tags.Set))
		if err := tx.Do(ctx, &b); err != nil {
			return err
		}
		m = models{}
		return tx.Do(ctx, m.batch(as))
	})
	if err != nil {
		return core.Model{}, err
	}
	return m.one(name)
}

// renameModel moves a model to another name, which also advances the times of its versions. What refers to it follows by
// the schema's foreign keys.
func renameModel(ctx context.Context, tx sqldb.Tx, from, to string, at core.Millis) error {
	_, err := tx.Exec(ctx, "UPDATE registered_models SET name = $1, last_updated_time = $2 "+
		"WHERE workspace = 'default' AND name = $3", to, int64(at), from)
	if errors.Is(err, core.ErrExists) {
		return core.Exists("registered model", to)
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "UPDATE model_versions SET last_updated_time = $1 WHERE workspace = 'default' AND name = $2 "+
		"AND COALESCE(last_updated_time, 0) < $1", int64(at), to)
	return err
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
	return r.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, err := r.lockModel(ctx, tx, name); err != nil {
			return err
		}
		b := sqldb.Batch{Last: true}
		for _, table := range []string{
			"model_version_tags", "registered_model_aliases", "model_versions", "registered_model_tags", "registered_models",
		} {
			b.Exec("DELETE FROM "+table+" WHERE workspace = 'default' AND name = $1", name)
		}
		return tx.Do(ctx, &b)
	})
}

// SearchModels returns a page of the models that match.
func (r *Registry) SearchModels(ctx context.Context, q core.ModelQuery) (_ core.Page[core.Model], err error) {
	defer named(&err, "search registered models", q.Filter)
	none := core.Page[core.Model]{}
	if err := r.read(ctx); err != nil {
		return none, err
	}
	parsed, err := filter.Models(q, r.limits)
	if err != nil {
		return none, err
	}
	search, err := query.Models(r.db.Dialect(), parsed, modelColumns)
	if err != nil {
		return none, err
	}
	var m models
	next, err := page[core.Model]{
		query: parsed, search: search, begin: func() { m = models{} }, fields: m.fields, row: m.take,
		rest: func(b *sqldb.Batch) bool {
			found := make([]string, len(m.list))
			for i, entity := range m.list {
				found[i] = entity.Name
			}
			m.fetch(b, func(column string) string { return r.db.Dialect().In(column, 1) }, found)
			return len(found) > 0
		},
	}.read(ctx, r.db)
	if err != nil {
		return none, err
	}
	return core.Page[core.Model]{Items: m.all(), Next: next}, nil
}
