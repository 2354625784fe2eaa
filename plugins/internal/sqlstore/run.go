package sqlstore

import (
	"context"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// runColumns are what runFields reads, of the table runs as r. A run of old has its name in a tag alone.
const runColumns = "r.run_uuid, COALESCE(r.experiment_id, 0), COALESCE(NULLIF(r.name, ''), (SELECT n.value FROM tags n " +
	"WHERE n.key = '" + core.RunNameTag + "' AND n.run_uuid = r.run_uuid), ''), COALESCE(r.user_id, ''), " +
	"COALESCE(r.status, 'RUNNING'), COALESCE(r.start_time, 0), COALESCE(r.end_time, 0), COALESCE(r.artifact_uri, ''), " +
	"COALESCE(r.lifecycle_stage, 'active'), COALESCE(r.deleted_time, 0)"

// runRow is a row of the table runs.
type runRow struct {
	core.RunInfo

	experiment int64
	status     string
}

func (r *runRow) fields() []any {
	return []any{
		(*string)(&r.ID), &r.experiment, &r.Name, &r.User, &r.status, (*int64)(&r.StartTime), (*int64)(&r.EndTime),
		&r.ArtifactURI, (*string)(&r.Lifecycle), (*int64)(&r.DeletedAt),
	}
}

func (r *runRow) info() (core.RunInfo, error) {
	var err error
	r.ExperimentID = experimentID(r.experiment)
	r.Status, err = core.ParseRunStatus(r.status)
	return r.RunInfo, err
}

// runs are runs whose data are read together, found by their ids.
type runs struct {
	list []core.Run
	at   map[string]int
}

// add adds a run without data.
func (r *runs) add(info core.RunInfo) {
	if r.at == nil {
		r.at = map[string]int{}
	}
	r.at[string(info.ID)] = len(r.list)
	r.list = append(r.list, core.Run{RunInfo: info, RunData: core.RunData{
		Metrics: map[string]core.Metric{}, Params: map[string]string{}, Tags: map[string]string{},
	}})
}

// ids are the ids of the runs.
func (r *runs) ids() []string {
	ids := make([]string, len(r.list))
	for i := range r.list {
		ids[i] = string(r.list[i].ID)
	}
	return ids
}

// run finds a run that was added.
func (r *runs) run(id string) *core.Run { return &r.list[r.at[id]] }

// fetchInfo adds the query for what is known of the runs beside their ids to the batch.
func (r *runs) fetchInfo(b *sqldb.Batch, d sqldb.Dialect) {
	b.Query(sqldb.Each(func(rows sqldb.Rows) error {
		var row runRow
		if err := rows.Scan(row.fields()...); err != nil {
			return err
		}
		var err error
		r.run(string(row.ID)).RunInfo, err = row.info()
		return err
	}), "SELECT "+runColumns+" FROM runs r WHERE "+d.In("r.run_uuid", 1), r.ids())
}

// fetch adds the queries for all data of the runs to the batch.
func (r *runs) fetch(b *sqldb.Batch, d sqldb.Dialect) {
	ids := r.ids()
	b.Query(sqldb.Each(r.readMetric),
		"SELECT run_uuid, key, value, COALESCE(timestamp, 0), step, is_nan FROM latest_metrics WHERE "+d.In("run_uuid", 1), ids)
	b.Query(sqldb.Each(r.readParam), "SELECT run_uuid, key, value FROM params WHERE "+d.In("run_uuid", 1), ids)
	b.Query(sqldb.Each(r.readTag), "SELECT run_uuid, key, COALESCE(value, '') FROM tags WHERE "+d.In("run_uuid", 1), ids)
	r.fetchLineage(b, d, ids)
}

func (r *runs) readMetric(rows sqldb.Rows) error {
	var id string
	var m core.Metric
	var isNaN bool
	if err := rows.Scan(&id, &m.Key, &m.Value, (*int64)(&m.Timestamp), &m.Step, &isNaN); err != nil {
		return err
	}
	m.Value = valueOf(m.Value, isNaN)
	r.run(id).Metrics[m.Key] = m
	return nil
}

func (r *runs) readParam(rows sqldb.Rows) error {
	var id, key, value string
	if err := rows.Scan(&id, &key, &value); err != nil {
		return err
	}
	r.run(id).Params[key] = value
	return nil
}

func (r *runs) readTag(rows sqldb.Rows) error {
	var id, key, value string
	if err := rows.Scan(&id, &key, &value); err != nil {
		return err
	}
	r.run(id).Tags[key] = value
	return nil
}

// Run returns an active or deleted run whole.
func (t *Tracking) Run(ctx context.Context, id core.RunID) (_ core.Run, err error) {
	defer named(&err, "get run", string(id))
	if err := t.read(ctx); err != nil {
		return core.Run{}, err
	}
	if err := core.CheckRunID(id); err != nil {
		return core.Run{}, err
	}
	return t.run(ctx, id)
}

func (t *Tracking) run(ctx context.Context, id core.RunID) (core.Run, error) {
	var row runRow
	var found bool
	var all runs
	all.add(core.RunInfo{ID: id})
	var b sqldb.Batch
	b.Query(sqldb.One(&found, row.fields()...), "SELECT "+runColumns+" FROM runs r WHERE r.run_uuid = $1", string(id))
	all.fetch(&b, t.db.Dialect())
	if err := t.db.Fetch(ctx, &b); err != nil {
		return core.Run{}, err
	}
	if !found {
		return core.Run{}, core.Missing("run", id)
	}
	r := all.list[0]
	var err error
	r.RunInfo, err = row.info()
	return r, err
}

// lockRun locks the run until the transaction ends, and reads it.
func (t *Tracking) lockRun(ctx context.Context, tx sqldb.Tx, id core.RunID) (runRow, error) {
	var row runRow
	var found bool
	var b sqldb.Batch
	b.Query(sqldb.One(&found, row.fields()...),
		"SELECT "+runColumns+" FROM runs r WHERE r.run_uuid = $1"+t.db.Dialect().ForUpdate(), string(id))
	if err := tx.Do(ctx, &b); err != nil {
		return row, err
	}
	if !found {
		return row, core.Missing("run", id)
	}
	return row, nil
}

// lockFor locks an active run until the transaction ends, and then runs the queries of the batch, in the same round trip.
func (t *Tracking) lockFor(ctx context.Context, tx sqldb.Tx, id core.RunID, b *sqldb.Batch) error {
	var stage string
	var found bool
	var all sqldb.Batch
	all.Query(sqldb.One(&found, &stage),
		"SELECT COALESCE(lifecycle_stage, 'active') FROM runs WHERE run_uuid = $1"+t.db.Dialect().ForUpdate(), string(id))
	for _, s := range b.Statements() {
		all.Query(s.Read, s.SQL, s.Args...)
	}
	if err := tx.Do(ctx, &all); err != nil {
		return err
	}
	if !found {
		return core.Missing("run", id)
	}
	return checkLife("run", id, stage)
}

// sortedKeys returns the keys in order and each once.
func sortedKeys(keys []string) []string { return slices.Compact(slices.Sorted(slices.Values(keys))) }
