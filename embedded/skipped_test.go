package embedded_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/registry"
)

// TestMalformedRunsAreTold searches twice in a folder with a malformed run, which is told once.
func TestMalformedRunsAreTold(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	resolver, err := embedded.New(embedded.WithPlugins(embedded.Plugins{Logger: slog.New(slog.NewTextHandler(&log, nil))}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := resolver.Close(); err != nil {
			t.Error(err)
		}
	}()
	dir := filepath.Join(t.TempDir(), "mlruns")
	uri, err := core.ParseURI(dir)
	if err != nil {
		t.Fatal(err)
	}
	store, err := resolver.Tracking(t.Context(), uri, registry.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	run, err := store.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "0", string(run.ID), "meta.yaml"), []byte("torn"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		page, err := store.SearchRuns(t.Context(), core.RunQuery{Experiments: []core.ExperimentID{core.DefaultExperimentID}})
		if err != nil || len(page.Items) != 0 {
			t.Errorf("found %v, %v", page.Items, err)
		}
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if said := log.String(); strings.Count(said, "\n") != 1 || !strings.Contains(said, string(run.ID)) || !strings.Contains(said, dir) {
		t.Errorf("the log says %q, want one warning that names the run", said)
	}
}
