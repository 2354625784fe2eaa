package file

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// MetricHistories returns the points of a key of several runs, by run id and then as in their histories.
func (t *Tracking) MetricHistories(
	ctx context.Context, query core.HistoriesQuery,
) (_ []core.RunMetric, err error) {
	defer named(&err, "get metric histories", query.Key)
	ctx, done, err := t.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	limit, err := core.CheckHistories(query, t.limits)
	if err != nil {
		return nil, err
	}
	ids := slices.Clone(query.Runs)
	slices.Sort(ids)
	var points []core.RunMetric
	for _, id := range slices.Compact(ids) {
		if len(points) == limit {
			break
		}
		h, err := t.knownHistory(ctx, id, query.Key, limit)
		if err != nil {
			return nil, err
		}
		for _, r := range h.all[:min(len(h.all), limit-len(points))] {
			points = append(points, core.RunMetric{RunID: id, Metric: h.metric(r, query.Key)})
		}
	}
	return points, nil
}

// knownHistory is the history of a run, which is empty when there is no such run.
func (t *Tracking) knownHistory(ctx context.Context, id core.RunID, key string, count int) (*rows, error) {
	if core.CheckRunID(id) != nil {
		return &rows{}, nil //nolint:nilerr // what can be no run is an unknown one
	}
	h, err := t.history(ctx, id, key, nil, count)
	if errors.Is(err, core.ErrNotFound) {
		return &rows{}, nil
	}
	return h, err
}

// SampleHistory thins the history of each run out, in the order asked for. All points of one run at a
// time are held in memory, with 32 bytes each.
func (t *Tracking) SampleHistory(ctx context.Context, query core.SampleQuery) (_ []core.RunMetric, err error) {
	defer named(&err, "sample metric history", query.Key)
	ctx, done, err := t.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	limit, err := core.CheckSample(query, t.limits)
	if err != nil {
		return nil, err
	}
	var points []core.RunMetric
	for _, id := range query.Runs {
		h, err := t.knownHistory(ctx, id, query.Key, -1)
		if err != nil {
			return nil, err
		}
		for _, r := range core.Sample(h.bySteps(query.Start, query.End), limit) {
			points = append(points, core.RunMetric{RunID: id, Metric: h.metric(r, query.Key)})
		}
	}
	return points, nil
}

// bySteps returns the points in a range of steps, by step, timestamp and value.
func (h *rows) bySteps(start, end *int64) []row {
	picked := slices.Clone(h.all)
	if start != nil {
		picked = slices.DeleteFunc(picked, func(r row) bool { return r.step < *start || r.step > *end })
	}
	slices.SortStableFunc(picked, func(a, b row) int { return cmp.Compare(a.step, b.step) })
	return picked
}
