package sqlstore

import (
	"context"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// SetAlias lets an alias point to a version.
func (r *Registry) SetAlias(ctx context.Context, ref core.VersionRef, alias string) (err error) {
	defer named(&err, "set alias", alias)
	if err := r.changeVersion(ctx, ref); err != nil {
		return err
	}
	if err := core.CheckNewAlias(alias, r.limits); err != nil {
		return err
	}
	return r.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, _, err := r.lockVersion(ctx, tx, ref); err != nil {
			return err
		}
		b := sqldb.Batch{Last: true}
		b.Insert(r.db.Dialect(), versionAliases(ref, alias))
		return tx.Do(ctx, &b)
	})
}

// versionAliases lets aliases point to a version.
func versionAliases(ref core.VersionRef, aliases ...string) sqldb.Insert {
	n := len(aliases)
	return sqldb.Insert{
		Table: "registered_model_aliases",
		Columns: []sqldb.Column{
			{Name: "workspace", Type: "text", Values: repeated("default", n)},
			{Name: "name", Type: "text", Values: repeated(ref.Model, n)},
			{Name: "version", Type: "int", Values: repeated(int64(ref.Number), n)},
			{Name: "alias", Type: "text", Values: sqldb.List[string](aliases)},
		},
		Suffix: "ON CONFLICT (workspace, name, alias) DO UPDATE SET version = excluded.version",
	}
}

// DeleteAlias removes an alias.
func (r *Registry) DeleteAlias(ctx context.Context, model, alias string) (err error) {
	defer named(&err, "delete alias", alias)
	if err := r.change(ctx); err != nil {
		return err
	}
	if err := core.CheckModelName(model, r.limits); err != nil {
		return err
	}
	if err := core.CheckAlias(alias, r.limits); err != nil {
		return err
	}
	return r.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, err := r.lockModel(ctx, tx, model); err != nil {
			return err
		}
		b := sqldb.Batch{Last: true}
		b.Exec("DELETE FROM registered_model_aliases WHERE workspace = 'default' AND name = $1 AND alias = $2", model, alias)
		return tx.Do(ctx, &b)
	})
}

// VersionByAlias finds the version of an alias, or for `latest` the highest one.
func (r *Registry) VersionByAlias(ctx context.Context, model, alias string) (_ core.Version, err error) {
	defer named(&err, "get version by alias", alias)
	if err := r.read(ctx); err != nil {
		return core.Version{}, err
	}
	if err := core.CheckModelName(model, r.limits); err != nil {
		return core.Version{}, err
	}
	if err := core.CheckAlias(alias, r.limits); err != nil {
		return core.Version{}, err
	}
	where := "v.name = $1 AND v.version = (SELECT a.version FROM registered_model_aliases a WHERE a.workspace = 'default' " +
		"AND a.name = $1 AND a.alias = $2)"
	args := []any{model, alias}
	if strings.EqualFold(alias, "latest") {
		where = "v.name = $1 AND v.version = (SELECT max(v.version) FROM model_versions v WHERE " + inWorkspace + " AND " + shown +
			" AND v.name = $1)"
		args = args[:1]
	}
	var s shelf
	var b sqldb.Batch
	found := modelExists(&b, model)
	s.fetch(&b, where, args...)
	if err := r.db.Fetch(ctx, &b); err != nil {
		return core.Version{}, err
	}
	switch {
	case !*found:
		return core.Version{}, core.Missing("registered model", model)
	case len(s.list) == 0:
		return core.Version{}, core.Missing("alias", alias)
	}
	return *s.list[0], nil
}

// modelExists adds a query that finds out whether there is a model.
func modelExists(b *sqldb.Batch, name string) *bool {
	var found bool
	var one int64
	b.Query(sqldb.One(&found, &one), "SELECT 1 FROM registered_models WHERE workspace = 'default' AND name = $1", name)
	return &found
}
