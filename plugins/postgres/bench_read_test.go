package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/mlstore/mlstore/core"
)

// fill makes an experiment of runs with 10 metrics, 10 params and 6 tags each, of which one in twenty has the param
// model = m3 and more than 0.5 as its acc, and statistics of them.
func (l *lab) fill(b *testing.B, runs int) core.ExperimentID {
	b.Helper()
	x, err := l.store.CreateExperiment(b.Context(), core.ExperimentSpec{Name: fmt.Sprint(runs, " runs")})
	must(b, err)
	for _, sql := range []string{
		`INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, source_version, user_id, status, start_time,
		lifecycle_stage, artifact_uri, experiment_id) SELECT md5($1::text || '/' || i), 'run ' || i, 'UNKNOWN', '', '', '', 'me', 'FINISHED',
		1700000000000 + i, 'active', 's3://bucket/' || i, $1::int FROM generate_series(1, $2::int) i`,
		`INSERT INTO latest_metrics (run_uuid, key, value, timestamp, step, is_nan) SELECT md5($1::text || '/' || i),
		CASE k WHEN 0 THEN 'acc' ELSE 'metric_' || k END, (hashint4(i * 31 + k) & 65535) / 65536.0, 1700000000000, 1, false
		FROM generate_series(1, $2::int) i, generate_series(0, 9) k`,
		`INSERT INTO params (run_uuid, key, value) SELECT md5($1::text || '/' || i), CASE k WHEN 0 THEN 'model' ELSE 'param_' || k END,
		CASE k WHEN 0 THEN 'm' || (i % 10) ELSE i::text END FROM generate_series(1, $2::int) i, generate_series(0, 9) k`,
		`INSERT INTO tags (run_uuid, key, value) SELECT md5($1::text || '/' || i), CASE k WHEN 0 THEN 'mlflow.runName' ELSE 'tag_' || k END,
		'run ' || i FROM generate_series(1, $2::int) i, generate_series(0, 5) k`,
	} {
		_, err := l.pool.Exec(b.Context(), sql, string(x.ID), runs)
		must(b, err)
	}
	_, err = l.pool.Exec(b.Context(), "VACUUM ANALYZE runs, latest_metrics, params, tags")
	must(b, err)
	return x.ID
}

// bareSearch finds the ids of the first page by the metric.
const bareSearch = `SELECT r.run_uuid FROM runs r JOIN latest_metrics m ON m.run_uuid = r.run_uuid AND m.key = 'acc'
JOIN params p ON p.run_uuid = r.run_uuid AND p.key = 'model'
WHERE r.experiment_id = $1 AND r.lifecycle_stage = 'active' AND m.value > 0.5 AND p.value = 'm3'
ORDER BY m.value DESC, r.start_time DESC, r.run_uuid LIMIT 101`

// searchBare reads a page of runs with all their data in two round trips.
func (l *lab) searchBare(ctx context.Context, experiment string) error {
	rows, err := l.pool.Query(ctx, bareSearch, experiment)
	if err != nil {
		return err
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	ids = ids[:min(len(ids), 100)]
	data := make(map[string]map[string]string, 100)
	var batch pgx.Batch
	for _, sql := range []string{
		"SELECT run_uuid, name, status || user_id || artifact_uri FROM runs WHERE run_uuid = ANY($1)",
		"SELECT run_uuid, key, value::text FROM latest_metrics WHERE run_uuid = ANY($1)",
		"SELECT run_uuid, key, value FROM params WHERE run_uuid = ANY($1)",
		"SELECT run_uuid, key, value FROM tags WHERE run_uuid = ANY($1)",
	} {
		batch.Queue(sql, ids).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var id, key, value string
				if err := rows.Scan(&id, &key, &value); err != nil {
					return err
				}
				if data[id] == nil {
					data[id] = map[string]string{}
				}
				data[id][key] = value
			}
			return rows.Err()
		})
	}
	return l.pool.SendBatch(ctx, &batch).Close()
}

func BenchmarkSearch(b *testing.B) {
	for _, runs := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint("runs=", runs), func(b *testing.B) {
			l := newLab(b)
			id := l.fill(b, runs)
			query := core.RunQuery{
				Experiments: []core.ExperimentID{id}, Filter: "metrics.acc > 0.5 and params.model = 'm3'",
				OrderBy: []string{"metrics.acc DESC"}, PageOptions: core.PageOptions{Limit: 100},
			}
			beside(b, 1, func(ctx context.Context, _, _ int) error {
				page, err := l.store.SearchRuns(ctx, query)
				if err == nil && len(page.Items) == 0 {
					err = fmt.Errorf("nothing found among %d runs", runs)
				}
				return err
			}, func(ctx context.Context, _, _ int) error { return l.searchBare(ctx, string(id)) })
		})
	}
}
