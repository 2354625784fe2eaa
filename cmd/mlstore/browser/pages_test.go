// Package browser_test opens MLflow's web page in a Chromium, on a server of ours.
package browser_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/cmd/mlstore/webui"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/registry"
	"github.com/mlstore/mlstore/server"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a server with something to look at.
type world struct {
	url        string
	experiment core.ExperimentID
	run        core.RunID // with a long metric, and artifacts
}

const points = 100_000

func newWorld(t *testing.T) world {
	t.Helper()
	dir := t.TempDir()
	ui := filepath.Join(dir, "ui")
	_, err := webui.FromPython(t.Context(), testenv.MLflow(t, "3.18.0").Command(t.Context(), "-V").Path, ui)
	must(t, err)
	resolver, err := embedded.New()
	must(t, err)
	uri, err := core.ParseURI("sqlite:///" + filepath.ToSlash(dir) + "/mlflow.db")
	must(t, err)
	s, err := server.New(t.Context(), server.Config{
		Resolver: resolver, Tracking: uri, ArtifactsDestination: filepath.Join(dir, "artifacts"), UIDir: ui,
		Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	must(t, err)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		web.Close()
		must(t, s.Close())
		must(t, resolver.Close())
	})
	w := world{url: web.URL}
	w.fill(t, resolver, uri, filepath.Join(dir, "artifacts"))
	return w
}

func (w *world) fill(t *testing.T, resolver *registry.Resolver, uri core.URI, files string) {
	t.Helper()
	uri, err := core.ParseURI(uri.Raw() + "?artifact_root=mlflow-artifacts%3A%2F")
	must(t, err)
	tracking, err := resolver.Tracking(t.Context(), uri, registry.Settings{})
	must(t, err)
	defer tracking.Close()
	models, err := resolver.Registry(t.Context(), uri, registry.Settings{})
	must(t, err)
	defer models.Close()
	e, err := tracking.CreateExperiment(t.Context(), core.ExperimentSpec{Name: "irises"})
	must(t, err)
	w.experiment = e.ID
	for i := range 40 {
		run, err := tracking.CreateRun(t.Context(), e.ID, core.RunSpec{Name: fmt.Sprintf("run-number-%02d", i), StartTime: core.Millis(1700000000000 + i)})
		must(t, err)
		batch := core.Batch{
			Metrics: []core.Metric{{Key: "accuracy", Value: float64(i) / 100, Timestamp: 1700000000000}},
			Params:  []core.Param{{Key: "rate", Value: fmt.Sprintf("rate-%d", i)}},
		}
		must(t, tracking.LogBatch(t.Context(), run.ID, batch))
		w.run = run.ID
	}
	for start := 0; start < points; start += 1000 {
		var batch core.Batch
		for i := start; i < start+1000; i++ {
			batch.Metrics = append(batch.Metrics, core.Metric{Key: "loss", Value: 1 / float64(i+1), Step: int64(i), Timestamp: core.Millis(1700000000000 + i)})
		}
		must(t, tracking.LogBatch(t.Context(), w.run, batch))
	}
	root := filepath.Join(files, string(e.ID), string(w.run), "artifacts")
	must(t, os.MkdirAll(filepath.Join(root, "notes"), 0o700))
	must(t, os.WriteFile(filepath.Join(root, "notes", "readme.txt"), []byte("petals are long"), 0o600))
	must(t, os.WriteFile(filepath.Join(root, "notes", "MLmodel"), []byte("flavors: {}\n"), 0o600))
	_, err = models.CreateModel(t.Context(), core.ModelSpec{Name: "iris-model", Description: "tells irises apart"})
	must(t, err)
	_, err = models.CreateVersion(t.Context(), "iris-model", core.VersionSpec{Source: "runs:/" + string(w.run) + "/notes", RunID: w.run})
	must(t, err)
}

func TestMLflowsPagesInABrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := testenv.OpenTab(t)
	of := w.url + "/#/experiments/" + string(w.experiment)
	b.Show(w.url+"/#/experiments", "irises")
	b.Show(of+"/runs", "run-number-39", "run-number-38", "40 matching runs")
	b.Show(of+"/runs?searchFilter="+"metrics.accuracy%20%3E%200.385", "run-number-39", "1 matching run")
	b.Do("open the columns", `[...document.querySelectorAll("button")].find(e => e.innerText.trim() === "Columns").click()`,
		`document.body.innerText.includes("Parameters")`)
	b.Do("choose a column", `[...document.querySelectorAll("[class*=treenode]")].find(e => e.innerText.trim() === "rate")`+
		`.querySelector("[class*=tree-checkbox]").click()`, `document.body.innerText.includes("rate-39")`)
	b.Show(of+"/runs/"+string(w.run), "run-number-39", "rate-39", "accuracy")
	b.Show(of+"/runs/"+string(w.run)+"/model-metrics", "loss")
	b.Do("draw a metric", "0", `document.querySelector(".js-plotly-plot .scatterlayer .js-line") != null`)
	b.Show(of+"/runs/"+string(w.run)+"/artifacts/notes/readme.txt", "petals are long")
	b.Show(w.url+"/#/models", "iris-model")
	b.Show(w.url+"/#/models/iris-model", "tells irises apart", "Version 1")
	b.Show(w.url+"/#/models/iris-model/versions/1", "Version 1")
	for _, h := range b.Heard() {
		if h.Status >= 400 && !excused(h) {
			t.Errorf("%s %s was answered with %d", h.Method, h.URL, h.Status)
		}
	}
}

// excused reports an answer that is as it should be: 404 of the areas that the server has not, and 501 where the store signs no
// requests, after which the page asks for the file itself.
func excused(h testenv.Heard) bool {
	if h.Status == http.StatusNotImplemented {
		return h.URL.Query().Get("presigned") == "true"
	}
	return h.Status == http.StatusNotFound && slices.ContainsFunc([]string{
		"/traces", "/assessments", "/scorers", "/gateway", "/workspaces", "/issues", "/prompt-optimization", "/jobs", "/skills",
		"/ui-telemetry", "/assistant/", "/users/current", // MLflow's server without a login does not have the last one either
	}, func(area string) bool { return strings.Contains(h.URL.Path, area) })
}
