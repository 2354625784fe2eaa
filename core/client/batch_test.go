package client_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/mem"
)

// recorder keeps the sizes of the batches that reach a store.
type recorder struct {
	*mem.Tracking
	sizes [][3]int // params, tags, metrics
}

func (r *recorder) LogBatch(ctx context.Context, id core.RunID, b core.Batch) error {
	r.sizes = append(r.sizes, [3]int{len(b.Params), len(b.Tags), len(b.Metrics)})
	return r.Tracking.LogBatch(ctx, id, b)
}

func batchOf(params, tags, metrics int) core.Batch {
	var b core.Batch
	for i := range params {
		b.Params = append(b.Params, core.Param{Key: numbered("p", i), Value: "v"})
	}
	for i := range tags {
		b.Tags = append(b.Tags, core.Tag{Key: numbered("t", i), Value: "v"})
	}
	for i := range metrics {
		b.Metrics = append(b.Metrics, core.Metric{Key: "m", Value: float64(i), Step: int64(i)})
	}
	return b
}

func TestLogBatchSplitsAsMLflowDoes(t *testing.T) {
	t.Parallel()
	small := core.DefaultLimits()
	small.BatchParams, small.BatchTags, small.BatchMetrics, small.BatchTotal = 4, 4, 5, 6
	none := core.DefaultLimits()
	none.BatchParams, none.BatchTags, none.BatchMetrics, none.BatchTotal = 0, 0, 0, 0
	tests := []struct {
		params, tags, metrics int
		limits                core.Limits
		want                  [][3]int
	}{
		{0, 0, 0, core.DefaultLimits(), nil},
		{1, 0, 0, core.DefaultLimits(), [][3]int{{1, 0, 0}}},
		{100, 0, 0, core.DefaultLimits(), [][3]int{{100, 0, 0}}},
		{101, 0, 0, core.DefaultLimits(), [][3]int{{100, 0, 0}, {1, 0, 0}}},
		{0, 0, 1000, core.DefaultLimits(), [][3]int{{0, 0, 1000}}},
		{0, 0, 1001, core.DefaultLimits(), [][3]int{{0, 0, 1000}, {0, 0, 1}}},
		{0, 0, 2500, core.DefaultLimits(), [][3]int{{0, 0, 1000}, {0, 0, 1000}, {0, 0, 500}}},
		{0, 150, 950, core.DefaultLimits(), [][3]int{{0, 100, 900}, {0, 50, 50}}},
		{150, 250, 1000, core.DefaultLimits(), [][3]int{{100, 100, 800}, {50, 100, 200}, {0, 50, 0}}},
		{5, 5, 7, small, [][3]int{{4, 2, 0}, {1, 3, 2}, {0, 0, 5}}},
		{101, 101, 1001, none, [][3]int{{101, 101, 1001}}},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%d params %d tags %d metrics", test.params, test.tags, test.metrics), func(t *testing.T) {
			t.Parallel()
			batch := batchOf(test.params, test.tags, test.metrics)
			var got [][3]int
			var joined core.Batch
			for _, part := range client.Split(batch, test.limits) {
				got = append(got, [3]int{len(part.Params), len(part.Tags), len(part.Metrics)})
				joined.Params = append(joined.Params, part.Params...)
				joined.Tags = append(joined.Tags, part.Tags...)
				joined.Metrics = append(joined.Metrics, part.Metrics...)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("params, tags, metrics of each part (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(batch, joined); diff != "" {
				t.Errorf("the parts together are not the batch in order (-want +got):\n%s", diff)
			}
			if test.limits != core.DefaultLimits() {
				return
			}
			s := &recorder{Tracking: mem.NewTracking()}
			run := newRun(t, s)
			check(t, client.LogBatch(t.Context(), s, run.ID, batch, test.limits))
			if diff := cmp.Diff(test.want, s.sizes); diff != "" {
				t.Errorf("params, tags, metrics of each call (-want +got):\n%s", diff)
			}
			stored, err := s.Run(t.Context(), run.ID)
			check(t, err)
			if len(stored.Params) != test.params || len(stored.Tags) != test.tags+1 { // and the name of the run
				t.Errorf("stored %d params and %d tags", len(stored.Params), len(stored.Tags))
			}
			history, err := client.Collect(client.History(t.Context(), s, run.ID, "m", core.HistoryOptions{}))
			check(t, err)
			if len(history) != test.metrics {
				t.Errorf("stored %d points, want %d", len(history), test.metrics)
			}
		})
	}
}

func TestLogBatchLeavesNothingOfABadBatch(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*core.Batch){
		"bad key in the last part":   func(b *core.Batch) { b.Params[149].Key = "../x" },
		"param twice, parts between": func(b *core.Batch) { b.Params[149] = b.Params[0] },
		"value too long":             func(b *core.Batch) { b.Tags[149].Value = strings.Repeat("x", 8001) },
		"negative time":              func(b *core.Batch) { b.Metrics[1500].Timestamp = -1 },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &recorder{Tracking: mem.NewTracking()}
			run := newRun(t, s)
			batch := batchOf(150, 150, 1501)
			spoil(&batch)
			wantIs(t, client.LogBatch(t.Context(), s, run.ID, batch, core.DefaultLimits()), core.ErrInvalid)
			if s.sizes != nil {
				t.Errorf("the store got batches of %v", s.sizes)
			}
		})
	}
}

func TestLogBatchStopsAtTheFirstError(t *testing.T) {
	t.Parallel()
	s := &recorder{Tracking: mem.NewTracking()}
	err := client.LogBatch(t.Context(), s, core.NewRunID(), batchOf(0, 0, 3000), core.DefaultLimits())
	wantIs(t, err, core.ErrNotFound)
	if len(s.sizes) != 1 {
		t.Errorf("%d calls, want 1", len(s.sizes))
	}
}

func TestTruncateCutsCodePoints(t *testing.T) {
	t.Parallel()
	l := core.Limits{ParamValue: 4, RunTag: 3}
	batch := core.Batch{
		Params: []core.Param{{Key: "fits", Value: "äöü😀"}, {Key: "long", Value: "äöü😀x"}, {Key: "short", Value: ""}},
		Tags:   []core.Tag{{Key: "fits", Value: "abc"}, {Key: "long", Value: "日本語だ"}},
	}
	before := core.Batch{Params: append([]core.Param(nil), batch.Params...), Tags: append([]core.Tag(nil), batch.Tags...)}
	got, cuts := client.Truncate(batch, l)
	want := core.Batch{
		Params: []core.Param{{Key: "fits", Value: "äöü😀"}, {Key: "long", Value: "äöü😀"}, {Key: "short", Value: ""}},
		Tags:   []core.Tag{{Key: "fits", Value: "abc"}, {Key: "long", Value: "日本語"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	wantCuts := []client.Cut{{Kind: "param", Key: "long", From: 5, To: 4}, {Kind: "tag", Key: "long", From: 4, To: 3}}
	if diff := cmp.Diff(wantCuts, cuts); diff != "" {
		t.Errorf("cuts: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(before, batch); diff != "" {
		t.Errorf("the given batch changed:\n%s", diff)
	}
	if _, cuts := client.Truncate(batch, core.Limits{}); cuts != nil {
		t.Errorf("no limits, but cuts %v", cuts)
	}
	if got, cuts := client.Truncate(core.Batch{}, l); cuts != nil || !got.Empty() {
		t.Errorf("an empty batch became %v with cuts %v", got, cuts)
	}
}
