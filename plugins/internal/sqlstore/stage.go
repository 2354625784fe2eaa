package sqlstore

import (
	"context"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// SetStage moves a version to a stage, and with ArchiveExisting the others of that stage to the archive.
func (r *Registry) SetStage(
	ctx context.Context, ref core.VersionRef, change core.StageChange,
) (_ core.Version, err error) {
	defer named(&err, "set stage", keyOf(ref))
	if err := r.changeVersion(ctx, ref); err != nil {
		return core.Version{}, err
	}
	if change, err = core.CheckStageChange(change); err != nil {
		return core.Version{}, err
	}
	var s shelf
	err = r.db.Write(ctx, func(tx sqldb.Tx) error {
		updated, v, err := r.lockVersion(ctx, tx, ref)
		if err != nil {
			return err
		}
		now := later(updated, v.UpdatedAt)
		if change.ArchiveExisting {
			if now, err = archive(ctx, tx, ref, change.Stage, now); err != nil {
				return err
			}
		}
		var b sqldb.Batch
		b.Exec("UPDATE model_versions SET current_stage = $1, last_updated_time = $2 WHERE workspace = 'default' AND name = $3 "+
			"AND version = $4", string(change.Stage), int64(now), ref.Model, int64(ref.Number))
		touchModel(&b, ref.Model, now)
		s = shelf{}
		s.fetch(&b, oneVersion, ref.Model, int64(ref.Number))
		return tx.Do(ctx, &b)
	})
	if err != nil {
		return core.Version{}, err
	}
	return s.one(ref)
}

// archive moves the other versions of a stage to the archive. It returns the time of all that moves, which is before none
// of their times.
func archive(
	ctx context.Context, tx sqldb.Tx, but core.VersionRef, stage core.Stage, at core.Millis,
) (core.Millis, error) {
	const others = "workspace = 'default' AND name = $1 AND current_stage = $2 AND version <> $3"
	var found bool
	var last int64
	var b sqldb.Batch
	b.Query(sqldb.One(&found, &last), "SELECT COALESCE(max(last_updated_time), 0) FROM model_versions WHERE "+others,
		but.Model, string(stage), int64(but.Number))
	if err := tx.Do(ctx, &b); err != nil {
		return 0, err
	}
	at = max(at, core.Millis(last))
	_, err := tx.Exec(ctx, "UPDATE model_versions SET current_stage = 'Archived', last_updated_time = $4 WHERE "+others,
		but.Model, string(stage), int64(but.Number), int64(at))
	return at, err
}

// LatestVersions returns the highest version of each stage, by number; no stages are all.
func (r *Registry) LatestVersions(
	ctx context.Context, model string, stages []core.Stage,
) (_ []core.Version, err error) {
	defer named(&err, "get latest versions", model)
	if err := r.read(ctx); err != nil {
		return nil, err
	}
	if err := core.CheckModelName(model, r.limits); err != nil {
		return nil, err
	}
	if len(stages) == 0 {
		stages = core.StageNames()
	}
	wanted := make([]core.Stage, len(stages))
	for i, stage := range stages {
		if wanted[i], err = core.ParseStage(string(stage)); err != nil {
			return nil, err
		}
	}
	var s shelf
	var b sqldb.Batch
	found := modelExists(&b, model)
	s.fetch(&b, "v.name = $1 AND (v.name, v.version) IN ("+latestNumbers("v.name = $1")+")", model)
	if err := r.db.Fetch(ctx, &b); err != nil {
		return nil, err
	}
	if !*found {
		return nil, core.Missing("registered model", model)
	}
	latest := slices.DeleteFunc(s.all(), func(v core.Version) bool { return !slices.Contains(wanted, v.Stage) })
	return byNumber(latest), nil
}
