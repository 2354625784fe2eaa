package mlflow_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/mlflow"
)

// BenchmarkLogMetric logs points one by one into a folder and, beside each, appends the same line to a file of its own and
// flushes it. bare/ours is the share of the bare speed that is reached; 1 is all of it.
func BenchmarkLogMetric(b *testing.B) {
	for name, query := range map[string]string{"durable": "", "relaxed": "?durability=relaxed"} {
		b.Run(name, func(b *testing.B) {
			client, err := mlflow.NewClient(b.Context(), mlflow.Options{
				TrackingURI: "file://" + filepath.Join(b.TempDir(), "mlruns") + query,
			})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() {
				if err := client.Close(); err != nil {
					b.Error(err)
				}
			})
			run, err := client.StartRun(b.Context(), mlflow.RunOptions{})
			if err != nil {
				b.Fatal(err)
			}
			file, err := os.OpenFile(filepath.Join(b.TempDir(), "loss"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = file.Close() })
			var ours, bare time.Duration
			step := int64(0)
			for b.Loop() {
				start := time.Now()
				if err := run.LogMetric(b.Context(), "loss", 1/float64(step+1), step); err != nil {
					b.Fatal(err)
				}
				between := time.Now()
				if _, err := fmt.Fprintf(file, "%d %v %d\n", core.Now(), 1/float64(step+1), step); err != nil {
					b.Fatal(err)
				}
				if err := file.Sync(); err != nil {
					b.Fatal(err)
				}
				ours += between.Sub(start)
				bare += time.Since(between)
				step++
			}
			b.ReportMetric(bare.Seconds()/ours.Seconds(), "bare/ours")
			b.ReportMetric(0, "ns/op") // both together: says nothing
			b.ReportMetric(float64(ours.Nanoseconds())/float64(step), "ns/point")
		})
	}
}
