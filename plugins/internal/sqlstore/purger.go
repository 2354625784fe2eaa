package sqlstore

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// PurgeRun removes a deleted run and everything that it logged. Calls at a time share transactions.
func (t *Tracking) PurgeRun(ctx context.Context, id core.RunID) (err error) {
	defer named(&err, "purge run", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckRunID(id); err != nil {
		return err
	}
	return t.purges.remove(ctx, id, t.purgeRuns)
}

// purgeRuns removes those of the runs that are deleted, and says why it refuses others.
func (t *Tracking) purgeRuns(ctx context.Context, ids []core.RunID) (refused map[core.RunID]error, err error) {
	err = t.db.Write(ctx, func(tx sqldb.Tx) error {
		stages, err := t.lockRuns(ctx, tx, ids)
		if err != nil {
			return err
		}
		refused = map[core.RunID]error{}
		var gone []string
		for _, id := range ids {
			switch stage, there := stages[id]; {
			case !there:
				refused[id] = core.Missing("run", id)
			case stage != core.Deleted:
				refused[id] = notDeleted("run", id)
			default:
				gone = append(gone, string(id))
			}
		}
		if len(gone) == 0 {
			return nil
		}
		b := sqldb.Batch{Last: true}
		deleteRuns(&b, t.db.Dialect(), gone)
		return tx.Do(ctx, &b)
	})
	return refused, err
}

// lockRuns locks the runs that are there until the transaction ends, and reads their stages.
func (t *Tracking) lockRuns(ctx context.Context, tx sqldb.Tx, ids []core.RunID) (map[core.RunID]core.Lifecycle, error) {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = string(id)
	}
	stages := map[core.RunID]core.Lifecycle{}
	var b sqldb.Batch
	b.Query(sqldb.Each(func(rows sqldb.Rows) error {
		var id, stage string
		err := rows.Scan(&id, &stage)
		stages[core.RunID(id)] = core.Lifecycle(stage)
		return err
	}), "SELECT run_uuid, COALESCE(lifecycle_stage, 'active') FROM runs WHERE "+t.db.Dialect().In("run_uuid", 1)+
		" ORDER BY run_uuid"+t.db.Dialect().ForUpdate(), names)
	return stages, tx.Do(ctx, &b)
}

// deleteRuns removes runs and what belongs to them.
func deleteRuns(b *sqldb.Batch, d sqldb.Dialect, ids []string) {
	deleteEdges(b, d, ids)
	for _, each := range ofRuns() {
		b.Exec("DELETE FROM "+each.table+" WHERE "+d.In(each.column, 1), ids)
	}
	b.Exec("DELETE FROM runs WHERE "+d.In("run_uuid", 1), ids)
}

// deleteEdges removes what the runs read and made. A dataset stays with its experiment.
func deleteEdges(b *sqldb.Batch, d sqldb.Dialect, ids []string) {
	edges := "(destination_type = 'RUN' AND " + d.In("destination_id", 1) +
		" OR source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND " + d.In("source_id", 1) + ")"
	b.Exec("DELETE FROM input_tags WHERE input_uuid IN (SELECT input_uuid FROM inputs WHERE "+edges+")", ids)
	b.Exec("DELETE FROM inputs WHERE "+edges, ids)
}

func notDeleted[K ~string](kind string, id K) error {
	return core.State(id, "the %s %q is active: only what has been deleted can be purged", kind, string(id))
}

// dependent is a table whose rows belong to runs.
type dependent struct{ table, column string }

// ofRuns lists the tables with rows of runs, but for those that the database empties by itself or that MLflow leaves.
func ofRuns() []dependent {
	return []dependent{
		{"metrics", "run_uuid"},
		{"latest_metrics", "run_uuid"},
		{"params", "run_uuid"},
		{"tags", "run_uuid"},
		{"logged_model_metrics", "run_id"},
	}
}

func (d dependent) statement(runs string) string {
	return "DELETE FROM " + d.table + " WHERE " + d.column + " " + runs
}

// PurgeExperiment removes a deleted experiment with its runs and logged models, and frees its name.
func (t *Tracking) PurgeExperiment(ctx context.Context, id core.ExperimentID) (err error) {
	defer named(&err, "purge experiment", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	n, err := t.existing(id)
	if err != nil {
		return err
	}
	return t.db.Write(ctx, func(tx sqldb.Tx) error {
		stage, err := t.lockExperiment(ctx, tx, n)
		if err != nil {
			return err
		}
		if core.Lifecycle(stage) != core.Deleted {
			return notDeleted("experiment", id)
		}
		b := sqldb.Batch{Last: true}
		purgeExperiment(&b, n)
		return tx.Do(ctx, &b)
	})
}

// purgeExperiment removes everything that leads to the experiment before the experiment itself. Tables that belong to other
// areas of MLflow, such as traces, go with it by their foreign keys, or by name where these do not cascade.
func purgeExperiment(b *sqldb.Batch, id int64) {
	const runs = "(SELECT run_uuid FROM runs WHERE experiment_id = $1)"
	const edges = "(destination_type = 'RUN' AND destination_id IN " + runs +
		" OR source_type IN ('RUN_INPUT', 'RUN_OUTPUT') AND source_id IN " + runs + ")"
	b.Exec("DELETE FROM input_tags WHERE input_uuid IN (SELECT input_uuid FROM inputs WHERE "+edges+")", id)
	b.Exec("DELETE FROM inputs WHERE "+edges, id)
	for _, d := range ofRuns() {
		b.Exec(d.statement("IN "+runs), id)
	}
	for _, table := range []string{
		"logged_model_metrics", "logged_model_params", "logged_model_tags", "logged_models", "runs", "datasets",
		"experiment_tags", "online_scoring_configs", "spans", "trace_info", "experiments",
	} {
		b.Exec("DELETE FROM "+table+" WHERE experiment_id = $1", id)
	}
}

// PurgeLoggedModel removes a deleted logged model.
func (t *Tracking) PurgeLoggedModel(ctx context.Context, id core.ModelID) (err error) {
	defer named(&err, "purge logged model", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckModelID(id); err != nil {
		return err
	}
	return t.db.Write(ctx, func(tx sqldb.Tx) error {
		var stage string
		var found bool
		var b sqldb.Batch
		b.Query(sqldb.One(&found, &stage), "SELECT COALESCE(lifecycle_stage, 'active') FROM logged_models WHERE model_id = $1"+
			t.db.Dialect().ForUpdate(), string(id))
		if err := tx.Do(ctx, &b); err != nil {
			return err
		}
		switch {
		case !found:
			return core.Missing("logged model", id)
		case core.Lifecycle(stage) != core.Deleted:
			return notDeleted("logged model", id)
		}
		b = sqldb.Batch{Last: true}
		for _, table := range []string{"logged_model_metrics", "logged_model_params", "logged_model_tags", "logged_models"} {
			b.Exec("DELETE FROM "+table+" WHERE model_id = $1", string(id))
		}
		return tx.Do(ctx, &b)
	})
}
