package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// points are those of the history that the benchmarks read.
const points = 100_000

// BenchmarkHistory reads a history of 100,000 points in pages of 50,000: in a database that holds nothing else, and in one
// where 1000 other runs have 500 points of the same metric each. Beside it the driver alone reads it by one statement.
func BenchmarkHistory(b *testing.B) {
	for _, d := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		for _, others := range []int{0, 1000} {
			b.Run(fmt.Sprint(d, "/others=", others), func(b *testing.B) {
				s, bare := newHistory(b, d, others)
				var took, alone []time.Duration
				for b.Loop() {
					began := time.Now()
					n, err := walkHistory(b.Context(), s, 50_000)
					if err != nil || n != points {
						b.Fatalf("%d points, %v", n, err)
					}
					took = append(took, time.Since(began))
					began = time.Now()
					if n, err := bare(b.Context()); err != nil || n != points {
						b.Fatalf("%d points with the driver alone, %v", n, err)
					}
					alone = append(alone, time.Since(began))
				}
				report(b, took, alone)
			})
		}
	}
}

// report reports the medians and their ratio.
func report(b *testing.B, took, alone []time.Duration) {
	b.Helper()
	b.ReportMetric(float64(median(took).Microseconds())/1000, "ms")
	b.ReportMetric(float64(median(alone).Microseconds())/1000, "raw-ms")
	b.ReportMetric(float64(median(took))/float64(median(alone)), "x/raw")
	b.ReportMetric(0, "ns/op")
}

// walkHistory counts the points of the history, page by page.
func walkHistory(ctx context.Context, s core.TrackingStore, page int) (int, error) {
	count := 0
	fetch := func(ctx context.Context, o core.PageOptions) (core.Page[core.Metric], error) {
		return s.MetricHistory(ctx, longRun(0), "loss", core.HistoryOptions{PageOptions: o})
	}
	for _, err := range core.All(ctx, fetch, core.PageOptions{Limit: page}) {
		if err != nil {
			return count, err
		}
		count++
	}
	return count, nil
}

// longRun is the id of the run with the long history, 0, or of one of the others.
func longRun(i int) core.RunID { return core.RunID(fmt.Sprintf("%032x", i)) }

// newHistory makes a database with a history of so many points, and other runs, which log in turns with it.
func newHistory(b *testing.B, d sqldb.Dialect, others int) (core.TrackingStore, func(context.Context) (int, error)) {
	b.Helper()
	place := filepath.Join(b.TempDir(), "mlflow.db")
	if d == sqldb.Postgres {
		place = testenv.Postgres(b)
	}
	db, s := openAt(b, d, place)
	var statements sqldb.Batch
	numbers := "WITH RECURSIVE g(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM g WHERE i < " + strconv.Itoa(points-1) + ") "
	run := "printf('%032x', i % 1000 + 1)"
	if d == sqldb.Postgres {
		run = "lpad(to_hex(i % 1000 + 1), 32, '0')"
	}
	for i := range others + 1 {
		statements.Exec("INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, source_version, user_id, "+
			"status, start_time, lifecycle_stage, artifact_uri, experiment_id) VALUES ($1, 'run', 'UNKNOWN', '', '', '', 'me', "+
			"'FINISHED', 1, 'active', '/nowhere', 0)", string(longRun(i)))
	}
	source := numbers + "SELECT $1, 'loss', i / 3.0, 1700000000000 + i, i, FALSE FROM g"
	if others > 0 { // between two points of the run the others log 6, of which 5 are of the same metric
		source = numbers + "SELECT CASE WHEN x = 0 THEN $1 ELSE " + run + " END, CASE WHEN x < 6 THEN 'loss' ELSE 'acc' END, " +
			"(i + x) / 3.0, 1700000000000 + i + x, CASE WHEN x = 0 THEN i ELSE 10 * i + x END, FALSE FROM g, (SELECT 0 AS x" +
			strings.Repeat(" UNION ALL SELECT $n", 6) + ") x ORDER BY i"
		for n := range 6 {
			source = strings.Replace(source, "$n", strconv.Itoa(n+1), 1)
		}
	}
	statements.Exec("INSERT INTO metrics (run_uuid, key, value, timestamp, step, is_nan) "+source, string(longRun(0)))
	if err := db.Apply(b.Context(), &statements); err != nil {
		b.Fatal(err)
	}
	if d == sqldb.Postgres {
		conn, err := pgx.Connect(b.Context(), place)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close(context.Background()) })
		if _, err := conn.Exec(b.Context(), "VACUUM ANALYZE metrics"); err != nil {
			b.Fatal(err)
		}
		return s, func(ctx context.Context) (int, error) { return bareHistoryOfPostgres(ctx, conn) }
	}
	bare, err := sql.Open("sqlite", "file:"+place+"?_pragma=cache_size(-16000)&_pragma=temp_store(memory)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = bare.Close() })
	return s, func(ctx context.Context) (int, error) { return bareHistoryOfSQLite(ctx, bare) }
}

const bareHistory = "SELECT value, timestamp, step, is_nan FROM metrics WHERE run_uuid = $1 AND key = 'loss' " +
	"ORDER BY timestamp, step, is_nan DESC, value"

func bareHistoryOfPostgres(ctx context.Context, conn *pgx.Conn) (int, error) {
	rows, err := conn.Query(ctx, bareHistory, string(longRun(0)))
	if err != nil {
		return 0, err
	}
	var m core.Metric
	var isNaN bool
	count := 0
	_, err = pgx.ForEachRow(rows, []any{&m.Value, (*int64)(&m.Timestamp), &m.Step, &isNaN}, func() error { count++; return nil })
	return count, err
}

func bareHistoryOfSQLite(ctx context.Context, db *sql.DB) (int, error) {
	rows, err := db.QueryContext(ctx, bareHistory, string(longRun(0)))
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	var m core.Metric
	var isNaN bool
	count := 0
	for ; rows.Next(); count++ {
		if err := rows.Scan(&m.Value, (*int64)(&m.Timestamp), &m.Step, &isNaN); err != nil {
			return count, err
		}
	}
	return count, rows.Err()
}
