package sqlstore

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// loggedColumns are what loggedRow reads, of the table logged_models as l.
const loggedColumns = "l.model_id, l.experiment_id, l.name, COALESCE(l.model_type, ''), COALESCE(l.source_run_id, ''), " +
	"l.artifact_location, l.status, COALESCE(l.status_message, ''), COALESCE(l.lifecycle_stage, 'active'), " +
	"l.creation_timestamp_ms, l.last_updated_timestamp_ms"

// loggedRow is a row of the table logged_models.
type loggedRow struct {
	core.LoggedModel

	experiment int64
	status     int
}

func (r *loggedRow) fields() []any {
	return []any{
		(*string)(&r.ID), &r.experiment, &r.Name, &r.Type, (*string)(&r.SourceRunID), &r.ArtifactURI, &r.status,
		&r.StatusMessage, (*string)(&r.Lifecycle), (*int64)(&r.CreatedAt), (*int64)(&r.UpdatedAt),
	}
}

func (r *loggedRow) model() core.LoggedModel {
	m := r.LoggedModel
	m.ExperimentID, m.Status = experimentID(r.experiment), core.ModelStatus(r.status)
	m.Params, m.Tags = map[string]string{}, map[string]string{}
	return m
}

// loggedModels are models whose data are read together, found by their ids.
type loggedModels struct {
	list []core.LoggedModel
	at   map[string]int
}

func (l *loggedModels) add(m core.LoggedModel) {
	if l.at == nil {
		l.at = map[string]int{}
	}
	l.at[string(m.ID)] = len(l.list)
	l.list = append(l.list, m)
}

func (l *loggedModels) model(id string) *core.LoggedModel { return &l.list[l.at[id]] }

// fetch adds the queries for params, tags and metrics of the models to the batch.
func (l *loggedModels) fetch(b *sqldb.Batch, d sqldb.Dialect) {
	ids := slices.Sorted(maps.Keys(l.at))
	pairs := func(into func(*core.LoggedModel) map[string]string) func(sqldb.Rows) error {
		return sqldb.Each(func(rows sqldb.Rows) error {
			var id, key, value string
			if err := rows.Scan(&id, &key, &value); err != nil {
				return err
			}
			into(l.model(id))[key] = value
			return nil
		})
	}
	b.Query(pairs(func(m *core.LoggedModel) map[string]string { return m.Params }),
		"SELECT model_id, param_key, param_value FROM logged_model_params WHERE "+d.In("model_id", 1), ids)
	b.Query(pairs(func(m *core.LoggedModel) map[string]string { return m.Tags }),
		"SELECT model_id, tag_key, tag_value FROM logged_model_tags WHERE "+d.In("model_id", 1), ids)
	b.Query(sqldb.Each(l.readMetric), "SELECT model_id, metric_name, metric_value, metric_timestamp_ms, metric_step, run_id, "+
		"COALESCE(dataset_name, ''), COALESCE(dataset_digest, '') FROM logged_model_metrics WHERE "+d.In("model_id", 1), ids)
}

// readMetric keeps the latest point of each key, dataset and run, in this order.
func (l *loggedModels) readMetric(rows sqldb.Rows) error {
	var p core.RunMetric
	var value *float64
	err := rows.Scan((*string)(&p.ModelID), &p.Key, &value, (*int64)(&p.Timestamp), &p.Step, (*string)(&p.RunID),
		&p.DatasetName, &p.DatasetDigest)
	if err != nil {
		return err
	}
	if p.Value = math.NaN(); value != nil {
		p.Value = *value
	}
	m := l.model(string(p.ModelID))
	at, found := slices.BinarySearchFunc(m.Metrics, p, func(a, b core.RunMetric) int {
		return cmp.Or(
			cmp.Compare(a.Key, b.Key), cmp.Compare(a.DatasetName, b.DatasetName),
			cmp.Compare(a.DatasetDigest, b.DatasetDigest), cmp.Compare(a.RunID, b.RunID),
		)
	})
	switch {
	case !found:
		m.Metrics = slices.Insert(m.Metrics, at, p)
	case core.Latest(p.Metric, m.Metrics[at].Metric):
		m.Metrics[at] = p
	}
	return nil
}

// CreateLoggedModel creates a pending model in an active experiment.
func (t *Tracking) CreateLoggedModel(
	ctx context.Context, in core.ExperimentID, spec core.LoggedModelSpec,
) (_ core.LoggedModel, err error) {
	defer named(&err, "create logged model", string(in))
	none := core.LoggedModel{}
	if err := t.change(ctx); err != nil {
		return none, err
	}
	n, err := t.existing(in)
	if err != nil {
		return none, err
	}
	if err := core.CheckLoggedModelSpec(spec, t.limits); err != nil {
		return none, err
	}
	id, now := core.NewModelID(), core.Now()
	m := core.LoggedModel{
		ID: id, ExperimentID: in, Name: cmp.Or(spec.Name, core.NewRunName()), Type: spec.Type, SourceRunID: spec.SourceRunID,
		Status: core.ModelPending, Lifecycle: core.Active, CreatedAt: now, UpdatedAt: now,
		Params: map[string]string{}, Tags: map[string]string{},
	}
	maps.Copy(m.Params, spec.Params)
	maps.Copy(m.Tags, spec.Tags)
	err = t.db.Write(ctx, func(tx sqldb.Tx) error {
		location, stage, err := t.shareExperiment(ctx, tx, n)
		if err != nil {
			return err
		}
		if err := checkLife("experiment", in, stage); err != nil {
			return err
		}
		m.ArtifactURI = core.JoinLocation(location, "models", string(id), "artifacts")
		b := sqldb.Batch{Last: true}
		t.insertLoggedModel(&b, n, m)
		return tx.Do(ctx, &b)
	})
	if err != nil {
		return none, err
	}
	return m, nil
}

func (t *Tracking) insertLoggedModel(b *sqldb.Batch, experiment int64, m core.LoggedModel) {
	b.Exec("INSERT INTO logged_models (model_id, experiment_id, name, model_type, source_run_id, artifact_location, status, "+
		"status_message, lifecycle_stage, creation_timestamp_ms, last_updated_timestamp_ms) "+
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (model_id) DO UPDATE SET "+
		"experiment_id = excluded.experiment_id, name = excluded.name, model_type = excluded.model_type, "+
		"source_run_id = excluded.source_run_id, artifact_location = excluded.artifact_location, status = excluded.status, "+
		"status_message = excluded.status_message, lifecycle_stage = excluded.lifecycle_stage, "+
		"creation_timestamp_ms = excluded.creation_timestamp_ms, "+
		"last_updated_timestamp_ms = excluded.last_updated_timestamp_ms",
		string(m.ID), experiment, m.Name, orNoText(m.Type), orNoText(string(m.SourceRunID)), m.ArtifactURI, int64(m.Status),
		orNoText(m.StatusMessage), string(m.Lifecycle), int64(m.CreatedAt), int64(m.UpdatedAt))
	b.Insert(t.db.Dialect(), modelPairs{"logged_model_params", "param", m.ID, experiment}.insert(m.Params))
	b.Insert(t.db.Dialect(), modelPairs{"logged_model_tags", "tag", m.ID, experiment}.insert(m.Tags))
}

// orNoText is a text as the schema keeps it where MLflow does: NULL is none.
func orNoText(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// modelPairs are params or tags of a logged model.
type modelPairs struct {
	table, kind string
	model       core.ModelID
	experiment  int64
}

// insert sets the pairs.
func (p modelPairs) insert(pairs map[string]string) sqldb.Insert {
	c := columnsOf(pairs)
	key, value := p.kind+"_key", p.kind+"_value"
	return sqldb.Insert{
		Table: p.table,
		Columns: []sqldb.Column{
			{Name: "model_id", Type: "text", Values: repeated(string(p.model), len(c.keys))},
			{Name: "experiment_id", Type: "int", Values: repeated(p.experiment, len(c.keys))},
			{Name: key, Type: "text", Values: c.keys},
			{Name: value, Type: "text", Values: c.values},
		},
		Suffix: "ON CONFLICT (model_id, " + key + ") DO UPDATE SET " + value + " = excluded." + value,
	}
}

// LoggedModel returns an active or deleted model.
func (t *Tracking) LoggedModel(ctx context.Context, id core.ModelID) (_ core.LoggedModel, err error) {
	defer named(&err, "get logged model", string(id))
	if err := t.read(ctx); err != nil {
		return core.LoggedModel{}, err
	}
	if err := core.CheckModelID(id); err != nil {
		return core.LoggedModel{}, err
	}
	return t.loggedModel(ctx, id)
}

func (t *Tracking) loggedModel(ctx context.Context, id core.ModelID) (core.LoggedModel, error) {
	var row loggedRow
	var found bool
	var all loggedModels
	all.add(core.LoggedModel{ID: id, Params: map[string]string{}, Tags: map[string]string{}})
	var b sqldb.Batch
	b.Query(sqldb.One(&found, row.fields()...), "SELECT "+loggedColumns+" FROM logged_models l WHERE l.model_id = $1", string(id))
	all.fetch(&b, t.db.Dialect())
	if err := t.db.Fetch(ctx, &b); err != nil {
		return core.LoggedModel{}, err
	}
	if !found {
		return core.LoggedModel{}, core.Missing("logged model", id)
	}
	m := row.model()
	m.Params, m.Tags, m.Metrics = all.list[0].Params, all.list[0].Tags, all.list[0].Metrics
	return m, nil
}

// lockLoggedModel locks an active model until the transaction ends; a deleted one is ErrNotFound like an unknown one.
func (t *Tracking) lockLoggedModel(ctx context.Context, tx sqldb.Tx, id core.ModelID) (loggedRow, error) {
	var row loggedRow
	var found bool
	var b sqldb.Batch
	b.Query(sqldb.One(&found, row.fields()...), "SELECT "+loggedColumns+" FROM logged_models l WHERE l.model_id = $1"+
		t.db.Dialect().ForUpdate(), string(id))
	if err := tx.Do(ctx, &b); err != nil {
		return row, err
	}
	if !found || row.Lifecycle != core.Active {
		return row, core.Missing("logged model", id)
	}
	return row, nil
}

// UpdateLoggedModel changes an active model, all or nothing.
func (t *Tracking) UpdateLoggedModel(
	ctx context.Context, id core.ModelID, change core.LoggedModelChange,
) (_ core.LoggedModel, err error) {
	defer named(&err, "update logged model", string(id))
	if err := t.change(ctx); err != nil {
		return core.LoggedModel{}, err
	}
	if err := core.CheckModelID(id); err != nil {
		return core.LoggedModel{}, err
	}
	if err := core.CheckLoggedModelChange(change, t.limits); err != nil {
		return core.LoggedModel{}, err
	}
	err = t.db.Write(ctx, func(tx sqldb.Tx) error {
		row, err := t.lockLoggedModel(ctx, tx, id)
		if err != nil {
			return err
		}
		return t.changeLoggedModel(ctx, tx, row, change)
	})
	if err != nil {
		return core.LoggedModel{}, err
	}
	return t.loggedModel(ctx, id)
}

func (t *Tracking) changeLoggedModel(ctx context.Context, tx sqldb.Tx, row loggedRow, change core.LoggedModelChange) error {
	known := map[string]string{}
	var b sqldb.Batch
	b.Query(readPairs(known), "SELECT param_key, param_value FROM logged_model_params WHERE model_id = $1", string(row.ID))
	if err := tx.Do(ctx, &b); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(change.Params)) {
		if old, found := known[key]; found && old != change.Params[key] {
			return core.Invalid(key, "Changing param values is not allowed. Param with key='%s' of logged model '%s' has "+
				"another value already.", key, row.ID)
		}
	}
	for _, key := range sortedKeys(change.Tags.Delete) {
		n, err := tx.Exec(ctx, "DELETE FROM logged_model_tags WHERE model_id = $1 AND tag_key = $2", string(row.ID), key)
		if err != nil {
			return err
		}
		if n == 0 {
			return core.Missing("tag", key)
		}
	}
	if change.Status != 0 {
		row.status = int(change.Status)
	}
	if change.StatusMessage != nil {
		row.StatusMessage = *change.StatusMessage
	}
	b = sqldb.Batch{Last: true}
	b.Exec("UPDATE logged_models SET status = $1, status_message = $2, last_updated_timestamp_ms = $3 WHERE model_id = $4",
		int64(row.status), orNoText(row.StatusMessage), int64(max(row.UpdatedAt, core.Now())), string(row.ID))
	b.Insert(t.db.Dialect(), modelPairs{"logged_model_params", "param", row.ID, row.experiment}.insert(change.Params))
	b.Insert(t.db.Dialect(), modelPairs{"logged_model_tags", "tag", row.ID, row.experiment}.insert(change.Tags.Set))
	return tx.Do(ctx, &b)
}

// DeleteLoggedModel hides a model from searches.
func (t *Tracking) DeleteLoggedModel(ctx context.Context, id core.ModelID) (err error) {
	defer named(&err, "delete logged model", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckModelID(id); err != nil {
		return err
	}
	return t.db.Write(ctx, func(tx sqldb.Tx) error {
		row, err := t.lockLoggedModel(ctx, tx, id)
		if err != nil {
			return err
		}
		b := sqldb.Batch{Last: true}
		b.Exec("UPDATE logged_models SET lifecycle_stage = 'deleted', last_updated_timestamp_ms = $1 WHERE model_id = $2",
			int64(max(row.UpdatedAt, core.Now())), string(id))
		return tx.Do(ctx, &b)
	})
}
