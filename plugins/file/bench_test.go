package file_test

import (
	"crypto/md5"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/file"
)

func openBench(b *testing.B, dir string, o file.TrackingOptions) *file.Tracking {
	b.Helper()
	s, err := file.NewTracking(dir, o)
	must(b, err)
	b.Cleanup(func() { must(b, s.Close()) })
	return s
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// beside reports how long the baseline takes, and which part of its speed the store reaches: 1 is as fast.
func beside(b *testing.B, baseline time.Duration, count int) {
	b.Helper()
	each := float64(baseline) / float64(count)
	b.ReportMetric(each, "baseline-ns/op")
	b.ReportMetric(each/(float64(b.Elapsed())/float64(b.N)), "of-baseline")
}

// BenchmarkLogMetric logs one point after the other, beside bare appends to a file, each flushed.
func BenchmarkLogMetric(b *testing.B) {
	for name, durability := range map[string]file.Durability{"durable": file.Durable, "relaxed": file.Relaxed} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			s := openBench(b, filepath.Join(dir, "mlruns"), file.TrackingOptions{Durability: durability})
			r, err := s.CreateRun(b.Context(), "0", core.RunSpec{})
			must(b, err)
			log := func(step int) {
				m := core.Metric{Key: "loss", Value: 1 / float64(step+1), Timestamp: core.Now(), Step: int64(step)}
				must(b, s.LogBatch(b.Context(), r.ID, core.Batch{Metrics: []core.Metric{m}}))
			}
			log(0)
			bare, err := os.OpenFile(filepath.Join(dir, "bare"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			must(b, err)
			defer bare.Close()
			var baseline time.Duration
			const round = 50
			b.ResetTimer()
			for step := range b.N {
				if step%round == 0 { // in turn, since what else the machine does slows both
					b.StopTimer()
					baseline += bareAppends(b, bare, round, durability == file.Durable)
					b.StartTimer()
				}
				log(step + 1)
			}
			b.StopTimer()
			beside(b, baseline, (b.N+round-1)/round*round)
		})
	}
}

func bareAppends(b *testing.B, f *os.File, count int, flush bool) time.Duration {
	b.Helper()
	begin := time.Now()
	for step := range count {
		_, err := fmt.Fprintf(f, "%d %v %d\n", core.Now(), 1/float64(step+1), step)
		must(b, err)
		if flush {
			must(b, f.Sync())
		}
	}
	return time.Since(begin)
}

// BenchmarkBatch logs 1000 points of 100 metrics, 100 params and 100 tags to a new run, beside bare writes of the same
// files, each flushed.
func BenchmarkBatch(b *testing.B) {
	for name, durability := range map[string]file.Durability{"durable": file.Durable, "relaxed": file.Relaxed} {
		b.Run(name, func(b *testing.B) {
			dir := testenv.QuietDir(b)
			s := openBench(b, filepath.Join(dir, "mlruns"), file.TrackingOptions{Durability: durability})
			batches := benchBatches()
			var baseline time.Duration
			b.ResetTimer()
			for i := range b.N {
				b.StopTimer()
				begin := time.Now()
				bareBatch(b, filepath.Join(dir, fmt.Sprint("bare", i)), durability == file.Durable)
				baseline += time.Since(begin)
				r, err := s.CreateRun(b.Context(), "0", core.RunSpec{})
				must(b, err)
				b.StartTimer()
				for _, batch := range batches {
					must(b, s.LogBatch(b.Context(), r.ID, batch))
				}
			}
			b.StopTimer()
			beside(b, baseline, b.N)
		})
	}
}

func benchBatches() []core.Batch {
	var points, texts core.Batch
	for i := range 1000 {
		points.Metrics = append(points.Metrics, core.Metric{
			Key: fmt.Sprintf("metric-%d", i%100), Value: float64(i) / 7, Timestamp: 1_700_000_000_000, Step: int64(i / 100),
		})
	}
	for i := range 100 {
		texts.Params = append(texts.Params, core.Param{Key: fmt.Sprintf("param-%d", i), Value: fmt.Sprint("value ", i)})
		texts.Tags = append(texts.Tags, core.Tag{Key: fmt.Sprintf("tag-%d", i), Value: fmt.Sprint("value ", i)})
	}
	return []core.Batch{points, texts}
}

func bareBatch(b *testing.B, dir string, flush bool) {
	b.Helper()
	write := func(name, content string) {
		f, err := os.Create(filepath.Join(dir, name))
		must(b, err)
		_, err = f.WriteString(content)
		must(b, err)
		if flush {
			must(b, f.Sync())
		}
		must(b, f.Close())
	}
	for _, folder := range []string{"metrics", "params", "tags"} {
		must(b, os.MkdirAll(filepath.Join(dir, folder), 0o700))
	}
	for i := range 100 {
		write(fmt.Sprintf("metrics/metric-%d", i), strings.Repeat("1700000000000 14.285714285714286 1\n", 10))
		write(fmt.Sprintf("params/param-%d", i), fmt.Sprint("value ", i))
		write(fmt.Sprintf("tags/tag-%d", i), fmt.Sprint("value ", i))
	}
}

// BenchmarkSearch finds the first page among 10,000 runs: the index in memory, the one on disk, and none.
func BenchmarkSearch(b *testing.B) {
	const count = 10_000
	dir := filepath.Join(b.TempDir(), "mlruns")
	writeRuns(b, dir, count)
	query := core.RunQuery{Experiments: []core.ExperimentID{"1"}, Filter: "metrics.acc > 0.5", PageOptions: core.PageOptions{Limit: 100}}
	search := func(b *testing.B, s *file.Tracking) {
		b.Helper()
		page, err := s.SearchRuns(b.Context(), query)
		must(b, err)
		if len(page.Items) != 100 {
			b.Fatalf("%d runs found", len(page.Items))
		}
	}
	b.Run("none", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			must(b, os.RemoveAll(filepath.Join(dir, ".mlstore.trash")))
			s, err := file.NewTracking(dir, file.TrackingOptions{})
			must(b, err)
			b.StartTimer()
			search(b, s)
			b.StopTimer()
			must(b, s.Close())
			b.StartTimer()
		}
	})
	b.Run("disk", func(b *testing.B) {
		for b.Loop() {
			s, err := file.NewTracking(dir, file.TrackingOptions{})
			must(b, err)
			search(b, s)
			must(b, s.Close())
		}
	})
	b.Run("memory", func(b *testing.B) {
		s := openBench(b, dir, file.TrackingOptions{})
		search(b, s)
		for b.Loop() {
			search(b, s)
		}
	})
}

// writeRuns makes a store by hand, as MLflow leaves it.
func writeRuns(b *testing.B, dir string, count int) {
	b.Helper()
	s, err := file.NewTracking(dir, file.TrackingOptions{Durability: file.Relaxed})
	must(b, err)
	must(b, s.ImportExperiment(b.Context(), core.Experiment{ID: "1", Name: "many", Lifecycle: core.Active}))
	must(b, s.Close())
	write := func(name, content string) { must(b, os.WriteFile(name, []byte(content), 0o600)) }
	for i := range count {
		id := fmt.Sprintf("%x", md5.Sum([]byte{byte(i), byte(i >> 8)}))
		run := filepath.Join(dir, "1", id)
		for _, folder := range []string{"metrics", "params", "tags", "artifacts"} {
			must(b, os.MkdirAll(filepath.Join(run, folder), 0o700))
		}
		write(filepath.Join(run, "meta.yaml"), fmt.Sprintf("artifact_uri: file:///x/1/%s/artifacts\nend_time: 1700000000000\n"+
			"entry_point_name: ''\nexperiment_id: '1'\nlifecycle_stage: active\nrun_id: %s\nrun_name: run-%d\nsource_name: ''\n"+
			"source_type: 4\nsource_version: ''\nstart_time: %d\nstatus: 3\ntags: []\nuser_id: me\n", id, id, i, 1_690_000_000_000+i))
		for n, key := range []string{"acc", "loss", "val_loss"} {
			write(filepath.Join(run, "metrics", key), fmt.Sprintf("1700000000000 %v 0\n1700000000001 %v 1\n", i%10, float64((i+n)%100)/100))
		}
		for _, key := range []string{"lr", "batch", "layers", "model", "seed"} {
			write(filepath.Join(run, "params", key), strconv.Itoa(i%7))
		}
		for _, key := range []string{"mlflow.user", "mlflow.source.name", "mlflow.source.type", "mlflow.runName"} {
			write(filepath.Join(run, "tags", key), fmt.Sprint("run-", i))
		}
	}
}

// BenchmarkHistory reads 100,000 points page by page, beside reading and parsing the file once.
func BenchmarkHistory(b *testing.B) {
	const count = 100_000
	dir := filepath.Join(b.TempDir(), "mlruns")
	s := openBench(b, dir, file.TrackingOptions{Durability: file.Relaxed})
	r, err := s.CreateRun(b.Context(), "0", core.RunSpec{})
	must(b, err)
	var lines strings.Builder
	for i := range count {
		fmt.Fprintf(&lines, "%d %v %d\n", 1_700_000_000_000+i, 1/float64(i+1), i)
	}
	name := filepath.Join(dir, "0", string(r.ID), "metrics", "loss")
	must(b, os.WriteFile(name, []byte(lines.String()), 0o600))
	time.Sleep(200 * time.Millisecond) // a file that was written just now is not kept in memory
	const rounds = 10
	begin := time.Now()
	for range rounds {
		if points := parseBare(b, name); len(points) != count {
			b.Fatalf("%d points", len(points))
		}
	}
	baseline := time.Since(begin)
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		fresh, err := file.NewTracking(dir, file.TrackingOptions{})
		must(b, err)
		seen, token := 0, ""
		for seen == 0 || token != "" {
			page, err := fresh.MetricHistory(b.Context(), r.ID, "loss", core.HistoryOptions{PageOptions: core.PageOptions{Token: token}})
			must(b, err)
			seen, token = seen+len(page.Items), page.Next
		}
		must(b, fresh.Close())
		if seen != count {
			b.Fatalf("%d points", seen)
		}
	}
	b.StopTimer()
	beside(b, baseline, rounds)
}
