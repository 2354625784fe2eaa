package mem_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func TestManyWritersOfOneRun(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	id := newRun(t, s)
	const writers, points = 16, 40
	var want []core.Metric
	var together sync.WaitGroup
	for w := range writers {
		for p := range points {
			want = append(want, core.Metric{Key: "k", Step: int64(p), Timestamp: core.Millis(p), Value: float64(w)})
		}
		mine := slices.Clone(want[w*points:])
		together.Go(func() {
			for _, p := range mine {
				// A batch is all or nothing: whoever sees the point sees the tag and the param too.
				ok(t, s.LogBatch(ctx, id, core.Batch{
					Metrics: []core.Metric{p},
					Params:  []core.Param{{Key: fmt.Sprintf("%d-%d", w, p.Step), Value: "x"}},
					Tags:    []core.Tag{{Key: fmt.Sprintf("%d-%d", w, p.Step), Value: "x"}},
				}))
				r := got(s.Run(ctx, id))(t)
				delete(r.Tags, core.RunNameTag)
				if !maps.Equal(r.Tags, r.Params) {
					t.Error("a reader saw half a batch")
				}
				got(s.MetricHistory(ctx, id, "k", core.HistoryOptions{PageOptions: core.PageOptions{Limit: 7}}))(t)
			}
		})
	}
	together.Wait()
	slices.SortFunc(want, core.CompareMetrics)
	if all := history(t, s, id, 97); !equalPoints(all, want) {
		t.Errorf("%d of %d points came back", len(all), len(want))
	}
	if r := got(s.Run(ctx, id))(t); len(r.Params) != writers*points || r.Metrics["k"] != want[len(want)-1] {
		t.Errorf("%d params, latest %v", len(r.Params), r.Metrics["k"])
	}
}

func TestOneOfManyWins(t *testing.T) {
	t.Parallel()
	ctx, tracking, registry := t.Context(), mem.NewTracking(), registryWith(t, 0)
	id := newRun(t, tracking)
	var mu sync.Mutex
	wins := map[string]int{}
	numbers := map[int]bool{}
	try := func(what string, err, otherwise error) {
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			wins[what]++
		} else if !errors.Is(err, otherwise) {
			t.Errorf("%s: %v", what, err)
		}
	}
	var together sync.WaitGroup
	const racers = 16
	for i := range racers {
		together.Go(func() {
			try("experiment", drop(tracking.CreateExperiment(ctx, core.ExperimentSpec{Name: "e"})), core.ErrExists)
			try("model", drop(registry.CreateModel(ctx, core.ModelSpec{Name: "n"})), core.ErrExists)
			try("param", tracking.LogBatch(ctx, id, core.Batch{Params: []core.Param{{Key: "p", Value: strconv.Itoa(i)}}}), core.ErrInvalid)
			for range 10 {
				v := got(registry.CreateVersion(ctx, "m", core.VersionSpec{Source: "s3://b/k"}))(t)
				mu.Lock()
				numbers[v.Number] = true
				mu.Unlock()
			}
		})
	}
	together.Wait()
	same(t, wins, map[string]int{"experiment": 1, "model": 1, "param": 1})
	if list := slices.Sorted(maps.Keys(numbers)); len(list) != racers*10 || list[0] != 1 || list[len(list)-1] != racers*10 {
		t.Errorf("the version numbers are %v", list)
	}
}

// TestCloseUnderLoad also runs every method against every other, for the race detector.
func TestCloseUnderLoad(t *testing.T) {
	t.Parallel()
	opener := mem.NewOpener()
	keeper, _ := stores(t, opener, false)
	ok(t, keeper.Tracking.(*mem.Tracking).ImportRun(t.Context(), core.Run{
		RunInfo: core.RunInfo{ID: someRun, ExperimentID: "0", Status: core.Running, Lifecycle: core.Active},
	}))
	got(keeper.Artifacts.Put(t.Context(), "a", strings.NewReader("a"), core.PutOptions{}))(t)
	b, kinds := stores(t, opener, false)
	var begun, all sync.WaitGroup
	for kind, calls := range kinds {
		for _, c := range calls {
			begun.Add(1)
			all.Go(func() {
				try := func() (closed bool) {
					err := c.do(t.Context())
					if code := core.CodeOf(err); code == core.Internal || code == core.Unknown {
						t.Errorf("%s/%s: %v", kind, c.name, err)
					}
					return errors.Is(err, core.ErrClosed)
				}
				for range 20 {
					if try() {
						t.Errorf("%s/%s: closed before it was closed", kind, c.name)
					}
				}
				begun.Done()
				begun.Wait() // the store does not grow while others are behind
				for !try() {
				}
			})
		}
	}
	begun.Wait()
	ok(t, b.Close())
	all.Wait()
	got(keeper.Tracking.Run(t.Context(), someRun))(t)
}
