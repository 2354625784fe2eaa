package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/postgres"
)

// The benchmarks compare the store with the best statements that we know for the same work, sent by pgx alone, in turns on
// one server, which syncs its files. %raw is how much of the bare speed is reached.

// lab is a store beside a bare pool on one database.
type lab struct {
	uri   string
	store core.TrackingStore
	pool  *pgxpool.Pool
	count atomic.Int64
}

func newLab(b *testing.B) *lab {
	b.Helper()
	raw := testenv.NewPostgresServer(b, testenv.PostgresOptions{Settings: map[string]string{
		"shared_buffers": "1GB", "max_wal_size": "4GB",
	}}).Database(b)
	uri, err := core.ParseURI(raw)
	must(b, err)
	backend, err := postgres.Opener{}.Open(b.Context(), core.OpenRequest{
		URI: uri, Options: map[string]string{"artifact_root": "s3://bucket/root"},
	})
	must(b, err)
	b.Cleanup(func() { must(b, backend.Close()) })
	config, err := pgxpool.ParseConfig(raw)
	must(b, err)
	config.MaxConns = 16
	pool, err := pgxpool.NewWithConfig(b.Context(), config)
	must(b, err)
	b.Cleanup(pool.Close)
	return &lab{uri: raw, store: backend.Tracking, pool: pool}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// run creates a run.
func (l *lab) run(b *testing.B) string {
	b.Helper()
	r, err := l.store.CreateRun(b.Context(), core.DefaultExperimentID, core.RunSpec{})
	must(b, err)
	return string(r.ID)
}

// beside measures ours and bare in turns, by callers at once, b.N calls of each.
func beside(b *testing.B, callers int, ours, bare func(ctx context.Context, caller, call int) error) {
	b.Helper()
	const rounds = 10
	var took [2]time.Duration
	per := max(b.N/rounds, callers)
	b.ResetTimer()
	for done := 0; done < b.N; done += per {
		for i, f := range []func(context.Context, int, int) error{ours, bare} {
			start := time.Now()
			together(b, callers, func(caller int) error {
				for call := caller; call < per; call += callers {
					if err := f(b.Context(), caller, done+call); err != nil {
						return err
					}
				}
				return nil
			})
			took[i] += time.Since(start)
		}
	}
	calls := float64((b.N + per - 1) / per * per)
	b.ReportMetric(calls/took[0].Seconds(), "ours/s")
	b.ReportMetric(calls/took[1].Seconds(), "bare/s")
	b.ReportMetric(100*took[1].Seconds()/took[0].Seconds(), "%raw")
	b.ReportMetric(0, "ns/op")
}

func together(b *testing.B, callers int, f func(caller int) error) {
	b.Helper()
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			if err := f(caller); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
}

const bareMetric = `WITH m AS (INSERT INTO metrics (run_uuid, key, value, timestamp, step, is_nan) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING)
INSERT INTO latest_metrics AS l (run_uuid, key, value, timestamp, step, is_nan) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step,
is_nan = excluded.is_nan WHERE (excluded.step, excluded.timestamp, excluded.value) > (l.step, l.timestamp, l.value)`

func BenchmarkLogMetric(b *testing.B) {
	l := newLab(b)
	for _, callers := range []int{1, 16} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) {
			var ours, bare [16]string
			for i := range callers {
				ours[i], bare[i] = l.run(b), l.run(b)
			}
			beside(b, callers, func(ctx context.Context, caller, call int) error {
				return l.store.LogBatch(ctx, core.RunID(ours[caller]), core.Batch{Metrics: []core.Metric{
					{Key: "loss", Value: float64(call), Timestamp: core.Millis(call), Step: int64(call)},
				}})
			}, func(ctx context.Context, caller, call int) error {
				_, err := l.pool.Exec(ctx, bareMetric, bare[caller], "loss", float64(call), int64(call), int64(call), false)
				return err
			})
		})
	}
}

// thousand is a batch of 10 keys and 100 steps.
func thousand(from int64) []core.Metric {
	metrics := make([]core.Metric, 0, 1000)
	for key := range 10 {
		for step := range int64(100) {
			metrics = append(metrics, core.Metric{
				Key: fmt.Sprint("metric_", key), Value: float64(step) / 3, Timestamp: core.Millis(1_700_000_000_000 + from + step), Step: from + step,
			})
		}
	}
	return metrics
}

const bareBatch = `WITH m AS (INSERT INTO metrics (run_uuid, key, value, timestamp, step, is_nan)
SELECT $1, p.* FROM unnest($2::text[], $3::float8[], $4::bigint[], $5::bigint[], $6::bool[]) p ON CONFLICT DO NOTHING)
INSERT INTO latest_metrics AS l (run_uuid, key, value, timestamp, step, is_nan)
SELECT DISTINCT ON (p.key) $1, p.* FROM unnest($2::text[], $3::float8[], $4::bigint[], $5::bigint[], $6::bool[])
AS p(key, value, timestamp, step, is_nan) ORDER BY p.key, p.step DESC, p.timestamp DESC, p.value DESC
ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step,
is_nan = excluded.is_nan WHERE (excluded.step, excluded.timestamp, excluded.value) > (l.step, l.timestamp, l.value)`

// logBare logs metrics by the one statement that is the fastest.
func (l *lab) logBare(ctx context.Context, run string, metrics []core.Metric) error {
	keys, nans := make([]string, len(metrics)), make([]bool, len(metrics))
	values := make([]float64, len(metrics))
	timestamps, steps := make([]int64, len(metrics)), make([]int64, len(metrics))
	for i, m := range metrics {
		keys[i], values[i], timestamps[i], steps[i] = m.Key, m.Value, int64(m.Timestamp), m.Step
	}
	_, err := l.pool.Exec(ctx, bareBatch, run, keys, values, timestamps, steps, nans)
	return err
}

func BenchmarkBatchOf1000(b *testing.B) {
	l := newLab(b)
	for _, callers := range []int{1, 4} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) {
			var ours, bare [4]string
			for i := range callers {
				ours[i], bare[i] = l.run(b), l.run(b)
			}
			beside(b, callers, func(ctx context.Context, caller, _ int) error {
				return l.store.LogBatch(ctx, core.RunID(ours[caller]), core.Batch{Metrics: thousand(100 * l.count.Add(1))})
			}, func(ctx context.Context, caller, _ int) error {
				return l.logBare(ctx, bare[caller], thousand(100*l.count.Add(1)))
			})
		})
	}
}
