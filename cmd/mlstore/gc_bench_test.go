package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/registry"
)

// BenchmarkGCBesidePython removes 1000 deleted runs and their artifacts for good, on SQLite files of the same content. Our time
// is that of a whole `mlstore gc`, Python's is taken within its program, without its start. x/python is how many times as long
// Python takes.
func BenchmarkGCBesidePython(b *testing.B) {
	const runs = 1000
	dir := b.TempDir()
	fillWithGarbage(b, dir, runs)
	python := pythonGC(b, dir)
	var ours time.Duration
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		fillWithGarbage(b, dir, runs)
		cmd := exec.CommandContext(b.Context(), os.Getenv(binaryVariable), "gc", "--json")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "MLFLOW_TRACKING_URI=sqlite:///mlflow.db")
		b.StartTimer()
		began := time.Now()
		out, err := cmd.Output()
		ours += time.Since(began)
		var done []collected
		if err == nil {
			err = json.Unmarshal(out, &done)
		}
		if err != nil || len(done) != runs {
			b.Fatalf("%d runs were removed, want %d: %v", len(done), runs, err)
		}
	}
	ours /= time.Duration(b.N)
	b.ReportMetric(float64(ours.Microseconds())/1000, "ms")
	b.ReportMetric(float64(python.Microseconds())/1000, "python-ms")
	b.ReportMetric(python.Seconds()/ours.Seconds(), "x/python")
	b.ReportMetric(0, "ns/op")
}

// pythonGC is how long MLflow's gc of the database in the folder takes.
func pythonGC(b *testing.B, dir string) time.Duration {
	b.Helper()
	out := testenv.MLflow(b, "3.18.0").Run(b, `
import sys, time, click, mlflow
from mlflow import MlflowClient
from mlflow.cli import gc
mlflow.set_tracking_uri(sys.argv[1])
began = time.perf_counter()
gc.main(["--backend-store-uri", sys.argv[1]], standalone_mode=False)
took = time.perf_counter() - began
assert not MlflowClient().search_runs(["0"], run_view_type=mlflow.entities.ViewType.ALL)
print(took)
`, "sqlite:///"+filepath.ToSlash(filepath.Join(dir, "mlflow.db")))
	lines := strings.Fields(out)
	seconds, err := strconv.ParseFloat(lines[len(lines)-1], 64)
	if err != nil {
		b.Fatalf("Python printed %q: %v", out, err)
	}
	return time.Duration(seconds * float64(time.Second))
}

// fillWithGarbage makes a database in the folder with deleted runs of 10 metrics, 10 params and 4 tags, each with an artifact.
func fillWithGarbage(b *testing.B, dir string, runs int) {
	b.Helper()
	resolver, err := embedded.New()
	if err != nil {
		b.Fatal(err)
	}
	uri, err := core.ParseURI("sqlite:///" + filepath.ToSlash(filepath.Join(dir, "mlflow.db")))
	if err != nil {
		b.Fatal(err)
	}
	artifacts := map[string]string{"artifact_root": filepath.Join(dir, "artifacts")}
	store, err := resolver.Tracking(b.Context(), uri, registry.Settings{Options: artifacts})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	var writers sync.WaitGroup
	const side = 50 // they share commits
	for first := range side {
		writers.Go(func() {
			for i := first; i < runs; i += side {
				if err := leaveGarbage(b.Context(), store, i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	writers.Wait()
}

// leaveGarbage makes a run with an artifact and deletes it.
func leaveGarbage(ctx context.Context, store core.TrackingStore, i int) error {
	r, err := store.CreateRun(ctx, core.DefaultExperimentID, core.RunSpec{Tags: map[string]string{"a": "b", "c": "d"}})
	if err != nil {
		return err
	}
	var batch core.Batch
	for k := range 10 {
		batch.Metrics = append(batch.Metrics, core.Metric{Key: fmt.Sprint("metric_", k), Value: float64(i), Timestamp: 1})
		batch.Params = append(batch.Params, core.Param{Key: fmt.Sprint("param_", k), Value: strconv.Itoa(i)})
	}
	if err := store.LogBatch(ctx, r.ID, batch); err != nil {
		return err
	}
	at := strings.TrimPrefix(r.ArtifactURI, "file://")
	if err := os.MkdirAll(at, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(at, "note.txt"), []byte("hello"), 0o600); err != nil {
		return err
	}
	_, err = store.UpdateRun(ctx, r.ID, core.RunChange{Lifecycle: core.Deleted})
	return err
}
