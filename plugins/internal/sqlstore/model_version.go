package sqlstore

import (
	"context"
	"errors"
	"maps"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/query"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// CreateVersion creates the next version of a model, which is ready at once.
func (r *Registry) CreateVersion(
	ctx context.Context, model string, spec core.VersionSpec,
) (_ core.Version, err error) {
	defer named(&err, "create model version", model)
	if err := r.change(ctx); err != nil {
		return core.Version{}, err
	}
	if err := core.CheckModelName(model, r.limits); err != nil {
		return core.Version{}, err
	}
	if err := r.checkSpec(spec); err != nil {
		return core.Version{}, err
	}
	v := core.Version{
		Model: model, User: spec.User, Description: spec.Description, Stage: core.StageNone, Source: spec.Source,
		Location: spec.Location, RunID: spec.RunID, RunLink: spec.RunLink, ModelID: spec.ModelID, Status: core.VersionReady,
		Tags: map[string]string{},
	}
	maps.Copy(v.Tags, spec.Tags)
	if v.Location == v.Source {
		v.Location = ""
	}
	const most = 100 // times that somebody else may take the number first: MLflow locks no model
	for range most {
		err = r.db.Write(ctx, func(tx sqldb.Tx) error { return r.addVersion(ctx, tx, &v) })
		if !errors.Is(err, core.ErrExists) && !errors.Is(err, core.ErrAborted) {
			break
		}
	}
	if err != nil {
		return core.Version{}, err
	}
	return v, nil
}

// checkSpec refuses a version that cannot be kept.
func (r *Registry) checkSpec(spec core.VersionSpec) error {
	if err := core.CheckVersionSpec(spec, r.limits); err != nil {
		return err
	}
	if spec.Location != "" { // the column is no longer than that of the source
		if err := core.CheckVersionSpec(core.VersionSpec{Source: spec.Location}, r.limits); err != nil {
			return err
		}
	}
	return checkTagKeys(spec.Tags)
}

// checkTagKeys refuses the tag that is ours.
func checkTagKeys(tags map[string]string, more ...string) error {
	_, set := tags[modelIDTag]
	for _, key := range more {
		set = set || key == modelIDTag
	}
	if set {
		return core.Invalid("key", "the tag %q is reserved for the id of the logged model", modelIDTag)
	}
	return nil
}

// addVersion gives the version its number and times, and inserts it. A number that is taken is ErrExists.
func (r *Registry) addVersion(ctx context.Context, tx sqldb.Tx, v *core.Version) error {
	updated, err := r.lockModel(ctx, tx, v.Model)
	if err != nil {
		return err
	}
	var found bool
	var b sqldb.Batch
	b.Query(sqldb.One(&found, &v.Number), "SELECT COALESCE(max(v.version), 0) + 1 FROM model_versions v WHERE "+inWorkspace+
		" AND v.name = $1", v.Model)
	if err := tx.Do(ctx, &b); err != nil {
		return err
	}
	v.CreatedAt = later(updated)
	v.UpdatedAt = v.CreatedAt
	b = sqldb.Batch{Last: true}
	r.insertVersion(&b, *v, "")
	touchModel(&b, v.Model, v.UpdatedAt)
	return tx.Do(ctx, &b)
}

// insertVersion adds a version with its tags to a batch; conflict says what happens to one of that number.
func (r *Registry) insertVersion(b *sqldb.Batch, v core.Version, conflict string) {
	location := v.Location
	if location == "" {
		location = v.Source
	}
	b.Exec("INSERT INTO model_versions (workspace, name, version, creation_time, last_updated_time, description, user_id, "+
		"current_stage, source, storage_location, run_id, run_link, status, status_message) "+
		"VALUES ('default', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"+conflict,
		v.Model, int64(v.Number), int64(v.CreatedAt), int64(v.UpdatedAt), orNoText(v.Description), orNoText(v.User), string(v.Stage),
		v.Source, location, orNoText(string(v.RunID)), orNoText(v.RunLink), statusText(v.Status), orNoText(v.StatusMessage))
	tags := maps.Clone(v.Tags)
	if v.ModelID != "" {
		if tags == nil {
			tags = map[string]string{}
		}
		tags[modelIDTag] = string(v.ModelID)
	}
	b.Insert(r.db.Dialect(), versionTags(core.VersionRef{Model: v.Model, Number: v.Number}, tags))
}

// versionTags sets tags of a version.
func versionTags(ref core.VersionRef, tags map[string]string) sqldb.Insert {
	c := columnsOf(tags)
	return sqldb.Insert{
		Table: "model_version_tags",
		Columns: []sqldb.Column{
			{Name: "workspace", Type: "text", Values: repeated("default", len(c.keys))},
			{Name: "name", Type: "text", Values: repeated(ref.Model, len(c.keys))},
			{Name: "version", Type: "int", Values: repeated(int64(ref.Number), len(c.keys))},
			{Name: "key", Type: "text", Values: c.keys},
			{Name: "value", Type: "text", Values: c.values},
		},
		Suffix: "ON CONFLICT (workspace, key, name, version) DO UPDATE SET value = excluded.value",
	}
}

// Version returns a version.
func (r *Registry) Version(ctx context.Context, ref core.VersionRef) (_ core.Version, err error) {
	defer named(&err, "get model version", keyOf(ref))
	if err := r.read(ctx); err != nil {
		return core.Version{}, err
	}
	if err := core.CheckVersionRef(ref, r.limits); err != nil {
		return core.Version{}, err
	}
	if beyond(ref) {
		return core.Version{}, missingVersion(ref)
	}
	var s shelf
	var b sqldb.Batch
	s.fetch(&b, oneVersion, ref.Model, int64(ref.Number))
	if err := r.db.Fetch(ctx, &b); err != nil {
		return core.Version{}, err
	}
	return s.one(ref)
}

// UpdateVersion changes a version, all or nothing.
func (r *Registry) UpdateVersion(
	ctx context.Context, ref core.VersionRef, change core.VersionChange,
) (_ core.Version, err error) {
	defer named(&err, "update model version", keyOf(ref))
	if err := r.changeVersion(ctx, ref); err != nil {
		return core.Version{}, err
	}
	if err := core.CheckVersionChange(change, r.limits); err != nil {
		return core.Version{}, err
	}
	if err := checkTagKeys(change.Tags.Set, change.Tags.Delete...); err != nil {
		return core.Version{}, err
	}
	var s shelf
	err = r.db.Write(ctx, func(tx sqldb.Tx) error {
		updated, v, err := r.lockVersion(ctx, tx, ref)
		if err != nil {
			return err
		}
		var b sqldb.Batch
		if change.Description != nil {
			now := later(updated, v.UpdatedAt)
			b.Exec("UPDATE model_versions SET description = $1, last_updated_time = $2 WHERE workspace = 'default' AND name = $3 "+
				"AND version = $4", orNoText(*change.Description), int64(now), ref.Model, int64(ref.Number))
			touchModel(&b, ref.Model, now)
		}
		for _, key := range sortedKeys(change.Tags.Delete) {
			b.Exec("DELETE FROM model_version_tags WHERE workspace = 'default' AND name = $1 AND version = $2 AND key = $3",
				ref.Model, int64(ref.Number), key)
		}
		b.Insert(r.db.Dialect(), versionTags(ref, change.Tags.Set))
		s = shelf{}
		s.fetch(&b, oneVersion, ref.Model, int64(ref.Number))
		return tx.Do(ctx, &b)
	})
	if err != nil {
		return core.Version{}, err
	}
	return s.one(ref)
}

// changeVersion is the first thing that a call does which changes a version.
func (r *Registry) changeVersion(ctx context.Context, ref core.VersionRef) error {
	if err := r.change(ctx); err != nil {
		return err
	}
	if err := core.CheckVersionRef(ref, r.limits); err != nil {
		return err
	}
	if beyond(ref) {
		return missingVersion(ref)
	}
	return nil
}

// beyond reports whether a number is larger than the column of numbers can hold.
func beyond(ref core.VersionRef) bool { return int64(ref.Number) > 1<<31-1 }

// DeleteVersion removes a version and its aliases. Its row stays, as MLflow leaves it, with nothing of the version to read.
func (r *Registry) DeleteVersion(ctx context.Context, ref core.VersionRef) (err error) {
	defer named(&err, "delete model version", keyOf(ref))
	if err := r.changeVersion(ctx, ref); err != nil {
		return err
	}
	return r.db.Write(ctx, func(tx sqldb.Tx) error {
		updated, v, err := r.lockVersion(ctx, tx, ref)
		if err != nil {
			return err
		}
		now := later(updated, v.UpdatedAt)
		b := sqldb.Batch{Last: true}
		b.Exec("UPDATE model_versions SET current_stage = '"+query.DeletedStage+"', last_updated_time = $1, description = NULL, "+
			"user_id = NULL, source = 'REDACTED-SOURCE-PATH', storage_location = NULL, run_id = 'REDACTED-RUN-ID', "+
			"run_link = 'REDACTED-RUN-LINK', status_message = NULL WHERE workspace = 'default' AND name = $2 AND version = $3",
			int64(now), ref.Model, int64(ref.Number))
		for _, table := range []string{"model_version_tags", "registered_model_aliases"} {
			b.Exec("DELETE FROM "+table+" WHERE workspace = 'default' AND name = $1 AND version = $2", ref.Model, int64(ref.Number))
		}
		touchModel(&b, ref.Model, now)
		return tx.Do(ctx, &b)
	})
}

// SearchVersions returns a page of the versions of all models that match.
func (r *Registry) SearchVersions(ctx context.Context, q core.VersionQuery) (_ core.Page[core.Version], err error) {
	defer named(&err, "search model versions", q.Filter)
	none := core.Page[core.Version]{}
	if err := r.read(ctx); err != nil {
		return none, err
	}
	parsed, err := filter.Versions(q, r.limits)
	if err != nil {
		return none, err
	}
	search, err := query.Versions(r.db.Dialect(), parsed, versionColumns)
	if err != nil {
		return none, err
	}
	var s shelf
	d := r.db.Dialect()
	next, err := page[core.Version]{
		query: parsed, search: search, begin: func() { s = shelf{} }, fields: s.fields, row: s.take,
		rest: func(b *sqldb.Batch) bool {
			names, numbers := make([]string, len(s.list)), make([]int64, len(s.list))
			for i, v := range s.list {
				names[i], numbers[i] = v.Model, int64(v.Number)
			}
			s.fetchRest(b, d.In("v.name", 1)+" AND (v.name, v.version) IN ("+pairs(d)+")", names, numbers)
			return len(names) > 0
		},
	}.read(ctx, r.db)
	if err != nil {
		return none, err
	}
	return core.Page[core.Version]{Items: s.all(), Next: next}, nil
}

// pairs selects names and numbers that are two lists.
func pairs(d sqldb.Dialect) string {
	if d == sqldb.Postgres {
		return "SELECT * FROM unnest($1::text[], $2::bigint[])"
	}
	return "SELECT n.value, w.value FROM json_each($1) n JOIN json_each($2) w ON w.key = n.key"
}
