package client_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/mem"
)

// unable hides every ability of a store.
type unable struct{ core.TrackingStore }

func (unable) Ability(any) bool { return false }

func TestHistoriesOfSeveralRunsWithoutTheAbilities(t *testing.T) {
	t.Parallel()
	ctx, store := t.Context(), mem.NewTracking()
	var ids []core.RunID
	for r := range 3 {
		run, err := store.CreateRun(ctx, core.DefaultExperimentID, core.RunSpec{})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, run.ID)
		var batch core.Batch
		for i := range 10 * (r + 1) {
			batch.Metrics = append(batch.Metrics, core.Metric{Key: "k", Value: float64(i), Timestamp: core.Millis(100 - i), Step: int64(i % 7)})
		}
		if err := store.LogBatch(ctx, run.ID, batch); err != nil {
			t.Fatal(err)
		}
	}
	ids = append(ids, core.NewRunID(), ids[0]) // an unknown one, and one twice
	low, high := int64(1), int64(4)
	for _, q := range []core.HistoriesQuery{{Runs: ids, Key: "k"}, {Runs: ids, Key: "k", Limit: 15}, {Runs: ids, Key: "none"}, {Key: "k"}} {
		want, wantErr := store.MetricHistories(ctx, q)
		for _, s := range []core.TrackingStore{store, unable{store}} {
			got, err := client.MetricHistories(ctx, s, q)
			if d := cmp.Diff(want, got); d != "" || core.CodeOf(err) != core.CodeOf(wantErr) {
				t.Errorf("%+v: %v %s", q, err, d)
			}
		}
	}
	for _, q := range []core.SampleQuery{
		{Runs: ids, Key: "k"},
		{Runs: ids, Key: "k", Limit: 4},
		{Runs: ids, Key: "k", Limit: 3, Start: &low, End: &high},
		{Runs: ids, Key: "none"},
		{Runs: ids, Key: "k", Start: &low},
	} {
		want, wantErr := store.SampleHistory(ctx, q)
		for _, s := range []core.TrackingStore{store, unable{store}} {
			got, err := client.SampleHistory(ctx, s, q)
			if d := cmp.Diff(want, got); d != "" || core.CodeOf(err) != core.CodeOf(wantErr) {
				t.Errorf("%+v: %v %s", q, err, d)
			}
		}
	}
}
