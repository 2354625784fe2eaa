package sqlstore

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// measurements adds the points that name a logged model to that model's metrics. The schema has one place for a model,
// key, timestamp, step and run: of several points there the one with the largest value stays, in whatever order they come.
// NaN is 0 there, as MLflow writes it: the schema has no mark for it, and MLflow cannot read NULL. Models says in which
// experiment each is. The metrics may hold points of no model.
func measurements(run core.RunID, metrics []core.Metric, models map[string]int64) sqldb.Insert {
	best := map[measurement]core.Metric{}
	var places []measurement
	for _, m := range metrics {
		if m.ModelID == "" {
			continue
		}
		at := measurement{m.ModelID, m.Key, m.Timestamp, m.Step}
		old, there := best[at]
		if !there {
			places = append(places, at)
		}
		if !there || core.CompareMetrics(m, old) > 0 {
			best[at] = m
		}
	}
	var ids, keys sqldb.List[string]
	var names, digests sqldb.Nullable[string]
	var timestamps, steps, experiments sqldb.List[int64]
	var values sqldb.List[float64]
	for _, at := range places {
		m := best[at]
		ids, keys = append(ids, string(m.ModelID)), append(keys, m.Key)
		timestamps, steps = append(timestamps, int64(m.Timestamp)), append(steps, m.Step)
		experiments = append(experiments, models[string(m.ModelID)])
		names, digests = append(names, orNoText(m.DatasetName)), append(digests, orNoText(m.DatasetDigest))
		value, _ := clamped(m.Value)
		values = append(values, value)
	}
	return sqldb.Insert{
		Table: "logged_model_metrics",
		Columns: []sqldb.Column{
			{Name: "model_id", Type: "text", Values: ids},
			{Name: "metric_name", Type: "text", Values: keys},
			{Name: "metric_timestamp_ms", Type: "bigint", Values: timestamps},
			{Name: "metric_step", Type: "bigint", Values: steps},
			{Name: "metric_value", Type: "float8", Values: values},
			{Name: "experiment_id", Type: "int", Values: experiments},
			{Name: "run_id", Type: "text", Values: repeated(string(run), len(ids))},
			{Name: "dataset_name", Type: "text", Values: names},
			{Name: "dataset_digest", Type: "text", Values: digests},
		},
		Suffix: "ON CONFLICT (model_id, metric_name, metric_timestamp_ms, metric_step, run_id) DO UPDATE SET " +
			"metric_value = excluded.metric_value, dataset_name = excluded.dataset_name, " +
			"dataset_digest = excluded.dataset_digest WHERE excluded.metric_value > logged_model_metrics.metric_value " +
			"OR logged_model_metrics.metric_value IS NULL",
	}
}

// measurement is the place of a measurement in the schema, but for its run.
type measurement struct {
	model     core.ModelID
	key       string
	timestamp core.Millis
	step      int64
}
