package sqlstore

import (
	"context"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// MetricHistories returns the points of a key of several runs, by run id and then as in their histories.
func (t *Tracking) MetricHistories(
	ctx context.Context, query core.HistoriesQuery,
) (_ []core.RunMetric, err error) {
	defer named(&err, "get metric histories", query.Key)
	if err := t.read(ctx); err != nil {
		return nil, err
	}
	limit, err := core.CheckHistories(query, t.limits)
	if err != nil {
		return nil, err
	}
	var all []core.RunMetric
	var b sqldb.Batch
	d := t.db.Dialect()
	b.Query(readRunPoints(query.Key, &all),
		"SELECT run_uuid, value, timestamp, step, is_nan FROM metrics WHERE key = $1 AND "+d.In("run_uuid", 2)+
			" ORDER BY "+byBytes(d, "run_uuid")+", timestamp, step, NOT is_nan, value LIMIT $3", query.Key, idsOf(query.Runs), limit)
	err = t.db.Fetch(ctx, &b)
	return all, err
}

func idsOf(runs []core.RunID) []string {
	ids := make([]string, len(runs))
	for i, id := range runs {
		ids[i] = string(id)
	}
	return ids
}

// byBytes orders text by its bytes, as SQLite does anyway.
func byBytes(d sqldb.Dialect, column string) string {
	if d == sqldb.Postgres {
		return column + ` COLLATE "C"`
	}
	return column
}

func readRunPoints(key string, into *[]core.RunMetric) func(sqldb.Rows) error {
	return sqldb.Each(func(rows sqldb.Rows) error {
		m := core.RunMetric{Metric: core.Metric{Key: key}}
		var isNaN bool
		if err := rows.Scan((*string)(&m.RunID), &m.Value, (*int64)(&m.Timestamp), &m.Step, &isNaN); err != nil {
			return err
		}
		m.Value = valueOf(m.Value, isNaN)
		*into = append(*into, m)
		return nil
	})
}

// SampleHistory thins the history of each run out, in the order asked for. The database picks: what is left out never
// leaves it.
func (t *Tracking) SampleHistory(ctx context.Context, query core.SampleQuery) (_ []core.RunMetric, err error) {
	defer named(&err, "sample metric history", query.Key)
	if err := t.read(ctx); err != nil {
		return nil, err
	}
	limit, err := core.CheckSample(query, t.limits)
	if err != nil {
		return nil, err
	}
	d := t.db.Dialect()
	args := []any{query.Key, idsOf(query.Runs), limit}
	steps := ""
	if query.Start != nil {
		steps = " AND step BETWEEN $4 AND $5"
		args = append(args, *query.Start, *query.End)
	}
	var all []core.RunMetric
	var b sqldb.Batch
	b.Query(readRunPoints(query.Key, &all), sampled(d, steps), args...)
	if err := t.db.Fetch(ctx, &b); err != nil {
		return nil, err
	}
	return inOrderOf(query.Runs, all), nil
}

// sampled numbers the points of each run from 0 and takes the first of each of $3 groups, as core.Sample does: of n points
// the first n % $3 groups hold n / $3 + 1, the others n / $3. Instead of the last pick it takes the last point.
func sampled(d sqldb.Dialect, steps string) string {
	const smaller = "(n % $3) * (n / $3 + 1)" // where the smaller groups begin
	return "SELECT run_uuid, value, timestamp, step, is_nan FROM (" +
		"SELECT run_uuid, value, timestamp, step, is_nan, " +
		"row_number() OVER (PARTITION BY run_uuid ORDER BY step, timestamp, NOT is_nan, value) - 1 AS place, " +
		"count(*) OVER (PARTITION BY run_uuid) AS n FROM metrics WHERE key = $1 AND " + d.In("run_uuid", 2) + steps + ") p " +
		"WHERE CASE WHEN n <= $3 OR place = n - 1 THEN TRUE WHEN place = n - n / $3 THEN FALSE " +
		"WHEN place < " + smaller + " THEN place % (n / $3 + 1) = 0 ELSE (place - " + smaller + ") % (n / $3) = 0 END " +
		"ORDER BY run_uuid, step, timestamp, NOT is_nan, value"
}

// inOrderOf sorts points by the place of their run in the list; a run that is there twice gives its points twice.
func inOrderOf(runs []core.RunID, points []core.RunMetric) []core.RunMetric {
	byRun := map[core.RunID][]core.RunMetric{}
	for _, m := range points {
		byRun[m.RunID] = append(byRun[m.RunID], m)
	}
	var all []core.RunMetric
	for _, id := range runs {
		all = slices.Concat(all, byRun[id])
	}
	return all
}
