package file_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

func openTracking(t *testing.T, dir string) *file.Tracking {
	t.Helper()
	s, err := file.NewTracking(dir, file.TrackingOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLogAndRead(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mlruns")
	s := openTracking(t, dir)
	created, err := s.CreateRun(t.Context(), "0", core.RunSpec{Name: "first", User: "me", StartTime: 5})
	check(t, err)
	check(t, s.LogBatch(t.Context(), created.ID, core.Batch{
		Metrics: []core.Metric{{Key: "loss", Value: 0.5, Timestamp: 10, Step: 1}, {Key: "a/b", Value: 1, Timestamp: 10}},
		Params:  []core.Param{{Key: "lr", Value: "0.1"}},
		Tags:    []core.Tag{{Key: "t", Value: "v"}},
	}))
	check(t, s.LogBatch(t.Context(), created.ID, core.Batch{
		Metrics: []core.Metric{{Key: "loss", Value: 0.25, Timestamp: 11, Step: 2}},
	}))
	want := core.Run{
		RunInfo: core.RunInfo{
			ID: created.ID, ExperimentID: "0", Name: "first", User: "me", Status: core.Running, StartTime: 5,
			ArtifactURI: "file://" + dir + "/0/" + string(created.ID) + "/artifacts", Lifecycle: core.Active,
		},
		RunData: core.RunData{
			Metrics: map[string]core.Metric{
				"loss": {Key: "loss", Value: 0.25, Timestamp: 11, Step: 2}, "a/b": {Key: "a/b", Value: 1, Timestamp: 10},
			},
			Params: map[string]string{"lr": "0.1"},
			Tags:   map[string]string{"t": "v", core.RunNameTag: "first"},
		},
	}
	for _, store := range []*file.Tracking{s, openTracking(t, dir)} {
		got, err := store.Run(t.Context(), created.ID)
		check(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("run (-want +got):\n%s", diff)
		}
		found, err := store.SearchRuns(t.Context(), core.RunQuery{
			Experiments: []core.ExperimentID{"0"}, Filter: "metrics.loss < 0.3 and params.lr = '0.1'",
		})
		check(t, err)
		if diff := cmp.Diff(core.Page[core.Run]{Items: []core.Run{want}}, found); diff != "" {
			t.Errorf("search (-want +got):\n%s", diff)
		}
	}
}
