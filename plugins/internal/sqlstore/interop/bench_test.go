package interop_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/litedb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
)

// The benchmarks do the same work with MLflow in Python and with our store, each on a SQLite file of the same content, which
// sync what they commit. Python's time is taken within its program, without its start. x/python is how many times as long
// Python takes.

// site is a database with our store on it.
type site struct {
	path  string
	store *sqlstore.Tracking
}

func newSite(b *testing.B) site {
	b.Helper()
	dir := b.TempDir()
	s := site{path: filepath.Join(dir, "mlflow.db")}
	db, err := litedb.Open(b.Context(), litedb.Options{Path: s.path})
	if err == nil {
		err = schema.Ensure(b.Context(), db)
	}
	if err != nil {
		b.Fatal(err)
	}
	root := "file://" + filepath.ToSlash(filepath.Join(dir, "artifacts"))
	if s.store, err = sqlstore.NewTracking(b.Context(), db, sqlstore.Options{Name: "sqlite", ArtifactRoot: root}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.store.Close() })
	return s
}

// fill imports runs with 10 metrics, 10 params and 5 tags each.
func (s site) fill(b *testing.B, runs int) {
	b.Helper()
	x, err := s.store.Experiment(b.Context(), core.ExperimentRef{ID: core.DefaultExperimentID})
	if err != nil {
		b.Fatal(err)
	}
	for i := range runs {
		r := core.Run{
			RunInfo: core.RunInfo{
				ID: core.NewRunID(), ExperimentID: x.ID, Name: fmt.Sprint("run ", i), User: "me", Status: core.Finished, StartTime: core.Millis(i),
				EndTime: core.Millis(i + 1), Lifecycle: core.Active,
			},
			RunData: core.RunData{Params: map[string]string{}, Tags: map[string]string{core.RunNameTag: fmt.Sprint("run ", i)}},
		}
		r.ArtifactURI = core.JoinLocation(x.ArtifactLocation, string(r.ID), "artifacts")
		var batch core.Batch
		for k := range 10 {
			r.Params[fmt.Sprint("param_", k)] = strconv.Itoa(i)
			batch.Metrics = append(batch.Metrics, core.Metric{Key: fmt.Sprint("metric_", k), Value: float64(i), Timestamp: 1})
			if k < 4 {
				r.Tags[fmt.Sprint("tag_", k)] = "a value"
			}
		}
		err := s.store.ImportRun(b.Context(), r)
		if err == nil {
			err = s.store.LogBatch(b.Context(), r.ID, batch)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// python runs a script, which prints how many seconds its work took.
func (s site) python(b *testing.B, script string, args ...string) time.Duration {
	b.Helper()
	head := "import sys, time, logging, mlflow\nfrom mlflow import MlflowClient\nmlflow.set_tracking_uri('sqlite:///' + sys.argv[1])\n"
	out := testenv.MLflow(b, newest).Run(b, head+script, append([]string{filepath.ToSlash(s.path)}, args...)...)
	seconds, err := strconv.ParseFloat(strings.TrimSpace(out[strings.LastIndex(strings.TrimSpace(out), "\n")+1:]), 64)
	if err != nil {
		b.Fatalf("Python printed %q: %v", out, err)
	}
	return time.Duration(seconds * float64(time.Second))
}

func compare(b *testing.B, ours, python time.Duration) {
	b.Helper()
	b.ReportMetric(float64(ours.Microseconds())/1000, "ms")
	b.ReportMetric(float64(python.Microseconds())/1000, "python-ms")
	b.ReportMetric(python.Seconds()/ours.Seconds(), "x/python")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkLogMetricBesidePython logs points one after the other, as a training loop does.
func BenchmarkLogMetricBesidePython(b *testing.B) {
	const points = 300
	s, theirs := newSite(b), newSite(b)
	python := theirs.python(b, `
client = MlflowClient()
run = client.create_run("0").info.run_id
client.log_metric(run, "warm", 1.0)
began = time.perf_counter()
for i in range(int(sys.argv[2])):
    client.log_metric(run, "loss", float(i), step=i)
print(time.perf_counter() - began)
`, strconv.Itoa(points))
	var ours time.Duration
	for b.Loop() {
		r, err := s.store.CreateRun(b.Context(), core.DefaultExperimentID, core.RunSpec{})
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		for i := range points {
			err := s.store.LogBatch(b.Context(), r.ID, core.Batch{Metrics: []core.Metric{
				{Key: "loss", Value: float64(i), Timestamp: core.Now(), Step: int64(i)},
			}})
			if err != nil {
				b.Fatal(err)
			}
		}
		ours += time.Since(began)
	}
	compare(b, ours/time.Duration(b.N), python)
}

// BenchmarkSearchRunsBesidePython reads 10,000 runs whole: Python into a frame of pandas, we page by page.
func BenchmarkSearchRunsBesidePython(b *testing.B) {
	const runs = 10_000
	s := newSite(b)
	s.fill(b, runs)
	python := s.python(b, `
began = time.perf_counter()
frame = mlflow.search_runs(["0"], max_results=20000)
took = time.perf_counter() - began
assert len(frame) == int(sys.argv[2]), len(frame)
print(took)
`, strconv.Itoa(runs))
	var ours time.Duration
	for b.Loop() {
		began := time.Now()
		count := 0
		fetch := func(ctx context.Context, o core.PageOptions) (core.Page[core.Run], error) {
			return s.store.SearchRuns(ctx, core.RunQuery{Experiments: []core.ExperimentID{core.DefaultExperimentID}, PageOptions: o})
		}
		for r, err := range core.All(b.Context(), fetch, core.PageOptions{}) {
			if err != nil {
				b.Fatal(err)
			}
			if len(r.Metrics) != 10 || len(r.Params) != 10 {
				b.Fatalf("run %s has %d metrics and %d params", r.ID, len(r.Metrics), len(r.Params))
			}
			count++
		}
		if count != runs {
			b.Fatalf("%d runs, want %d", count, runs)
		}
		ours += time.Since(began)
	}
	compare(b, ours/time.Duration(b.N), python)
}
