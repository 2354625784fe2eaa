package sqlstore

import (
	"context"
	"fmt"
	"strconv"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/query"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// Registry is a core.RegistryStore with the abilities Aliases, Stages, RegistryImporter and Webhooks. It is safe for
// concurrent use.
//
// Whatever changes a model or its versions locks the row of the model first. A version that is deleted keeps its row, in
// the stage that MLflow has for it, so that its number is not given again.
type Registry struct{ handle }

// NewRegistry makes a registry on a database that has MLflow's schema. Closing the registry closes db.
func NewRegistry(db sqldb.DB, o Options) *Registry { return &Registry{newHandle(db, o)} }

// registryPromises are those that every database keeps.
func registryPromises() []core.Capability {
	return []core.Capability{
		core.AtomicBatch, core.PagesKeyset, core.SearchNative, core.VersionUser, core.VersionVerbatim, core.VersionTouchesModel,
	}
}

// Describe says what the registry promises.
func (r *Registry) Describe(ctx context.Context) (_ core.Info, err error) {
	defer named(&err, "describe registry", r.options.Name)
	if err := r.read(ctx); err != nil {
		return core.Info{}, err
	}
	return r.describe(r, registryPromises()...), nil
}

// SQL of conditions on a version v.
const (
	inWorkspace = "v.workspace = 'default'"
	shown       = "COALESCE(v.current_stage, '') <> '" + query.DeletedStage + "'"
)

// keyOf is how errors name a version.
func keyOf(ref core.VersionRef) string { return ref.Model + "/" + strconv.Itoa(ref.Number) }

func missingVersion(ref core.VersionRef) error {
	return &core.Error{
		Code: core.NotFound, Key: keyOf(ref),
		Err: fmt.Errorf("Model Version (name=%s, version=%d) not found", ref.Model, ref.Number),
	}
}

// lockModel locks a model until the transaction ends, and returns its time of the last update.
func (r *Registry) lockModel(ctx context.Context, tx sqldb.Tx, name string) (core.Millis, error) {
	var updated int64
	var found bool
	var b sqldb.Batch
	b.Query(sqldb.One(&found, &updated), "SELECT COALESCE(m.last_updated_time, 0) FROM registered_models m "+
		"WHERE m.workspace = 'default' AND m.name = $1"+r.db.Dialect().ForUpdate(), name)
	if err := tx.Do(ctx, &b); err != nil {
		return 0, err
	}
	if !found {
		return 0, core.Missing("registered model", name)
	}
	return core.Millis(updated), nil
}

// lockVersion locks the model of a version, and returns the version's row.
func (r *Registry) lockVersion(ctx context.Context, tx sqldb.Tx, ref core.VersionRef) (core.Millis, core.Version, error) {
	updated, err := r.lockModel(ctx, tx, ref.Model)
	if err != nil {
		return 0, core.Version{}, err
	}
	var s shelf
	var b sqldb.Batch
	b.Query(sqldb.Each(s.version), selectVersions+oneVersion, ref.Model, int64(ref.Number))
	if err := tx.Do(ctx, &b); err != nil {
		return 0, core.Version{}, err
	}
	v, err := s.one(ref)
	return updated, v, err
}

// later is the present, but not before any of the times: those of an entity never run backwards, even if the clock does.
func later(times ...core.Millis) core.Millis {
	now := core.Now()
	for _, t := range times {
		now = max(now, t)
	}
	return now
}

// touchModel adds a new time of the last update to a batch.
func touchModel(b *sqldb.Batch, name string, at core.Millis) {
	b.Exec("UPDATE registered_models SET last_updated_time = $1 WHERE workspace = 'default' AND name = $2", int64(at), name)
}
