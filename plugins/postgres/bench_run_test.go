package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/mlstore/mlstore/core"
)

// BenchmarkWholeRun creates a run, logs 100 metrics, 20 params and 10 tags at once, and ends it.
func BenchmarkWholeRun(b *testing.B) {
	l := newLab(b)
	var batch core.Batch
	for i := range 100 {
		batch.Metrics = append(batch.Metrics, core.Metric{Key: fmt.Sprint("metric_", i), Value: float64(i), Timestamp: 1})
	}
	for i := range 20 {
		batch.Params = append(batch.Params, core.Param{Key: fmt.Sprint("param_", i), Value: "a value"})
	}
	for i := range 10 {
		batch.Tags = append(batch.Tags, core.Tag{Key: fmt.Sprint("tag_", i), Value: "a value"})
	}
	l.run(b) // what is looked up once
	beside(b, 1, func(ctx context.Context, _, _ int) error {
		r, err := l.store.CreateRun(ctx, core.DefaultExperimentID, core.RunSpec{Name: "a run"})
		if err != nil {
			return err
		}
		if err := l.store.LogBatch(ctx, r.ID, batch); err != nil {
			return err
		}
		_, err = l.store.UpdateRun(ctx, r.ID, core.RunChange{Status: core.Finished, EndTime: new(core.Millis(2))})
		return err
	}, func(ctx context.Context, _, _ int) error { return l.wholeBare(ctx, batch) })
}

// wholeBare does the same by one statement, one transaction in one round trip, and one statement.
func (l *lab) wholeBare(ctx context.Context, batch core.Batch) error {
	id := string(core.NewRunID())
	if _, err := l.pool.Exec(ctx, `WITH r AS (INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name,
		source_version, user_id, status, start_time, lifecycle_stage, artifact_uri, experiment_id)
		VALUES ($1::text, 'a run', 'UNKNOWN', '', '', '', '', 'RUNNING', 0, 'active', 's3://bucket/' || $1::text, 0) RETURNING run_uuid)
		INSERT INTO tags (run_uuid, key, value) SELECT run_uuid, 'mlflow.runName', 'a run' FROM r`, id); err != nil {
		return err
	}
	pairs := func(n int, at func(int) (string, string)) (keys, values []string) {
		for i := range n {
			key, value := at(i)
			keys, values = append(keys, key), append(values, value)
		}
		return keys, values
	}
	paramKeys, paramValues := pairs(len(batch.Params), func(i int) (string, string) { return batch.Params[i].Key, batch.Params[i].Value })
	tagKeys, tagValues := pairs(len(batch.Tags), func(i int) (string, string) { return batch.Tags[i].Key, batch.Tags[i].Value })
	keys, values := make([]string, len(batch.Metrics)), make([]float64, len(batch.Metrics))
	timestamps, steps, nans := make([]int64, len(keys)), make([]int64, len(keys)), make([]bool, len(keys))
	for i, m := range batch.Metrics {
		keys[i], values[i], timestamps[i] = m.Key, m.Value, int64(m.Timestamp)
	}
	var all pgx.Batch
	all.Queue(bareBatch, id, keys, values, timestamps, steps, nans)
	all.Queue("INSERT INTO params (run_uuid, key, value) SELECT $1, p.* FROM unnest($2::text[], $3::text[]) p", id, paramKeys, paramValues)
	all.Queue("INSERT INTO tags (run_uuid, key, value) SELECT $1, p.* FROM unnest($2::text[], $3::text[]) p "+
		"ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value", id, tagKeys, tagValues)
	if err := l.pool.SendBatch(ctx, &all).Close(); err != nil {
		return err
	}
	_, err := l.pool.Exec(ctx, "UPDATE runs SET status = 'FINISHED', end_time = 2 WHERE run_uuid = $1", id)
	return err
}
