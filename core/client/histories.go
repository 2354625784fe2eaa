package client

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// MetricHistories is core.BulkHistory of a store, or what that says, read run by run where the store does not have it.
func MetricHistories(ctx context.Context, s core.TrackingStore, q core.HistoriesQuery) ([]core.RunMetric, error) {
	if bulk, ok := core.As[core.BulkHistory](s); ok {
		return bulk.MetricHistories(ctx, q)
	}
	info, err := s.Describe(ctx)
	if err != nil {
		return nil, err
	}
	limit, err := core.CheckHistories(q, info.Limits)
	if err != nil {
		return nil, err
	}
	ids := slices.Clone(q.Runs)
	slices.Sort(ids)
	var points []core.RunMetric
	for _, id := range slices.Compact(ids) {
		for m, err := range History(ctx, s, id, q.Key, core.HistoryOptions{}) {
			if errors.Is(err, core.ErrNotFound) {
				break
			}
			if err != nil {
				return nil, err
			}
			if len(points) == limit {
				return points, nil
			}
			points = append(points, core.RunMetric{RunID: id, Metric: m})
		}
	}
	return points, nil
}

// SampleHistory is core.SampledHistory of a store, or what that says, made here where the store does not have it: then the
// whole history of one run at a time is in memory.
func SampleHistory(ctx context.Context, s core.TrackingStore, q core.SampleQuery) ([]core.RunMetric, error) {
	if sampled, ok := core.As[core.SampledHistory](s); ok {
		return sampled.SampleHistory(ctx, q)
	}
	info, err := s.Describe(ctx)
	if err != nil {
		return nil, err
	}
	limit, err := core.CheckSample(q, info.Limits)
	if err != nil {
		return nil, err
	}
	var points []core.RunMetric
	for _, id := range q.Runs {
		history, err := inRange(ctx, s, id, q)
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return nil, err
		}
		for _, m := range core.Sample(history, limit) {
			points = append(points, core.RunMetric{RunID: id, Metric: m})
		}
	}
	return points, nil
}

// inRange reads the points of a run in the range of steps, by step, timestamp and value.
func inRange(ctx context.Context, s core.Metrics, id core.RunID, q core.SampleQuery) ([]core.Metric, error) {
	var points []core.Metric
	for m, err := range History(ctx, s, id, q.Key, core.HistoryOptions{}) {
		if err != nil {
			return nil, err
		}
		if q.Start == nil || m.Step >= *q.Start && m.Step <= *q.End {
			points = append(points, m)
		}
	}
	slices.SortStableFunc(points, func(a, b core.Metric) int { return cmp.Compare(a.Step, b.Step) })
	return points, nil
}
