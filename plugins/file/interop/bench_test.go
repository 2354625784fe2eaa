package interop_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/file"
)

const newest = "3.18.0"

// seconds is a length of time as Python gives it.
type seconds float64

func (s seconds) duration() time.Duration { return time.Duration(float64(s) * float64(time.Second)) }

// beside reports how long Python takes for one operation, and how many times faster ours is.
func beside(b *testing.B, python time.Duration) {
	b.Helper()
	b.ReportMetric(float64(python), "python-ns/op")
	b.ReportMetric(float64(python)/(float64(b.Elapsed())/float64(b.N)), "x-python")
}

// durably runs a benchmark at both durabilities, each in a folder of its own. MLflow never flushes, as ours relaxed.
func durably(b *testing.B, bench func(b *testing.B, dir string, s *file.Tracking)) {
	b.Helper()
	for name, durability := range map[string]file.Durability{"durable": file.Durable, "relaxed": file.Relaxed} {
		b.Run(name, func(b *testing.B) {
			dir := testenv.QuietDir(b)
			s, err := file.NewTracking(filepath.Join(dir, "mlruns"), file.TrackingOptions{Durability: durability})
			check(b, err)
			defer func() { check(b, s.Close()) }()
			bench(b, dir, s)
		})
	}
}

// BenchmarkLogMetric logs one point after the other, beside the same loop in Python.
func BenchmarkLogMetric(b *testing.B) {
	const points = 1000
	var python seconds
	start(b, newest).do(b, "bench log metric", filepath.Join(b.TempDir(), "mlruns"), args{"points": points}, &python)
	durably(b, func(b *testing.B, _ string, s *file.Tracking) {
		b.Helper()
		w := writer{b, s}
		run := w.run(core.DefaultExperimentID, core.RunSpec{}).ID
		log := func(n int) {
			w.log(run, core.Batch{Metrics: []core.Metric{{Key: "loss", Value: 1 / float64(n+1), Timestamp: core.Now(), Step: int64(n)}}})
		}
		log(0)
		for n := 0; b.Loop(); n++ {
			log(n + 1)
		}
		beside(b, python.duration()/points)
	})
}

// BenchmarkLogBatch logs 1000 points of 100 metrics, 100 params and 100 tags to a new run, beside the same in Python, in
// turns: each makes 300 files.
func BenchmarkLogBatch(b *testing.B) {
	mlflow := start(b, newest)
	var points, texts core.Batch // one call takes no more than 1000 items; MLflow's client splits them likewise
	for n := range 1000 {
		points.Metrics = append(points.Metrics, core.Metric{
			Key: fmt.Sprint("m", n%100), Value: 1 / float64(n+1), Timestamp: core.Millis(1600000000000 + n), Step: int64(n),
		})
	}
	for n := range 100 {
		texts.Params = append(texts.Params, core.Param{Key: fmt.Sprint("p", n), Value: strconv.Itoa(n)})
		texts.Tags = append(texts.Tags, core.Tag{Key: fmt.Sprint("t", n), Value: strconv.Itoa(n)})
	}
	durably(b, func(b *testing.B, dir string, s *file.Tracking) {
		b.Helper()
		w := writer{b, s}
		var python seconds
		batches := 0
		for n := 0; b.Loop(); n++ {
			b.StopTimer()
			if n%4 == 0 {
				var took seconds
				mlflow.do(b, "bench log batch", filepath.Join(dir, "python"), args{"batches": 1}, &took)
				python += took
				batches++
			}
			run := w.run(core.DefaultExperimentID, core.RunSpec{}).ID
			b.StartTimer()
			w.log(run, points)
			w.log(run, texts)
		}
		beside(b, python.duration()/time.Duration(batches))
	})
}

// BenchmarkSearch searches 10,000 runs with one filter for the first page, beside the same search in Python.
func BenchmarkSearch(b *testing.B) {
	const runs = 10_000
	root := filepath.Join(b.TempDir(), "mlruns")
	fill(b, root, runs)
	query := core.RunQuery{
		Experiments: []core.ExperimentID{core.DefaultExperimentID}, Filter: "metrics.loss < 0.5", OrderBy: []string{"metrics.loss DESC"},
		PageOptions: core.PageOptions{Limit: 100},
	}
	var answer [2]any
	start(b, newest).do(b, "bench search", root, args{"filter": query.Filter, "order": query.OrderBy, "limit": 100}, &answer)
	took, _ := answer[0].(float64)
	python := seconds(took).duration()
	search := func(b *testing.B, s *file.Tracking) []any {
		b.Helper()
		page, err := s.SearchRuns(b.Context(), query)
		check(b, err)
		found := make([]any, len(page.Items))
		for i, r := range page.Items {
			found[i] = string(r.ID)
		}
		return found
	}
	b.Run("warm", func(b *testing.B) {
		s := open(b, root)
		if diff := cmp.Diff(answer[1], any(search(b, s))); diff != "" {
			b.Fatalf("(-Python +ours):\n%s", diff)
		}
		for b.Loop() {
			search(b, s)
		}
		beside(b, python)
	})
	fresh := func(b *testing.B, prepare func()) { // as in a new process
		b.Helper()
		for b.Loop() {
			b.StopTimer()
			prepare()
			b.StartTimer()
			s, err := file.NewTracking(root, file.TrackingOptions{})
			check(b, err)
			search(b, s)
			check(b, s.Close())
		}
		beside(b, python)
	}
	b.Run("fresh with index", func(b *testing.B) { fresh(b, func() {}) })
	b.Run("fresh without index", func(b *testing.B) {
		fresh(b, func() { check(b, os.RemoveAll(filepath.Join(root, ".mlstore.trash", "index"))) })
	})
}

// fill makes runs with a metric, two params and a tag.
func fill(b *testing.B, root string, runs int) {
	b.Helper()
	s, err := file.NewTracking(root, file.TrackingOptions{Durability: file.Relaxed})
	check(b, err)
	w := writer{b, s}
	for n := range runs {
		r := w.run(core.DefaultExperimentID, core.RunSpec{Name: fmt.Sprint("run ", n), StartTime: core.Millis(n + 1)})
		w.log(r.ID, core.Batch{
			Metrics: []core.Metric{{Key: "loss", Value: float64((n*7919)%runs) / float64(runs), Timestamp: 1, Step: 1}},
			Params:  []core.Param{{Key: "lr", Value: "0.1"}, {Key: "n", Value: strconv.Itoa(n)}}, Tags: []core.Tag{{Key: "k", Value: "v"}},
		})
	}
	check(b, s.Close())
}

// BenchmarkRunsList lists 100 runs by `mlstore runs list`, beside an empty Go program, in turns, and `mlflow runs list`, each
// a whole process. It also tells how much memory ours takes at most.
func BenchmarkRunsList(b *testing.B) {
	dir := b.TempDir()
	root, mlstore := filepath.Join(dir, "mlruns"), build(b, testenv.Root(b), "./cmd/mlstore")
	fill(b, root, 100)
	source := b.TempDir()
	check(b, os.WriteFile(filepath.Join(source, "main.go"), []byte("package main\n\nfunc main() {}\n"), 0o600))
	empty := build(b, source, "main.go")
	begin := time.Now()
	cmd := testenv.MLflow(b, newest).Command(b.Context(), "-m", "mlflow", "runs", "list", "--experiment-id", "0")
	cmd.Env, cmd.Dir = append(cmd.Env, "MLFLOW_TRACKING_URI=file:"+root), dir
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	python := time.Since(begin)
	var nothing, ours []time.Duration
	memory := int64(0)
	for b.Loop() {
		took, _ := run(b, exec.CommandContext(b.Context(), empty))
		nothing = append(nothing, took)
		took, ended := run(b, exec.CommandContext(b.Context(), mlstore,
			"runs", "list", "--experiment-id", "0", "--tracking-uri", root))
		ours = append(ours, took)
		memory = max(memory, peak(ended))
	}
	b.ReportMetric(0, "ns/op") // both together: says nothing
	b.ReportMetric(float64(median(ours)), "ns/list")
	b.ReportMetric(float64(median(ours))/float64(median(nothing)), "x-empty")
	b.ReportMetric(float64(python)/float64(median(ours)), "x-python")
	b.ReportMetric(float64(memory)/(1<<20), "peak-MiB")
}

// median is what a busy machine disturbs least.
func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// build builds a program as `make build` does.
func build(b *testing.B, dir, source string) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "program")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-o", program, source)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	run(b, cmd)
	return program
}

// run runs a program and tells how long it took.
func run(b *testing.B, cmd *exec.Cmd) (time.Duration, *os.ProcessState) {
	b.Helper()
	begin := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return time.Since(begin), cmd.ProcessState
}
