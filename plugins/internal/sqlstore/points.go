package sqlstore

import (
	"cmp"
	"math"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// valueOf is a metric's value as it is read.
func valueOf(value float64, isNaN bool) float64 {
	if isNaN {
		return math.NaN()
	}
	return value
}

// clamped is a metric's value as MLflow's schema keeps it: NaN is 0 and a mark, ±Inf the largest float (D-2), −0.0 is 0.
func clamped(value float64) (_ float64, isNaN bool) {
	switch {
	case math.IsNaN(value):
		return 0, true
	case math.IsInf(value, 1):
		return math.MaxFloat64, false
	case math.IsInf(value, -1):
		return -math.MaxFloat64, false
	case value == 0:
		return 0, false
	}
	return value, false
}

// points are points of runs as columns.
type points struct {
	runs, keys sqldb.List[string]
	values     sqldb.List[float64]
	timestamps sqldb.List[int64]
	steps      sqldb.List[int64]
	nans       sqldb.List[bool]
}

func (p *points) add(run core.RunID, m core.Metric) {
	value, isNaN := clamped(m.Value)
	p.runs, p.keys = append(p.runs, string(run)), append(p.keys, m.Key)
	p.values, p.nans = append(p.values, value), append(p.nans, isNaN)
	p.timestamps, p.steps = append(p.timestamps, int64(m.Timestamp)), append(p.steps, m.Step)
}

func (p *points) columns() []sqldb.Column {
	return []sqldb.Column{
		{Name: "run_uuid", Type: "text", Values: p.runs},
		{Name: "key", Type: "text", Values: p.keys},
		{Name: "value", Type: "float8", Values: p.values},
		{Name: "timestamp", Type: "bigint", Values: p.timestamps},
		{Name: "step", Type: "bigint", Values: p.steps},
		{Name: "is_nan", Type: "bool", Values: p.nans},
	}
}

// ordered returns metrics by key, timestamp, step and value, so that all writers of a run come in one order.
func ordered(metrics []core.Metric) []core.Metric {
	byKey := func(a, b core.Metric) int { return cmp.Or(cmp.Compare(a.Key, b.Key), core.CompareMetrics(a, b)) }
	if slices.IsSortedFunc(metrics, byKey) {
		return metrics
	}
	return slices.SortedFunc(slices.Values(metrics), byKey)
}

// latest returns the point of each key that supersedes the others. The metrics must be ordered by key.
func latest(metrics []core.Metric) []core.Metric {
	var best []core.Metric
	for _, m := range metrics {
		if n := len(best); n == 0 || best[n-1].Key != m.Key {
			best = append(best, m)
		} else if core.Latest(m, best[n-1]) {
			best[n-1] = m
		}
	}
	return best
}

// onKnownPoint is what becomes of a point that is there already: nothing. A replay so reads no history.
const onKnownPoint = "ON CONFLICT (key, timestamp, step, run_uuid, value, is_nan) DO NOTHING"

// onKnownLatest keeps the point that is the latest by step, timestamp and value, where NaN is below every number (D-3).
const onKnownLatest = "ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp, " +
	"step = excluded.step, is_nan = excluded.is_nan " +
	"WHERE (excluded.step, excluded.timestamp, NOT excluded.is_nan, excluded.value) > " +
	"(latest_metrics.step, COALESCE(latest_metrics.timestamp, -1), NOT latest_metrics.is_nan, latest_metrics.value)"

func (p *points) insert() sqldb.Insert {
	return sqldb.Insert{Table: "metrics", Columns: p.columns(), Suffix: onKnownPoint}
}

func (p *points) upsertLatest() sqldb.Insert {
	return sqldb.Insert{Table: "latest_metrics", Columns: p.columns(), Suffix: onKnownLatest}
}
