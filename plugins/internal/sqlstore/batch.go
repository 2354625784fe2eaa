package sqlstore

import (
	"context"
	"errors"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// LogBatch logs metrics, params and tags, all or nothing.
func (t *Tracking) LogBatch(ctx context.Context, id core.RunID, batch core.Batch) (err error) {
	defer named(&err, "log batch", string(id))
	if err := t.change(ctx); err != nil {
		return err
	}
	if err := core.CheckRunID(id); err != nil {
		return err
	}
	if err := core.CheckBatch(batch, t.limits); err != nil {
		return err
	}
	for _, tag := range batch.Tags {
		if tag.Key != core.RunNameTag {
			continue
		}
		if err := t.checkRunName(tag.Value); err != nil {
			return err
		}
	}
	if len(batch.Metrics) > 0 && len(batch.Params)+len(batch.Tags) == 0 && !measuresModels(batch.Metrics) {
		logged, err := t.grouped.log(ctx, id, ordered(batch.Metrics))
		if logged || err != nil {
			return err
		}
	}
	const most = 3 // another program, which locks no run, may log one of the params between our reading and writing
	for range most {
		err = t.db.Write(ctx, func(tx sqldb.Tx) error { return t.logBatch(ctx, tx, id, batch) })
		if !errors.Is(err, core.ErrExists) {
			break
		}
	}
	return err
}

func measuresModels(metrics []core.Metric) bool {
	return slices.ContainsFunc(metrics, func(m core.Metric) bool { return m.ModelID != "" })
}

// logBatch first reads what may forbid the batch, with the run locked, and then writes all of it.
func (t *Tracking) logBatch(ctx context.Context, tx sqldb.Tx, id core.RunID, batch core.Batch) error {
	known := map[string]string{}
	models := map[string]int64{}
	if err := t.lockFor(ctx, tx, id, t.before(id, batch, known, models)); err != nil {
		return err
	}
	for _, m := range batch.Metrics {
		if _, there := models[string(m.ModelID)]; m.ModelID != "" && !there {
			return core.Missing("logged model", m.ModelID)
		}
	}
	params := map[string]string{}
	for _, p := range batch.Params {
		old, there := known[p.Key]
		switch {
		case !there:
			params[p.Key] = p.Value
		case old != p.Value:
			return core.ParamConflict(id, p.Key, old, p.Value)
		}
	}
	b := sqldb.Batch{Last: true}
	t.write(&b, id, core.Batch{Metrics: ordered(batch.Metrics), Tags: batch.Tags})
	b.Insert(t.db.Dialect(), runParams(id, params))
	if len(models) > 0 {
		b.Insert(t.db.Dialect(), measurements(id, batch.Metrics, models))
	}
	return tx.Do(ctx, &b)
}

// before reads what a batch must agree with: params of the same keys, and the logged models that it measures with their
// experiments.
func (t *Tracking) before(id core.RunID, batch core.Batch, params map[string]string, models map[string]int64) *sqldb.Batch {
	d := t.db.Dialect()
	var b sqldb.Batch
	if len(batch.Params) > 0 {
		keys := make([]string, len(batch.Params))
		for i, p := range batch.Params {
			keys[i] = p.Key
		}
		b.Query(readPairs(params), "SELECT key, value FROM params WHERE run_uuid = $1 AND "+d.In("key", 2), string(id), keys)
	}
	if measuresModels(batch.Metrics) {
		var ids []string
		for _, m := range batch.Metrics {
			ids = append(ids, string(m.ModelID))
		}
		b.Query(sqldb.Each(func(rows sqldb.Rows) error {
			var model string
			var experiment int64
			err := rows.Scan(&model, &experiment)
			models[model] = experiment
			return err
		}), "SELECT model_id, experiment_id FROM logged_models WHERE lifecycle_stage = 'active' AND "+d.In("model_id", 1), ids)
	}
	return &b
}

// write adds what writes the metrics, which must be ordered, and the tags.
func (t *Tracking) write(b *sqldb.Batch, id core.RunID, batch core.Batch) {
	d := t.db.Dialect()
	var all, best points
	for _, m := range batch.Metrics {
		all.add(id, m)
	}
	for _, m := range latest(batch.Metrics) {
		best.add(id, m)
	}
	b.Insert(d, all.insert())
	b.Insert(d, best.upsertLatest())
	tags := map[string]string{}
	for _, tag := range batch.Tags {
		tags[tag.Key] = tag.Value
	}
	b.Insert(d, runTags(id, tags))
	if name, renames := tags[core.RunNameTag]; renames {
		b.Exec("UPDATE runs SET name = $1 WHERE run_uuid = $2", name, string(id))
	}
}

// runParams adds params that a run does not have.
func runParams(id core.RunID, params map[string]string) sqldb.Insert {
	c := columnsOf(params)
	return sqldb.Insert{
		Table: "params",
		Columns: []sqldb.Column{
			{Name: "run_uuid", Type: "text", Values: repeated(string(id), len(c.keys))},
			{Name: "key", Type: "text", Values: c.keys},
			{Name: "value", Type: "text", Values: c.values},
		},
	}
}
