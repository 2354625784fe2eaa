package sqlstore

import (
	"context"
	"errors"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// ImportExperiment creates the experiment as it is, or replaces what the one with its id says of itself; that one's runs
// stay. Ids are numbers, on Postgres of 32 bits.
func (t *Tracking) ImportExperiment(ctx context.Context, e core.Experiment) (err error) {
	defer named(&err, "import experiment", string(e.ID))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckImportedExperiment(e, t.limits); err != nil {
		return err
	}
	id, ok := t.experimentNumber(e.ID)
	if !ok {
		return core.Invalid("experiment_id", "the id %q does not fit the numbers of MLflow's schema: map it to another one", e.ID)
	}
	d := t.db.Dialect()
	err = t.db.Write(ctx, func(tx sqldb.Tx) error {
		b := sqldb.Batch{Last: true}
		b.Exec("INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, "+
			"last_update_time, workspace) VALUES ($1, $2, $3, $4, $5, $6, 'default') ON CONFLICT (experiment_id) DO UPDATE SET "+
			"name = excluded.name, artifact_location = excluded.artifact_location, lifecycle_stage = excluded.lifecycle_stage, "+
			"creation_time = excluded.creation_time, last_update_time = excluded.last_update_time",
			id, e.Name, e.ArtifactLocation, string(e.Lifecycle), int64(e.CreatedAt), int64(e.UpdatedAt))
		b.Exec("DELETE FROM experiment_tags WHERE experiment_id = $1", id)
		b.Insert(d, experimentTags(id, e.Tags))
		if d == sqldb.Postgres { // the next id that the sequence gives is a free one
			b.Exec("SELECT setval(pg_get_serial_sequence('experiments', 'experiment_id'), m) " +
				"FROM (SELECT max(experiment_id) AS m FROM experiments) e WHERE m > 0")
		}
		return tx.Do(ctx, &b)
	})
	if errors.Is(err, core.ErrExists) {
		return core.Exists("experiment", e.Name)
	}
	return err
}

// ImportRun creates the run as it is but for its metrics, or replaces what the one with its id has besides metrics.
func (t *Tracking) ImportRun(ctx context.Context, r core.Run) (err error) {
	defer named(&err, "import run", string(r.ID))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckImportedRun(r, t.limits); err != nil {
		return err
	}
	experiment, err := t.existing(r.ExperimentID)
	if err != nil {
		return err
	}
	return t.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, _, err := t.shareExperiment(ctx, tx, experiment); err != nil {
			return err
		}
		if err := t.replaceRun(ctx, tx, experiment, r); err != nil {
			return err
		}
		row := runRow{RunInfo: r.RunInfo, experiment: experiment}
		if err := t.addInputs(ctx, tx, row, r.Inputs); err != nil {
			return err
		}
		return t.addModels(ctx, tx, edges{runOutput, r.ID, modelOutput}, r.Outputs)
	})
}

func (t *Tracking) replaceRun(ctx context.Context, tx sqldb.Tx, experiment int64, r core.Run) error {
	d := t.db.Dialect()
	var b sqldb.Batch
	b.Exec("INSERT INTO runs (run_uuid, name, user_id, status, start_time, end_time, artifact_uri, lifecycle_stage, "+
		"deleted_time, experiment_id, source_type, source_name, entry_point_name, source_version) "+
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'UNKNOWN', '', '', '') ON CONFLICT (run_uuid) DO UPDATE SET "+
		"name = excluded.name, user_id = excluded.user_id, status = excluded.status, start_time = excluded.start_time, "+
		"end_time = excluded.end_time, artifact_uri = excluded.artifact_uri, lifecycle_stage = excluded.lifecycle_stage, "+
		"deleted_time = excluded.deleted_time, experiment_id = excluded.experiment_id",
		string(r.ID), r.Name, r.User, r.Status.String(), int64(r.StartTime), orNull(r.EndTime), r.ArtifactURI,
		string(r.Lifecycle), orNull(r.DeletedAt), experiment)
	for _, table := range []string{"params", "tags"} {
		b.Exec("DELETE FROM "+table+" WHERE run_uuid = $1", string(r.ID))
	}
	deleteEdges(&b, d, []string{string(r.ID)})
	b.Insert(d, runParams(r.ID, r.Params))
	b.Insert(d, runTags(r.ID, r.Tags))
	return tx.Do(ctx, &b)
}

// ImportLoggedModel creates the logged model as it is but for its metrics, or replaces what the one with its id has
// besides metrics.
func (t *Tracking) ImportLoggedModel(ctx context.Context, m core.LoggedModel) (err error) {
	defer named(&err, "import logged model", string(m.ID))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckImportedLoggedModel(m, t.limits); err != nil {
		return err
	}
	experiment, err := t.existing(m.ExperimentID)
	if err != nil {
		return err
	}
	return t.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, _, err := t.shareExperiment(ctx, tx, experiment); err != nil {
			return err
		}
		b := sqldb.Batch{Last: true}
		b.Exec("DELETE FROM logged_model_params WHERE model_id = $1", string(m.ID))
		b.Exec("DELETE FROM logged_model_tags WHERE model_id = $1", string(m.ID))
		t.insertLoggedModel(&b, experiment, m)
		return tx.Do(ctx, &b)
	})
}
