package sqlstore

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// ImportModel creates the model as it is, or replaces what the one of its name says of itself; that one's versions and
// aliases stay.
func (r *Registry) ImportModel(ctx context.Context, m core.Model) (err error) {
	defer named(&err, "import registered model", m.Name)
	if err := r.change(ctx); err != nil {
		return err
	}
	spec := core.ModelSpec{Name: m.Name, Description: m.Description, Tags: m.Tags}
	if err := core.CheckModelSpec(spec, r.limits); err != nil {
		return err
	}
	var b sqldb.Batch
	b.Exec("INSERT INTO registered_models (workspace, name, description, creation_time, last_updated_time) "+
		"VALUES ('default', $1, $2, $3, $4) ON CONFLICT (workspace, name) DO UPDATE SET description = excluded.description, "+
		"creation_time = excluded.creation_time, last_updated_time = excluded.last_updated_time",
		m.Name, m.Description, int64(m.CreatedAt), int64(m.UpdatedAt))
	b.Exec("DELETE FROM registered_model_tags WHERE workspace = 'default' AND name = $1", m.Name)
	b.Insert(r.db.Dialect(), modelTags(m.Name, m.Tags))
	return r.db.Apply(ctx, &b)
}

// ImportVersion creates the version as it is, or replaces the one of its number. Its aliases leave the versions that they
// pointed to.
func (r *Registry) ImportVersion(ctx context.Context, v core.Version) (err error) {
	ref := core.VersionRef{Model: v.Model, Number: v.Number}
	defer named(&err, "import model version", keyOf(ref))
	if err := r.change(ctx); err != nil {
		return err
	}
	if v, err = r.checkImported(v); err != nil {
		return err
	}
	return r.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, err := r.lockModel(ctx, tx, v.Model); err != nil {
			return err
		}
		b := sqldb.Batch{Last: true}
		for _, table := range []string{"model_version_tags", "registered_model_aliases"} {
			b.Exec("DELETE FROM "+table+" WHERE workspace = 'default' AND name = $1 AND version = $2", v.Model, int64(v.Number))
		}
		r.insertVersion(&b, v, " ON CONFLICT (workspace, name, version) DO UPDATE SET creation_time = excluded.creation_time, "+
			"last_updated_time = excluded.last_updated_time, description = excluded.description, user_id = excluded.user_id, "+
			"current_stage = excluded.current_stage, source = excluded.source, storage_location = excluded.storage_location, "+
			"run_id = excluded.run_id, run_link = excluded.run_link, status = excluded.status, "+
			"status_message = excluded.status_message")
		b.Insert(r.db.Dialect(), versionAliases(ref, sortedKeys(v.Aliases)...))
		return tx.Do(ctx, &b)
	})
}

// checkImported refuses what cannot be a version, or not in MLflow's tables.
func (r *Registry) checkImported(v core.Version) (core.Version, error) {
	v, err := core.CheckImportedVersion(v, r.limits)
	if err != nil {
		return v, err
	}
	if beyond(core.VersionRef{Model: v.Model, Number: v.Number}) {
		return v, core.Invalid("version", "the number %d of a version is larger than this store can keep", v.Number)
	}
	return v, r.checkSpec(core.VersionSpec{Source: v.Source, Location: v.Location, Tags: v.Tags})
}
