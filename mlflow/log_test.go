package mlflow

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
)

// counted is a tracking store that counts what each call brings.
type counted struct {
	core.TrackingStore

	mu      sync.Mutex
	batches []string // "metrics params tags"
	others  int
}

func (s *counted) LogBatch(ctx context.Context, id core.RunID, b core.Batch) error {
	s.mu.Lock()
	s.batches = append(s.batches, fmt.Sprint(len(b.Metrics), len(b.Params), len(b.Tags)))
	s.mu.Unlock()
	return s.TrackingStore.LogBatch(ctx, id, b)
}

func (s *counted) Run(ctx context.Context, id core.RunID) (core.Run, error) {
	s.mu.Lock()
	s.others++
	s.mu.Unlock()
	return s.TrackingStore.Run(ctx, id)
}

func (s *counted) Ability(target any) bool { return false }

func TestBatchesKeepTheLimits(t *testing.T) {
	t.Parallel()
	store := &counted{}
	c := clientOf(t, inMemory(t, func(b core.Backend) core.Backend {
		store.TrackingStore = b.Tracking
		b.Tracking = store
		return b
	}), nil)
	run := start(t, c, RunOptions{})
	for _, test := range []struct {
		name                  string
		metrics, params, tags int
		want                  []string
	}{
		{"nothing", 0, 0, 0, nil},
		{"a full batch of params", 0, 100, 0, []string{"0 100 0"}},
		{"a param more", 0, 101, 0, []string{"0 100 0", "0 1 0"}},
		{"a full batch of metrics", 1000, 0, 0, []string{"1000 0 0"}},
		{"a metric more", 1001, 0, 0, []string{"1000 0 0", "1 0 0"}},
		{"many metrics", 2500, 0, 0, []string{"1000 0 0", "1000 0 0", "500 0 0"}},
		{"a mixture", 950, 0, 150, []string{"900 0 100", "50 0 50"}},
	} {
		var b core.Batch
		for i := range test.metrics {
			b.Metrics = append(b.Metrics, core.Metric{Key: fmt.Sprint("m", i), Timestamp: 1})
		}
		for i := range test.params {
			b.Params = append(b.Params, core.Param{Key: fmt.Sprint("p", i), Value: "v"})
		}
		for i := range test.tags {
			b.Tags = append(b.Tags, core.Tag{Key: fmt.Sprint("t", i), Value: "v"})
		}
		store.batches = nil
		must(t, run.LogBatch(t.Context(), b))
		if diff := cmp.Diff(test.want, store.batches); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
	store.batches, store.others = nil, 0
	must(t, run.LogMetric(t.Context(), "loss", 1, 1))
	must(t, run.LogParam(t.Context(), "lr", 1))
	must(t, run.LogMetrics(t.Context(), nil, 0))
	must(t, run.LogParams(t.Context(), nil))
	must(t, run.SetTags(t.Context(), nil))
	if diff := cmp.Diff([]string{"1 0 0", "0 1 0"}, store.batches); diff != "" || store.others > 0 {
		t.Errorf("one value must be one call, none no call; %d reads beside (-want +got):\n%s", store.others, diff)
	}
}

func TestValuesComeBack(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	run := start(t, c, RunOptions{})
	ctx := t.Context()
	must(t, run.LogParams(ctx, map[string]any{"lr": 1e-5, "shuffle": true, "seed": nil, "layers": []int{64, 32}}))
	must(t, run.LogParam(ctx, "lr", "1e-05")) // the same again, in other words
	must(t, run.LogMetrics(ctx, map[string]float64{"loss": math.NaN(), "acc": 0.5}, 3))
	must(t, run.LogMetric(ctx, "acc", math.Inf(1), -2))
	must(t, run.SetTags(ctx, map[string]any{"ok": false, "gone": 1}))
	must(t, run.SetTag(ctx, "ok", 2.0))
	must(t, run.DeleteTag(ctx, "gone"))
	got := stored(t, c, run.ID())
	want := map[string]string{"lr": "1e-05", "shuffle": "True", "seed": "None", "layers": "[64, 32]"}
	if diff := cmp.Diff(want, got.Params); diff != "" {
		t.Errorf("params (-want +got):\n%s", diff)
	}
	if got.Tags["ok"] != "2.0" || got.Tags["gone"] != "" {
		t.Errorf("tags: %v", got.Tags)
	}
	loss, acc := got.Metrics["loss"], got.Metrics["acc"]
	if !math.IsNaN(loss.Value) || loss.Step != 3 || acc.Value != 0.5 || loss.Timestamp == 0 || loss.Timestamp != acc.Timestamp {
		t.Errorf("metrics: %+v", got.Metrics)
	}
	points, err := c.GetMetricHistory(ctx, run.ID(), "acc")
	if err != nil || len(points) != 2 {
		t.Errorf("history: %v, %v", points, err)
	}
	if err := run.DeleteTag(ctx, "gone"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("an absent tag was deleted: %v", err)
	}
}

func TestAnotherParamValueIsExplained(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	run := start(t, c, RunOptions{})
	must(t, run.LogParam(t.Context(), "lr", 1))
	for _, err := range []error{
		run.LogParam(t.Context(), "lr", 2), run.LogParams(t.Context(), map[string]any{"lr": 2, "new": 1}),
	} {
		if !errors.Is(err, core.ErrInvalid) || !strings.Contains(err.Error(), "metric") || !strings.Contains(err.Error(), "lr") {
			t.Errorf("%v", err)
		}
	}
	if got := stored(t, c, run.ID()).Params; len(got) != 1 || got["lr"] != "1" {
		t.Errorf("params: %v", got)
	}
}

func TestLongValuesAreCutUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	limits := core.DefaultLimits()
	long := strings.Repeat("é", 9000)
	c := newClient(t, nil)
	run := start(t, c, RunOptions{Tags: map[string]string{"start": long}})
	must(t, run.LogParam(t.Context(), "p", long))
	must(t, run.LogParams(t.Context(), map[string]any{"ps": long}))
	must(t, run.SetTag(t.Context(), "t", long))
	must(t, run.SetTags(t.Context(), map[string]any{"ts": long}))
	got := stored(t, c, run.ID())
	param, tag := strings.Repeat("é", limits.ParamValue), strings.Repeat("é", limits.RunTag)
	if got.Params["p"] != param || got.Params["ps"] != param {
		t.Error("a param was not cut to the limit")
	}
	for _, key := range []string{"start", "t", "ts"} {
		if got.Tags[key] != tag {
			t.Errorf("the tag %s was not cut to the limit", key)
		}
	}
	for value, want := range map[string]error{"FALSE": core.ErrInvalid, "0": core.ErrInvalid, "maybe": core.ErrInvalid, "True": nil} {
		c := newClient(t, map[string]string{"MLFLOW_TRUNCATE_LONG_VALUES": value})
		run := start(t, c, RunOptions{})
		if err := run.LogParam(t.Context(), "p", long); !errors.Is(err, want) {
			t.Errorf("%s: %v", value, err)
		}
		if err := run.LogParam(t.Context(), "short", "v"); err != nil {
			t.Errorf("%s, a short value: %v", value, err)
		}
	}
}

func TestManyGoroutinesLogToOneRun(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	run := start(t, c, RunOptions{})
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			key := fmt.Sprint("worker", worker)
			for step := range int64(50) {
				if err := run.LogMetric(t.Context(), key, float64(step), step); err != nil {
					t.Error(err)
				}
			}
			if err := run.LogText(t.Context(), key, key+".txt"); err != nil {
				t.Error(err)
			}
			if err := run.SetTag(t.Context(), key, worker); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	got := stored(t, c, run.ID())
	for worker := range 8 {
		key := fmt.Sprint("worker", worker)
		if got.Metrics[key].Value != 49 || got.Tags[key] != strconv.Itoa(worker) {
			t.Errorf("%s: %v, %q", key, got.Metrics[key], got.Tags[key])
		}
	}
}
