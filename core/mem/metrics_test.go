package mem_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func newRun(t *testing.T, s *mem.Tracking) core.RunID {
	t.Helper()
	return got(s.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{}))(t).ID
}

func logMetrics(t *testing.T, s *mem.Tracking, id core.RunID, points ...core.Metric) {
	t.Helper()
	for chunk := range slices.Chunk(points, 1000) {
		ok(t, s.LogBatch(t.Context(), id, core.Batch{Metrics: chunk}))
	}
}

// history walks all pages.
func history(t *testing.T, s *mem.Tracking, id core.RunID, limit int) []core.Metric {
	t.Helper()
	var points []core.Metric
	o := core.HistoryOptions{PageOptions: core.PageOptions{Limit: limit}}
	for {
		page := got(s.MetricHistory(t.Context(), id, "k", o))(t)
		points = append(points, page.Items...)
		if o.Token = page.Next; o.Token == "" {
			return points
		}
	}
}

// equalPoints compares bit by bit, any NaN with any.
func equalPoints(a, b []core.Metric) bool {
	return slices.EqualFunc(a, b, func(a, b core.Metric) bool { return core.CompareMetrics(a, b) == 0 && a.Key == b.Key })
}

func TestLatestWhateverTheOrder(t *testing.T) {
	t.Parallel()
	points := []core.Metric{
		{Key: "k", Step: 2, Timestamp: 1, Value: 1},
		{Key: "k", Step: 2, Timestamp: 2, Value: math.NaN()},
		{Key: "k", Step: 2, Timestamp: 2, Value: 5},
		{Key: "k", Step: 2, Timestamp: 2, Value: 5, DatasetName: "d", DatasetDigest: "1"},
		{Key: "k", Step: -9, Timestamp: 9, Value: math.Inf(1)},
	}
	want := points[3]
	permute(points, func(order []core.Metric) {
		s := mem.NewTracking()
		id := newRun(t, s)
		for _, p := range order {
			logMetrics(t, s, id, p)
		}
		if latest := got(s.Run(t.Context(), id))(t).Metrics["k"]; latest != want {
			t.Fatalf("latest of %v is %v", order, latest)
		}
		sorted := slices.SortedFunc(slices.Values(points), core.CompareMetrics)
		if all := history(t, s, id, 2); !equalPoints(all, sorted) {
			t.Fatalf("history of %v is %v", order, all)
		}
	})
}

func permute[T any](items []T, visit func([]T)) {
	var walk func([]T, []T)
	walk = func(done, rest []T) {
		if len(rest) == 0 {
			visit(done)
		}
		for i := range rest {
			walk(append(slices.Clip(done), rest[i]), slices.Delete(slices.Clone(rest), i, i+1))
		}
	}
	walk(nil, items)
}

func TestPointsAreKeptOnceAndExactly(t *testing.T) {
	t.Parallel()
	s := mem.NewTracking()
	id := newRun(t, s)
	var points []core.Metric
	for _, v := range []float64{
		math.NaN(), math.Inf(-1), -math.MaxFloat64, math.Copysign(0, -1), 0, math.SmallestNonzeroFloat64, 0.1 + 0.2, math.Inf(1),
	} {
		points = append(points, core.Metric{Key: "k", Value: v, Step: math.MinInt64, Timestamp: 0})
	}
	points = append(points, core.Metric{Key: "k", Step: math.MaxInt64, Timestamp: 0})
	for range 3 {
		logMetrics(t, s, id, points...)
	}
	all := history(t, s, id, 0)
	if !equalPoints(all, points) {
		t.Fatalf("history is %v", all)
	}
	if !math.Signbit(all[3].Value) {
		t.Error("the sign of -0 is lost")
	}
}

func TestManyPointsBackwards(t *testing.T) {
	t.Parallel()
	s := mem.NewTracking()
	id := newRun(t, s)
	const count = 20_000
	points := make([]core.Metric, count)
	for i := range points {
		points[i] = core.Metric{Key: "k", Value: float64(i), Timestamp: core.Millis(i)}
	}
	backwards := slices.Clone(points)
	slices.Reverse(backwards)
	for _, p := range backwards {
		logMetrics(t, s, id, p, p)
	}
	logMetrics(t, s, id, points...)
	if all := history(t, s, id, 999); !equalPoints(all, points) {
		t.Fatalf("%d points came back, or in another order", len(all))
	}
}

func TestHistoryTokens(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	id := newRun(t, s)
	points := []core.Metric{
		{Key: "k", Timestamp: 1, Value: math.NaN(), DatasetName: "d", DatasetDigest: "1"},
		{Key: "k", Timestamp: 3},
		{Key: "k", Timestamp: 5},
	}
	logMetrics(t, s, id, points...)
	page := func(s *mem.Tracking, token, key string, limit int) (core.Page[core.Metric], error) {
		return s.MetricHistory(ctx, id, key, core.HistoryOptions{PageOptions: core.PageOptions{Token: token, Limit: limit}})
	}
	first := got(page(s, "", "k", 1))(t)
	logMetrics(t, s, id, core.Metric{Key: "k", Timestamp: 0}, core.Metric{Key: "k", Timestamp: 4}) // before and behind the token
	ok(t, s.Close())
	s = s.Reopen()
	rest := got(page(s, first.Next, "k", 3))(t)
	if !equalPoints(rest.Items, []core.Metric{points[1], {Key: "k", Timestamp: 4}, points[2]}) || rest.Next != "" {
		t.Errorf("the second page is %+v", rest)
	}
	refused(t, drop(page(s, first.Next, "other", 1)), core.ErrInvalid, "page token")
	other := newRun(t, s)
	_, err := s.MetricHistory(ctx, other, "k", core.HistoryOptions{PageOptions: core.PageOptions{Token: first.Next}})
	refused(t, err, core.ErrInvalid, "page token")
	for i := range first.Next {
		flipped := []byte(first.Next)
		flipped[i] ^= 1
		refused(t, drop(page(s, string(flipped), "k", 1)), core.ErrInvalid, "page token")
		refused(t, drop(page(s, first.Next[:i+1]+"\n"+first.Next[i+1:], "k", 1)), core.ErrInvalid, "page token")
	}
	for _, garbage := range []string{"x", "====", "eyJvZmZzZXQiOiAyfQ==", strings.Repeat("A", 9999), "\x00"} {
		refused(t, drop(page(s, garbage, "k", 1)), core.ErrInvalid, "page token")
	}
	refused(t, drop(page(s, "", "k", -1)), core.ErrInvalid, "max_results")
	refused(t, drop(page(s, "", "k", core.DefaultLimits().HistoryPage.Max+1)), core.ErrInvalid, "max_results")
	_, err = s.MetricHistory(ctx, someRun, "k", core.HistoryOptions{})
	refused(t, err, core.ErrNotFound, string(someRun))
	if unknown := got(page(s, "", "unknown", 0))(t); len(unknown.Items) != 0 || unknown.Next != "" {
		t.Errorf("an unknown key has the page %+v", unknown)
	}
}

func TestBatchIsAllOrNothing(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	id := newRun(t, s)
	ok(t, s.LogBatch(ctx, id, core.Batch{Params: []core.Param{{Key: "p", Value: "1"}}}))
	before := got(s.Run(ctx, id))(t)
	good := core.Batch{
		Metrics: []core.Metric{{Key: "m", Value: 1}}, Params: []core.Param{{Key: "q", Value: "1"}}, Tags: []core.Tag{{Key: "t", Value: "1"}},
	}
	for _, c := range []struct {
		name string
		add  core.Batch
		want error
		key  string
	}{
		{"conflict", core.Batch{Params: []core.Param{{Key: "p", Value: "2"}}}, core.ErrInvalid, "'p'"},
		{"twice", core.Batch{Params: []core.Param{{Key: "q", Value: "1"}}}, core.ErrInvalid, "q"},
		{"metric key", core.Batch{Metrics: []core.Metric{{Key: "../m"}}}, core.ErrInvalid, "metrics[1]"},
		{"time", core.Batch{Metrics: []core.Metric{{Key: "m", Timestamp: -1}}}, core.ErrInvalid, "metrics[1]"},
		{"tag key", core.Batch{Tags: []core.Tag{{Key: "", Value: "x"}}}, core.ErrInvalid, "tags[1]"},
		{"model", core.Batch{Metrics: []core.Metric{{Key: "m", ModelID: someModel}}}, core.ErrNotFound, string(someModel)},
	} {
		batch := core.Batch{
			Metrics: append(slices.Clone(good.Metrics), c.add.Metrics...),
			Params:  append(slices.Clone(good.Params), c.add.Params...),
			Tags:    append(slices.Clone(good.Tags), c.add.Tags...),
		}
		t.Log(c.name)
		refused(t, s.LogBatch(ctx, id, batch), c.want, c.key)
		same(t, got(s.Run(ctx, id))(t), before)
	}
	if page := got(s.MetricHistory(ctx, id, "m", core.HistoryOptions{}))(t); len(page.Items) != 0 {
		t.Errorf("a refused batch left the points %v", page.Items)
	}
	ok(t, s.LogBatch(ctx, id, good))
	ok(t, s.LogBatch(ctx, id, good))
	if page := got(s.MetricHistory(ctx, id, "m", core.HistoryOptions{}))(t); len(page.Items) != 1 {
		t.Errorf("a repeated batch left the points %v", page.Items)
	}
	refused(t, s.LogBatch(ctx, someRun, core.Batch{}), core.ErrNotFound, string(someRun))
}
