package schema

import (
	"context"
	"encoding/json"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// analytics is a step that moves what is known of traces from rows and JSON into columns. Source: MLflow 3.18, revision
// 75868b020152.
func analytics() derivation {
	return derivation{
		revision: "75868b020152", before: "UPDATE trace_info SET total_cost",
		what: "names, sessions, tokens and costs of traces move into the new columns", do: deriveTraces,
	}
}

// pageOfRows is how many rows are worked out at once.
const pageOfRows = 250

// Keys of what moves.
const (
	traceName    = "mlflow.traceName"
	traceSession = "mlflow.trace.session"
	traceUsage   = "mlflow.trace.tokenUsage"
	traceCost    = "mlflow.trace.cost"
	spanModel    = "mlflow.llm.model"
	spanProvider = "mlflow.llm.provider"
)

func tokenColumns() []string {
	return []string{
		"input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens", "cache_creation_input_tokens",
		"cache_creation_input_tokens_above_1hr",
	}
}

func costColumns() []string { return []string{"input_cost", "output_cost", "total_cost"} }

// deriveTraces fills the new columns and removes the rows that they replace.
func deriveTraces(ctx context.Context, tx sqldb.Tx, d sqldb.Dialect) error {
	for _, child := range []string{"spans", "assessments"} {
		var orphan bool
		b := &sqldb.Batch{}
		b.Query(sqldb.One(new(bool), &orphan),
			"SELECT EXISTS (SELECT 1 FROM "+child+" WHERE trace_id NOT IN (SELECT request_id FROM trace_info))")
		if err := tx.Do(ctx, b); err != nil {
			return err
		}
		if orphan {
			return core.State(child, "the table %s has rows of traces that are not there: remove them first", child)
		}
	}
	for _, derive := range []func(context.Context, sqldb.Tx, sqldb.Dialect) error{deriveInfo, deriveSpans, deriveAssessments} {
		if err := derive(ctx, tx, d); err != nil {
			return err
		}
	}
	b := &sqldb.Batch{}
	b.Exec("DELETE FROM trace_tags WHERE key = $1", traceName)
	b.Exec("DELETE FROM trace_request_metadata WHERE key IN ($1, $2, $3)", traceSession, traceUsage, traceCost)
	b.Exec("DELETE FROM trace_metrics WHERE "+d.In("key", 1), tokenColumns())
	b.Exec("DELETE FROM span_metrics WHERE "+d.In("key", 1), costColumns())
	return tx.Do(ctx, b)
}

// A trace is what is known of one trace before the step.
type trace struct {
	name     *string
	metadata map[string]*string
	metrics  map[string]*float64
}

func deriveInfo(ctx context.Context, tx sqldb.Tx, d sqldb.Dialect) error {
	for after := ""; ; {
		var ids []string
		page := &sqldb.Batch{}
		page.Query(sqldb.Each(func(rows sqldb.Rows) error {
			var id string
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		}), "SELECT request_id FROM trace_info WHERE request_id > $1 ORDER BY request_id LIMIT $2", after, pageOfRows)
		if err := tx.Do(ctx, page); err != nil || len(ids) == 0 {
			return err
		}
		traces, err := readTraces(ctx, tx, d, ids)
		if err != nil {
			return err
		}
		b := &sqldb.Batch{}
		for _, id := range ids {
			traces[id].update(b, id)
		}
		if err := tx.Do(ctx, b); err != nil {
			return err
		}
		after = ids[len(ids)-1]
	}
}

func readTraces(ctx context.Context, tx sqldb.Tx, d sqldb.Dialect, ids []string) (map[string]*trace, error) {
	traces := map[string]*trace{}
	for _, id := range ids {
		traces[id] = &trace{metadata: map[string]*string{}, metrics: map[string]*float64{}}
	}
	b := &sqldb.Batch{}
	text := func(read func(t *trace, key string, value *string)) func(sqldb.Rows) error {
		return sqldb.Each(func(rows sqldb.Rows) error {
			var id, key string
			var value *string
			if err := rows.Scan(&id, &key, &value); err != nil {
				return err
			}
			read(traces[id], key, value)
			return nil
		})
	}
	b.Query(text(func(t *trace, _ string, value *string) { t.name = value }),
		"SELECT request_id, key, value FROM trace_tags WHERE key = $1 AND "+d.In("request_id", 2), traceName, ids)
	b.Query(text(func(t *trace, key string, value *string) { t.metadata[key] = value }),
		"SELECT request_id, key, value FROM trace_request_metadata WHERE "+d.In("key", 1)+" AND "+d.In("request_id", 2),
		[]string{traceSession, traceUsage, traceCost}, ids)
	b.Query(sqldb.Each(func(rows sqldb.Rows) error {
		var id, key string
		var value *float64
		if err := rows.Scan(&id, &key, &value); err != nil {
			return err
		}
		traces[id].metrics[key] = value
		return nil
	}), "SELECT request_id, key, value FROM trace_metrics WHERE "+d.In("key", 1)+" AND "+d.In("request_id", 2),
		tokenColumns(), ids)
	return traces, tx.Do(ctx, b)
}

func (t *trace) update(b *sqldb.Batch, id string) {
	usage, cost := jsonObject(t.metadata[traceUsage]), jsonObject(t.metadata[traceCost])
	args := []any{id, atMost(t.name, 4096), atMost(t.metadata[traceSession], 250)}
	for _, column := range tokenColumns() {
		if value, has := t.metrics[column]; has {
			args = append(args, tokensOfMetric(value))
		} else {
			args = append(args, tokens(usage[column]))
		}
	}
	for _, column := range costColumns() {
		args = append(args, finite(cost[column]))
	}
	b.Exec("UPDATE trace_info SET trace_name = $2, session_id = $3, input_tokens = $4, output_tokens = $5, total_tokens = $6, "+
		"cache_read_input_tokens = $7, cache_creation_input_tokens = $8, cache_creation_input_tokens_above_1hr = $9, "+
		"input_cost = $10, output_cost = $11, total_cost = $12 WHERE request_id = $1", args...)
}

func deriveSpans(ctx context.Context, tx sqldb.Tx, _ sqldb.Dialect) error {
	b := &sqldb.Batch{}
	for _, column := range costColumns() {
		// What is not finite counts as none.
		b.Exec("UPDATE spans SET "+column+" = (SELECT m.value FROM span_metrics AS m WHERE m.trace_id = spans.trace_id AND "+
			"m.span_id = spans.span_id AND m.key = $1 AND m.value BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308)",
			column)
	}
	if err := tx.Do(ctx, b); err != nil {
		return err
	}
	type key struct{ trace, span string }
	for after := (key{}); ; {
		var keys []key
		updates := &sqldb.Batch{}
		page := &sqldb.Batch{}
		page.Query(sqldb.Each(func(rows sqldb.Rows) error {
			var k key
			var attributes *string
			if err := rows.Scan(&k.trace, &k.span, &attributes); err != nil {
				return err
			}
			keys = append(keys, k)
			model, provider, err := dimensions(attributes)
			if err != nil {
				return core.State("spans", "span %s of trace %s: %w", k.span, k.trace, err)
			}
			updates.Exec("UPDATE spans SET model_name = $3, model_provider = $4 WHERE trace_id = $1 AND span_id = $2",
				k.trace, k.span, atMost(model, 500), atMost(provider, 500))
			return nil
		}), "SELECT trace_id, span_id, CAST(dimension_attributes AS TEXT) FROM spans WHERE (trace_id, span_id) > ($1, $2) "+
			"AND dimension_attributes IS NOT NULL ORDER BY trace_id, span_id LIMIT $3", after.trace, after.span, pageOfRows)
		if err := tx.Do(ctx, page); err != nil || len(keys) == 0 {
			return err
		}
		if err := tx.Do(ctx, updates); err != nil {
			return err
		}
		after = keys[len(keys)-1]
	}
}

// dimensions reads what a span's attributes say of its model. Anything else in them would be lost, and so is refused.
func dimensions(attributes *string) (model, provider *string, err error) {
	if attributes == nil {
		return nil, nil, nil
	}
	var all map[string]*string
	if err := json.Unmarshal([]byte(*attributes), &all); err != nil {
		return nil, nil, core.Errorf(core.FailedPrecondition, "dimension_attributes are not what MLflow writes: %w", err)
	}
	for name := range all {
		if name != spanModel && name != spanProvider {
			return nil, nil, core.Errorf(core.FailedPrecondition, "dimension_attributes hold %q, which has no column", name)
		}
	}
	return all[spanModel], all[spanProvider], nil
}

func deriveAssessments(ctx context.Context, tx sqldb.Tx, _ sqldb.Dialect) error {
	for after := ""; ; {
		last := ""
		updates := &sqldb.Batch{}
		page := &sqldb.Batch{}
		page.Query(sqldb.Each(func(rows sqldb.Rows) error {
			var value string
			var experiment, timestamp int64
			if err := rows.Scan(&last, &value, &experiment, &timestamp); err != nil {
				return err
			}
			aggregate, numeric := aggregateOf(value)
			updates.Exec("UPDATE assessments SET experiment_id = $2, trace_timestamp_ms = $3, aggregate_value = $4, "+
				"is_numeric_value = $5 WHERE assessment_id = $1", last, experiment, timestamp, aggregate, numeric)
			return nil
		}), "SELECT a.assessment_id, a.value, t.experiment_id, t.timestamp_ms FROM assessments AS a "+
			"JOIN trace_info AS t ON t.request_id = a.trace_id WHERE a.assessment_id > $1 ORDER BY a.assessment_id LIMIT $2",
			after, pageOfRows)
		if err := tx.Do(ctx, page); err != nil || last == "" {
			return err
		}
		if err := tx.Do(ctx, updates); err != nil {
			return err
		}
		after = last
	}
}
