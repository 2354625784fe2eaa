package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the bare driver

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/litedb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/pgdb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// The benchmarks search in databases of runs with 5 metrics, 5 params and 3 tags, of which 5 % match, and read the first
// page of 100 whole. Beside each search the best statements that we know do the same with the driver alone: either along
// the metric's values or along the runs of the experiment, whichever is quicker there. x/raw is how many times as long the
// store takes.

// sizes are the runs of the experiments 1, 2 and 3.
func sizes() []int { return []int{1_000, 10_000, 100_000} }

// BenchmarkSearchAlone searches each experiment in a database of its own.
func BenchmarkSearchAlone(b *testing.B) {
	for _, d := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		for _, runs := range sizes() {
			b.Run(fmt.Sprintf("%s/%d", d, runs), func(b *testing.B) { newShelfOfRuns(b, d, runs).search(b, 1, func() {}) })
		}
	}
}

// BenchmarkSearchAmong searches each experiment in a database that holds all of them, and in turns in one of its own: x/alone
// is how many times as long it takes beside the others.
func BenchmarkSearchAmong(b *testing.B) {
	for _, d := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		b.Run(d.String(), func(b *testing.B) {
			s := newShelfOfRuns(b, d, sizes()...)
			for i, runs := range sizes() {
				alone := newShelfOfRuns(b, d, runs)
				b.Run(strconv.Itoa(runs), func(b *testing.B) {
					var without []time.Duration
					with := s.search(b, i+1, func() {
						_, took := alone.page(b, 1)
						without = append(without, took)
					})
					b.ReportMetric(float64(median(with))/float64(median(without)), "x/alone")
				})
			}
		})
	}
}

// BenchmarkWalk walks 100,000 runs, the newest first, in pages of 1000. last/second is how much longer the last page takes.
func BenchmarkWalk(b *testing.B) {
	for _, d := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		b.Run(d.String(), func(b *testing.B) {
			s := newShelfOfRuns(b, d, 100_000)
			var ratios []float64
			for b.Loop() {
				var pages []time.Duration
				q := core.RunQuery{Experiments: []core.ExperimentID{"1"}, Fields: core.RunInfoOnly}
				for {
					began := time.Now()
					page, err := s.store.SearchRuns(b.Context(), q)
					if err != nil {
						b.Fatal(err)
					}
					pages = append(pages, time.Since(began))
					if q.Token = page.Next; q.Token == "" {
						break
					}
				}
				if len(pages) != 100 {
					b.Fatalf("%d pages, want 100", len(pages))
				}
				ratios = append(ratios, float64(median(pages[90:]))/float64(median(pages[1:11])))
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "last/second")
		})
	}
}

// shelfOfRuns is a database with runs, the store on it and a bare connection to it.
type shelfOfRuns struct {
	store core.TrackingStore
	bare  func(ctx context.Context, plan string, experiment int) (runs int, err error)
}

func newShelfOfRuns(b *testing.B, d sqldb.Dialect, runs ...int) shelfOfRuns {
	b.Helper()
	place, bare := newPlace(b, d), bareSQLite
	if d == sqldb.Postgres {
		bare = barePostgres
	}
	db, store := openAt(b, d, place)
	fill(b, db, runs)
	return shelfOfRuns{store: store, bare: bare(b, place)}
}

// newPlace is where nothing is yet: a path, or the URI of an empty database of Postgres.
func newPlace(b testing.TB, d sqldb.Dialect) string {
	b.Helper()
	if d == sqldb.Postgres {
		return testenv.Postgres(b)
	}
	return filepath.Join(b.TempDir(), "mlflow.db")
}

// openAt makes a database and a store on it, at a place.
func openAt(b testing.TB, d sqldb.Dialect, place string) (sqldb.DB, core.TrackingStore) {
	b.Helper()
	var db sqldb.DB
	var err error
	if d == sqldb.Postgres {
		db, err = pgdb.Open(b.Context(), pgdb.Config{URI: place})
	} else {
		db, err = litedb.Open(b.Context(), litedb.Options{Path: place, Relaxed: true})
	}
	if err != nil {
		b.Fatal(err)
	}
	if err := schema.Ensure(b.Context(), db); err != nil {
		b.Fatal(err)
	}
	backend, err := sqlstore.Open(b.Context(), db, sqlstore.Options{Name: d.String(), ArtifactRoot: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = backend.Close() })
	return db, backend.Tracking
}

// fill makes experiments of so many runs, whose rows lie mixed as they do when all of them grow together.
func fill(b *testing.B, db sqldb.DB, runs []int) {
	b.Helper()
	total := 0
	experiment := "CASE"
	for i, n := range runs {
		total += n
		experiment += fmt.Sprintf(" WHEN i * 7919 %% $total < %d THEN %d", total, i+1)
	}
	experiment = strings.ReplaceAll(experiment+" END", "$total", strconv.Itoa(total))
	numbers := fmt.Sprintf("WITH RECURSIVE g(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM g WHERE i < %d) ", total-1)
	id, score := "printf('%08x%024x', (i * 2654435761) % 4294967296, i)", "((i * 16807) % 2147483647 % 10007) / 10007.0"
	if db.Dialect() == sqldb.Postgres {
		id = "lpad(to_hex((i::bigint * 2654435761) % 4294967296), 8, '0') || lpad(to_hex(i), 24, '0')"
		score = "((i::bigint * 16807) % 2147483647 % 10007) / 10007.0"
		experiment = strings.ReplaceAll(experiment, "i *", "i::bigint *")
	}
	keys := func(names ...string) string {
		return "(SELECT '" + strings.Join(names, "' AS k UNION ALL SELECT '") + "') x"
	}
	var statements sqldb.Batch
	for i := range runs {
		statements.Exec("INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, workspace) "+
			"VALUES ($1, $2, '/nowhere', 'active', 'default')", int64(i+1), fmt.Sprint("experiment ", i+1))
	}
	statements.Exec("INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, source_version, user_id, status, " +
		"start_time, lifecycle_stage, artifact_uri, experiment_id) " + numbers + "SELECT " + id + ", 'run', 'UNKNOWN', '', '', '', 'me', " +
		"'FINISHED', 1700000000000 + i, 'active', '/nowhere/' || i, " + experiment + " FROM g")
	statements.Exec("INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) " + numbers + "SELECT k, " + score +
		", 1, 1, FALSE, " + id + " FROM g, " + keys("acc", "loss", "f1", "auc", "time"))
	statements.Exec("INSERT INTO params (key, value, run_uuid) " + numbers + "SELECT k, 'm' || ((i / 7) % 10), " + id + " FROM g, " +
		keys("model", "lr", "depth", "seed", "data"))
	statements.Exec("INSERT INTO tags (key, value, run_uuid) " + numbers + "SELECT k, 'value ' || i, " + id + " FROM g, " +
		keys("mlflow.runName", "mlflow.user", "group"))
	if err := db.Apply(b.Context(), &statements); err != nil {
		b.Fatal(err)
	}
	if db.Dialect() == sqldb.Postgres {
		if _, err := schema.Optimize(b.Context(), db, core.OptimizeOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// search compares the first page of a search in an experiment, and calls beside in turns with it.
func (s shelfOfRuns) search(b *testing.B, experiment int, beside func()) (took []time.Duration) {
	b.Helper()
	var alone []time.Duration
	plan, found := s.plan(b, experiment)
	for b.Loop() {
		n, each := s.page(b, experiment)
		if took = append(took, each); n != found {
			b.Fatalf("%d runs, want %d", n, found)
		}
		began := time.Now()
		if _, err := s.bare(b.Context(), plan, experiment); err != nil {
			b.Fatal(err)
		}
		alone = append(alone, time.Since(began))
		beside()
	}
	report(b, took, alone)
	return took
}

// page reads the first page of a search with the store: how many runs, and how long that took.
func (s shelfOfRuns) page(b *testing.B, experiment int) (runs int, took time.Duration) {
	b.Helper()
	q := core.RunQuery{
		Experiments: []core.ExperimentID{core.ExperimentID(strconv.Itoa(experiment))},
		Filter:      "metrics.acc > 0.5 and params.model = 'm3'", OrderBy: []string{"metrics.acc DESC"},
		PageOptions: core.PageOptions{Limit: 100},
	}
	began := time.Now()
	page, err := s.store.SearchRuns(b.Context(), q)
	took = time.Since(began)
	if err != nil {
		b.Fatal(err)
	}
	if len(page.Items) == 0 || len(page.Items[0].Metrics) != 5 || len(page.Items[0].Params) != 5 {
		b.Fatalf("%d runs, of which the first is not whole", len(page.Items))
	}
	return len(page.Items), took
}

// plan finds the bare statement that is quicker for an experiment, and how many runs it finds.
func (s shelfOfRuns) plan(b *testing.B, experiment int) (plan string, found int) {
	b.Helper()
	best := time.Duration(-1)
	for _, each := range []string{alongTheRuns, alongTheMetric} {
		var took []time.Duration
		for range 3 {
			began := time.Now()
			n, err := s.bare(b.Context(), each, experiment)
			if err != nil {
				b.Fatal(err)
			}
			took, found = append(took, time.Since(began)), n
		}
		if m := median(took); best < 0 || m < best {
			best, plan = m, each
		}
	}
	return plan, found
}

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// The bare statements. CROSS JOIN fixes the order in SQLite; Postgres plans both as it likes. Along the runs indexes suffice to
// find the ids of the page.
const (
	alongTheRuns = "SELECT f.id, f.value, r.name, r.status, r.start_time, r.artifact_uri FROM (SELECT r.run_uuid AS id, m.value, " +
		"r.start_time FROM runs r CROSS JOIN params p CROSS JOIN latest_metrics m " + matching + ") f CROSS JOIN runs r " +
		"WHERE r.run_uuid = f.id ORDER BY f.value DESC, f.start_time DESC, f.id"
	alongTheMetric = "SELECT r.run_uuid, m.value, r.name, r.status, r.start_time, r.artifact_uri FROM latest_metrics m " +
		"CROSS JOIN params p CROSS JOIN runs r " + matching
	matching = "WHERE r.experiment_id = $1 AND r.lifecycle_stage = 'active' AND m.run_uuid = r.run_uuid AND m.key = 'acc' AND " +
		"m.value > 0.5 AND NOT m.is_nan AND p.run_uuid = r.run_uuid AND p.run_uuid = m.run_uuid AND p.key = 'model' AND " +
		"p.value = 'm3' AND (length(p.value) > 250) IS NOT TRUE ORDER BY m.value DESC, r.start_time DESC, r.run_uuid LIMIT 100"
)

// data are the statements that read what the runs of a page hold.
func data(in string) []string {
	return []string{
		"SELECT run_uuid, key, value, timestamp, step, is_nan FROM latest_metrics WHERE run_uuid " + in,
		"SELECT run_uuid, key, value FROM params WHERE run_uuid " + in,
		"SELECT run_uuid, key, value FROM tags WHERE run_uuid " + in,
		"SELECT destination_id, source_id FROM inputs WHERE destination_type = 'RUN' AND source_type = 'DATASET' AND destination_id " + in,
	}
}

func barePostgres(b *testing.B, uri string) func(context.Context, string, int) (int, error) {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), uri)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(b.Context(), "SET random_page_cost = 1.1"); err != nil {
		b.Fatal(err)
	}
	return func(ctx context.Context, plan string, experiment int) (int, error) {
		// The number stands in the statement, so that Postgres plans it for this experiment.
		rows, err := conn.Query(ctx, strings.ReplaceAll(plan, "$1", strconv.Itoa(experiment)))
		if err != nil {
			return 0, err
		}
		var ids []string
		for rows.Next() {
			values, err := rows.Values()
			if err != nil {
				return 0, err
			}
			ids = append(ids, values[0].(string))
		}
		if rows.Err() != nil {
			return 0, rows.Err()
		}
		var batch pgx.Batch
		for _, statement := range data("= ANY($1)") {
			batch.Queue(statement, ids).Query(func(rows pgx.Rows) error {
				for rows.Next() {
					if _, err := rows.Values(); err != nil {
						return err
					}
				}
				return rows.Err()
			})
		}
		return len(ids), conn.SendBatch(ctx, &batch).Close()
	}
}

func bareSQLite(b *testing.B, path string) func(context.Context, string, int) (int, error) {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=cache_size(-16000)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if _, err := db.ExecContext(b.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil { // as it is when many small writes filled it
		b.Fatal(err)
	}
	read := func(ctx context.Context, statement string, args ...any) (first []any, err error) {
		rows, err := db.QueryContext(ctx, statement, args...)
		if err != nil {
			return nil, err
		}
		defer func() { _ = rows.Close() }()
		names, err := rows.Columns()
		if err != nil {
			return nil, err
		}
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				return nil, err
			}
			first = append(first, values[0])
		}
		return first, rows.Err()
	}
	return func(ctx context.Context, plan string, experiment int) (int, error) {
		ids, err := read(ctx, plan, experiment)
		if err != nil {
			return 0, err
		}
		for _, statement := range data("IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(ids)), ", ") + ")") {
			if _, err := read(ctx, statement, ids...); err != nil {
				return 0, err
			}
		}
		return len(ids), nil
	}
}
