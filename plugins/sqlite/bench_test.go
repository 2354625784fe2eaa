package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
)

// The benchmarks compare the store with the best statements that we know for the same work, prepared and sent by the driver
// alone, in turns on two equal databases that sync their files. %raw is how much of the bare speed is reached.

// lab is a store beside a bare connection to a database of the same schema.
type lab struct {
	store core.TrackingStore
	bare  *sql.Conn
	turn  sync.Mutex // bare writers queue here, which is the best that they can do
	count atomic.Int64

	begin, metric, latest, commit *sql.Stmt // of the bare connection
}

func newLab(b *testing.B) *lab {
	b.Helper()
	dir := b.TempDir()
	backend := open(b, filepath.Join(dir, "ours.db"), "")
	b.Cleanup(func() { must(b, backend.Close()) })
	must(b, open(b, filepath.Join(dir, "bare.db"), "").Close())
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "bare.db")+
		"?_pragma=busy_timeout(60000)&_pragma=foreign_keys(1)&_pragma=synchronous(full)")
	must(b, err)
	b.Cleanup(func() { must(b, db.Close()) })
	conn, err := db.Conn(b.Context())
	must(b, err)
	b.Cleanup(func() { must(b, conn.Close()) })
	prepare := func(text string) *sql.Stmt {
		s, err := conn.PrepareContext(b.Context(), text)
		must(b, err)
		b.Cleanup(func() { must(b, s.Close()) })
		return s
	}
	return &lab{
		store: backend.Tracking, bare: conn, begin: prepare("BEGIN IMMEDIATE"), commit: prepare("COMMIT"),
		metric: prepare("INSERT INTO metrics (run_uuid, key, value, timestamp, step, is_nan) VALUES (?, ?, ?, ?, ?, ?) " +
			"ON CONFLICT DO NOTHING"),
		latest: prepare("INSERT INTO latest_metrics (run_uuid, key, value, timestamp, step, is_nan) VALUES (?, ?, ?, ?, ?, ?) " +
			"ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp, " +
			"step = excluded.step, is_nan = excluded.is_nan WHERE (excluded.step, excluded.timestamp, excluded.value) > " +
			"(latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)"),
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// run creates a run in the store.
func (l *lab) run(b *testing.B) core.RunID {
	b.Helper()
	r, err := l.store.CreateRun(b.Context(), core.DefaultExperimentID, core.RunSpec{})
	must(b, err)
	return r.ID
}

// bareRun creates a run in the other database.
func (l *lab) bareRun(b *testing.B) string {
	b.Helper()
	id := string(core.NewRunID())
	_, err := l.bare.ExecContext(b.Context(), "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, "+
		"user_id, status, start_time, source_version, lifecycle_stage, artifact_uri, experiment_id) "+
		"VALUES (?, 'bare', 'UNKNOWN', '', '', 'me', 'RUNNING', 0, '', 'active', '/nowhere', 0)", id)
	must(b, err)
	return id
}

// logBare logs metrics in one transaction.
func (l *lab) logBare(ctx context.Context, run string, metrics []core.Metric) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	ctx = context.WithoutCancel(ctx) // which spares the driver a goroutine a statement
	if _, err := l.begin.ExecContext(ctx); err != nil {
		return err
	}
	best := map[string]core.Metric{}
	for _, m := range metrics {
		if _, err := l.metric.ExecContext(ctx, run, m.Key, m.Value, int64(m.Timestamp), m.Step, false); err != nil {
			return err
		}
		if old, there := best[m.Key]; !there || core.Latest(m, old) {
			best[m.Key] = m
		}
	}
	for _, m := range best {
		if _, err := l.latest.ExecContext(ctx, run, m.Key, m.Value, int64(m.Timestamp), m.Step, false); err != nil {
			return err
		}
	}
	_, err := l.commit.ExecContext(ctx)
	return err
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
			var wg sync.WaitGroup
			for caller := range callers {
				wg.Go(func() {
					for call := caller; call < per; call += callers {
						if err := f(b.Context(), caller, done+call); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			took[i] += time.Since(start)
		}
	}
	calls := float64((b.N + per - 1) / per * per)
	b.ReportMetric(calls/took[0].Seconds(), "ours/s")
	b.ReportMetric(calls/took[1].Seconds(), "bare/s")
	b.ReportMetric(100*took[1].Seconds()/took[0].Seconds(), "%raw")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkLogMetric(b *testing.B) {
	l := newLab(b)
	for _, callers := range []int{1, 16} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) {
			var ours [16]core.RunID
			var bare [16]string
			for i := range callers {
				ours[i], bare[i] = l.run(b), l.bareRun(b)
			}
			one := func(call int) []core.Metric {
				return []core.Metric{{Key: "loss", Value: float64(call), Timestamp: core.Millis(call), Step: int64(call)}}
			}
			beside(b, callers, func(ctx context.Context, caller, call int) error {
				return l.store.LogBatch(ctx, ours[caller], core.Batch{Metrics: one(call)})
			}, func(ctx context.Context, caller, call int) error { return l.logBare(ctx, bare[caller], one(call)) })
		})
	}
}

// thousand is a batch of 10 keys and 100 steps.
func thousand(from int64) []core.Metric {
	metrics := make([]core.Metric, 0, 1000)
	for key := range 10 {
		for step := range int64(100) {
			metrics = append(metrics, core.Metric{
				Key: fmt.Sprint("metric_", key), Value: float64(step) / 3, Step: from + step,
				Timestamp: core.Millis(1_700_000_000_000 + from + step),
			})
		}
	}
	return metrics
}

func BenchmarkBatchOf1000(b *testing.B) {
	l := newLab(b)
	ours, bare := l.run(b), l.bareRun(b)
	beside(b, 1, func(ctx context.Context, _, _ int) error {
		return l.store.LogBatch(ctx, ours, core.Batch{Metrics: thousand(100 * l.count.Add(1))})
	}, func(ctx context.Context, _, _ int) error { return l.logBare(ctx, bare, thousand(100*l.count.Add(1))) })
}
