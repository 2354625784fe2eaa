package file_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

func request(t *testing.T, uri string) core.OpenRequest {
	t.Helper()
	parsed, err := core.ParseURI(uri)
	check(t, err)
	return core.OpenRequest{URI: parsed}
}

func TestOpenerTouchesNothingBeforeUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	backend, err := file.Opener{}.Open(t.Context(), request(t, filepath.Join(dir, "mlruns")))
	check(t, err)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("made %v, %v", entries, err)
	}
	if _, err := backend.Artifacts.List(t.Context(), "", core.ListOptions{}); err != nil {
		t.Errorf("list artifacts: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("listing artifacts made %v, %v", entries, err)
	}
	info, err := backend.Tracking.Describe(t.Context())
	check(t, err)
	if !info.Has(core.DefaultExperiment) {
		t.Errorf("a new store lacks the default experiment: %v", info.Capabilities)
	}
	check(t, backend.Close())
	if _, err := backend.Tracking.Describe(t.Context()); !errors.Is(err, core.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestOpenerRefuses(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"file:///x?durability=sometimes", "file:///x?fsync=no", "file://elsewhere/x", "s3://bucket", "file:"} {
		if b, err := (file.Opener{}).Open(t.Context(), request(t, uri)); !errors.Is(err, core.ErrInvalid) {
			t.Errorf("%s: opened %v, %v", uri, b, err)
		}
	}
	withOption := request(t, "/x")
	withOption.Options = map[string]string{"colour": "red"}
	if _, err := (file.Opener{}).Open(t.Context(), withOption); !errors.Is(err, core.ErrInvalid) {
		t.Errorf("an unknown option: %v", err)
	}
}

func TestReadOnlyTracking(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mlruns")
	missing := request(t, dir)
	missing.ReadOnly = true
	backend, err := file.Opener{}.Open(t.Context(), missing)
	check(t, err)
	if _, err := backend.Tracking.Describe(t.Context()); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("a missing folder opened for reading: %v", err)
	}
	check(t, backend.Close())

	prepareStore(t, dir)
	before := tree(t, dir)
	s, err := file.NewTracking(dir, file.TrackingOptions{ReadOnly: true})
	check(t, err)
	dump(t, s)
	for name, act := range map[string]func() error{
		"CreateExperiment": func() error {
			_, err := s.CreateExperiment(t.Context(), core.ExperimentSpec{Name: "x"})
			return err
		},
		"LogBatch":  func() error { return s.LogBatch(t.Context(), "1r1", core.Batch{Metrics: []core.Metric{{Key: "m"}}}) },
		"PurgeRun":  func() error { return s.PurgeRun(t.Context(), "1r3") },
		"ImportRun": func() error { return s.ImportRun(t.Context(), core.Run{}) },
	} {
		if err := act(); !errors.Is(err, core.ErrPermission) {
			t.Errorf("%s: %v", name, err)
		}
	}
	check(t, s.Close())
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
}

func TestOpenerKeepsNewArtifactsElsewhere(t *testing.T) {
	t.Parallel()
	dir := filepath.ToSlash(t.TempDir())
	backend, err := file.Opener{}.Open(t.Context(), request(t, "file://"+dir+"/mlruns?artifact_root=mlflow-artifacts%3A%2F"))
	check(t, err)
	id, err := backend.Tracking.CreateExperiment(t.Context(), core.ExperimentSpec{Name: "x"})
	check(t, err)
	for _, ref := range []core.ExperimentRef{{ID: id.ID}, {ID: core.DefaultExperimentID}} {
		e, err := backend.Tracking.Experiment(t.Context(), ref)
		check(t, err)
		if want := "mlflow-artifacts:/" + string(ref.ID); e.ArtifactLocation != want {
			t.Errorf("artifacts of experiment %s go to %s, want %s", ref.ID, e.ArtifactLocation, want)
		}
	}
	check(t, backend.Close())
}
