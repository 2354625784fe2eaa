package http

import (
	"cmp"
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
	"github.com/mlstore/mlstore/rest"
)

// LogBatch logs a batch in one request.
func (t *Tracking) LogBatch(ctx context.Context, id core.RunID, batch core.Batch) error {
	return t.write(ctx, "log batch", string(id), func(ctx context.Context) error {
		limits, err := t.limits(ctx)
		if err != nil {
			return err
		}
		if err := cmp.Or(core.CheckRunID(id), core.CheckBatch(batch, limits)); err != nil {
			return err
		}
		return t.logBatch(ctx, id, batch)
	})
}

func (t *Tracking) logBatch(ctx context.Context, id core.RunID, batch core.Batch) error {
	err := t.call(ctx, restclient.Call{Endpoint: rest.RunsLogBatch, In: rest.LogBatchOf(id, batch)})
	return t.whyRun(ctx, id, err)
}

// MetricHistory reads a page of a history.
func (t *Tracking) MetricHistory(
	ctx context.Context, id core.RunID, key string, o core.HistoryOptions,
) (page core.Page[core.Metric], err error) {
	err = t.read(ctx, "get metric history", string(id), func(ctx context.Context) error {
		limits, err := t.limits(ctx)
		if err != nil {
			return err
		}
		if err := core.CheckRunID(id); err != nil {
			return err
		}
		s, err := newSearch([2]string{string(id), key}, &o.PageOptions, limits.HistoryPage)
		if err != nil {
			return err
		}
		limit := rest.Int(s.limit)
		in := rest.MetricHistory{RunID: string(id), MetricKey: key, MaxResults: &limit, PageToken: s.token}
		var found rest.MetricsPage
		if err := t.call(ctx, restclient.Call{Endpoint: rest.MetricsHistory, In: in, Out: &found}); err != nil {
			return err
		}
		for _, m := range found.Metrics {
			page.Items = append(page.Items, m.Core())
		}
		page.Next = s.next(found.NextPageToken)
		return nil
	})
	return page, err
}

// MetricHistories reads one metric of several runs.
func (t *Tracking) MetricHistories(ctx context.Context, q core.HistoriesQuery) (points []core.RunMetric, err error) {
	err = t.read(ctx, "get metric histories", q.Key, func(ctx context.Context) error {
		limits, err := t.limits(ctx)
		if err != nil {
			return err
		}
		limit, err := core.CheckHistories(q, limits)
		if err != nil {
			return err
		}
		most := rest.Int(limit)
		in := rest.MetricHistories{RunIDs: texts(q.Runs), MetricKey: q.Key, MaxResults: &most}
		points, err = t.points(ctx, restclient.Call{Endpoint: rest.MetricsHistoryBulk, Ajax: true, In: in})
		return err
	})
	return points, err
}

// SampleHistory reads a picture of one metric of several runs.
func (t *Tracking) SampleHistory(ctx context.Context, q core.SampleQuery) (points []core.RunMetric, err error) {
	err = t.read(ctx, "sample metric history", q.Key, func(ctx context.Context) error {
		limits, err := t.limits(ctx)
		if err != nil {
			return err
		}
		limit, err := core.CheckSample(q, limits)
		if err != nil {
			return err
		}
		most := rest.Int(limit)
		in := rest.SampledHistories{
			RunIDs: texts(q.Runs), MetricKey: q.Key, MaxResults: &most, StartStep: (*rest.Int)(q.Start), EndStep: (*rest.Int)(q.End),
		}
		points, err = t.points(ctx, restclient.Call{Endpoint: rest.MetricsHistoryInterval, In: in})
		return err
	})
	return points, err
}

func (t *Tracking) points(ctx context.Context, call restclient.Call) ([]core.RunMetric, error) {
	var found rest.MetricsPage
	call.Out = &found
	if err := t.call(ctx, call); err != nil {
		return nil, err
	}
	points := make([]core.RunMetric, 0, len(found.Metrics))
	for _, m := range found.Metrics {
		points = append(points, m.RunMetric())
	}
	return points, nil
}

func texts[T ~string](ids []T) []string {
	list := make([]string, 0, len(ids))
	for _, id := range ids {
		list = append(list, string(id))
	}
	return list
}
