package main

import (
	"bytes"
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/cmd/mlstore/demo"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/names"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/plugins/file"
	"github.com/mlstore/mlstore/registry"
)

func TestDemoKeepsEverything(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	out := s.ok("demo", "--dir", "here", "--epochs", "40")
	root := filepath.Join(s.dir, "here", "mlruns")
	for _, want := range []string{"mlflow ui --backend-store-uri", "METRICS.TEST_LOSS", "confusion.png", "models:/iris-softmax/1", root} {
		if !strings.Contains(out, want) {
			t.Errorf("the demo does not say %q:\n%s", want, out)
		}
	}
	ctx := t.Context()
	store, err := file.NewTracking(root, file.TrackingOptions{})
	s.must(err)
	defer store.Close()
	e, err := client.ExperimentByName(ctx, store, demo.Experiment)
	s.must(err)
	runs, err := client.Collect(client.Runs(ctx, store, core.RunQuery{Experiments: []core.ExperimentID{e.ID}, OrderBy: []string{"metrics.test_loss ASC"}}))
	s.must(err)
	if len(runs) != 3 {
		t.Fatalf("%d runs, want 3", len(runs))
	}
	for _, run := range runs {
		if run.Status != core.Finished || run.Params["epochs"] != "40" || run.Tags["model"] != "softmax" || len(run.Metrics) != 4 {
			t.Errorf("run %+v", run)
		}
		points, err := client.Collect(client.History(ctx, store, run.ID, "train_loss", core.HistoryOptions{}))
		s.must(err)
		if len(points) != 40 || points[39].Value >= points[0].Value {
			t.Errorf("%d points of the loss: %v", len(points), points)
		}
	}
	models, err := file.NewRegistry(root, file.RegistryOptions{})
	s.must(err)
	defer models.Close()
	v, err := client.ResolveVersion(ctx, models, names.ModelsRef{Name: demo.ModelName, Version: 1})
	s.must(err)
	if v.RunID != runs[0].ID {
		t.Errorf("version 1 is of run %s, want the best one, %s", v.RunID, runs[0].ID)
	}
	weights := readArtifact(t, root, "models:/"+demo.ModelName+"/1", "weights.json")
	var m demo.Model
	s.must(json.Unmarshal(weights, &m))
	flowers, _, err := demo.Iris()
	s.must(err)
	if _, accuracy := m.Score(flowers); accuracy < 0.9 {
		t.Errorf("the weights that were kept are right on %v of all flowers", accuracy)
	}
	if _, err := png.Decode(bytes.NewReader(readArtifact(t, root, "runs:/"+string(v.RunID), "confusion.png"))); err != nil {
		t.Errorf("the picture: %v", err)
	}
}

func readArtifact(t *testing.T, root, uri, path string) []byte {
	t.Helper()
	resolver, err := embedded.New()
	if err != nil {
		t.Fatal(err)
	}
	store, err := core.ParseURI(root)
	if err != nil {
		t.Fatal(err)
	}
	at, err := core.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	repo, err := resolver.Artifacts(t.Context(), at, registry.Settings{Tracking: store})
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	dir, err := client.Download(t.Context(), repo, path, t.TempDir(), client.TransferOptions{})
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(dir)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestDemoHonoursTheEnvironment(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env = append(s.env, "MLFLOW_TRACKING_URI=./elsewhere")
	s.ok("demo", "--epochs", "1")
	if _, err := os.Stat(filepath.Join(s.dir, "elsewhere", "models", demo.ModelName)); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "mlruns")); err == nil {
		t.Error("the demo made mlruns beside the store that it was told to use")
	}
}
