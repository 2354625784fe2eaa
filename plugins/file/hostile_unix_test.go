//go:build linux || darwin

package file_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
)

// TestPipesNeverBlock puts a pipe in the place of each kind of file.
func TestPipesNeverBlock(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"meta.yaml", "metrics/m", "tags/t", "params/p"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "mlruns")
			prepareStore(t, dir)
			place := filepath.Join(dir, "1", "1r1", name)
			check(t, os.RemoveAll(place))
			check(t, os.MkdirAll(filepath.Dir(place), 0o755))
			check(t, syscall.Mkfifo(place, 0o644))
			s := openTracking(t, dir)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, _ = s.Run(ctx, "1r1")
			_, _ = s.MetricHistory(ctx, "1r1", "m", core.HistoryOptions{})
			_ = s.LogBatch(ctx, "1r1", core.Batch{Metrics: []core.Metric{{Key: "m", Step: 7}}})
			_ = s.LogBatch(ctx, "1r1", core.Batch{
				Params: []core.Param{{Key: "p", Value: "1"}}, Tags: []core.Tag{{Key: "t", Value: "1"}},
			})
			page, err := s.SearchRuns(ctx, core.RunQuery{Experiments: []core.ExperimentID{"1"}})
			check(t, err)
			if len(page.Items) < 1 {
				t.Errorf("found %d runs, want the others at least", len(page.Items))
			}
			if ctx.Err() != nil {
				t.Error("a pipe was waited for")
			}
		})
	}
}

// TestLinksLeadNowhere puts links that lead out of the store in the place of files and folders. Nothing behind them is read
// or changed.
func TestLinksLeadNowhere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"1/1r1/meta.yaml", "1/1r1/metrics/m", "1/1r1/metrics", "1/1r1/tags/t", "1/1r1/tags", "1/1r1", "1/tags", "1", ".trash",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, outside := filepath.Join(t.TempDir(), "mlruns"), filepath.Join(t.TempDir(), "mlruns")
			prepareStore(t, dir)
			check(t, os.CopyFS(outside, os.DirFS(dir))) // as if made for being read
			secret := filepath.Join(outside, "1", "1r1", "tags", "t")
			check(t, os.WriteFile(secret, []byte("secret"), 0o644))
			check(t, os.RemoveAll(filepath.Join(dir, name)))
			check(t, os.Symlink(filepath.Join(outside, name), filepath.Join(dir, name)))
			before := tree(t, outside)
			s := openTracking(t, dir)
			ctx := t.Context()
			if r, err := s.Run(ctx, "1r1"); err == nil && r.Tags["t"] == "secret" {
				t.Error("read through a link")
			}
			if x, err := s.Experiment(ctx, core.ExperimentRef{ID: "1"}); err == nil && name == "1" {
				t.Errorf("found %v through a link", x)
			}
			_ = s.LogBatch(ctx, "1r1", core.Batch{Metrics: []core.Metric{{Key: "m", Step: 7}}})
			_ = s.LogBatch(ctx, "1r1", core.Batch{
				Metrics: []core.Metric{{Key: "m", Step: 8}, {Key: "n"}}, Params: []core.Param{{Key: "p", Value: "1"}},
				Tags: []core.Tag{{Key: "t", Value: "1"}, {Key: core.RunNameTag, Value: "n"}},
			})
			_ = s.ChangeExperimentTags(ctx, "1", core.TagChange{Set: map[string]string{"k": "changed"}})
			_, _ = s.CreateRun(ctx, "1", core.RunSpec{})
			_ = s.UpdateExperiment(ctx, "1", core.ExperimentChange{Lifecycle: core.Deleted})
			if err := s.PurgeExperiment(ctx, "2"); name == ".trash" && !errors.Is(err, core.ErrNotFound) {
				t.Errorf("purged through a link: %v", err)
			}
			if diff := cmp.Diff(before, tree(t, outside)); diff != "" {
				t.Errorf("changed through a link (-want +got):\n%s", diff)
			}
		})
	}
}
