package http

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"

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
	p, err := t.profile(ctx)
	if err != nil {
		return err
	}
	if p.ours {
		return t.whyRun(ctx, id, t.sendBatch(ctx, id, batch))
	}
	batch.Metrics = distinct(batch.Metrics)
	err = t.despiteRaces(ctx, func() error { return t.sendBatch(ctx, id, batch) })
	if err != nil && lostRace(err) && len(batch.Metrics) > 0 && !p.since(3, 16) {
		err = t.sendParts(ctx, id, batch)
	}
	return t.whyRun(ctx, id, err)
}

func (t *Tracking) sendBatch(ctx context.Context, id core.RunID, batch core.Batch) error {
	return t.call(ctx, restclient.Call{Endpoint: rest.RunsLogBatch, In: rest.LogBatchOf(id, batch)})
}

// distinct are points without those that are there before.
func distinct(points []core.Metric) []core.Metric {
	type point struct {
		core.Metric
		bits uint64 // of the value: NaN is none to a comparison
	}
	seen := make(map[point]bool, len(points))
	list := make([]core.Metric, 0, len(points))
	for _, m := range points {
		p := point{m, math.Float64bits(m.Value)}
		p.Value = 0
		if !seen[p] {
			seen[p] = true
			list = append(list, m)
		}
	}
	return list
}

// sendParts logs a batch in parts, half by half, since before 3.16 MLflow trips over some points that it has already, and
// over a NaN among them always. What it refuses alone with that error is there.
func (t *Tracking) sendParts(ctx context.Context, id core.RunID, batch core.Batch) error {
	if len(batch.Params) > 0 || len(batch.Tags) > 0 {
		if err := t.sendBatch(ctx, id, core.Batch{Params: batch.Params, Tags: batch.Tags}); err != nil {
			return err
		}
	}
	if len(batch.Metrics) == 1 {
		err := t.sendBatch(ctx, id, core.Batch{Metrics: batch.Metrics})
		if err != nil && lostRace(err) {
			return nil
		}
		return err
	}
	half := len(batch.Metrics) / 2
	for _, part := range [][]core.Metric{batch.Metrics[:half], batch.Metrics[half:]} {
		err := t.sendBatch(ctx, id, core.Batch{Metrics: part})
		if err != nil && lostRace(err) {
			err = t.sendParts(ctx, id, core.Batch{Metrics: part})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// MetricHistory reads a page of a history.
func (t *Tracking) MetricHistory(
	ctx context.Context, id core.RunID, key string, o core.HistoryOptions,
) (page core.Page[core.Metric], err error) {
	err = t.read(ctx, "get metric history", string(id), func(ctx context.Context) error {
		p, err := t.profile(ctx)
		if err != nil {
			return err
		}
		if err := core.CheckRunID(id); err != nil {
			return err
		}
		s, err := newSearch([2]string{string(id), key}, &o.PageOptions, p.limits.HistoryPage)
		if err != nil {
			return err
		}
		if !p.ours && !p.since(3, 0) {
			page, err = t.wholeHistory(ctx, id, key, s)
			return err
		}
		page, err = t.historyPage(ctx, id, key, core.PageOptions{Limit: s.limit, Token: s.token})
		page.Next = s.next(page.Next)
		return err
	})
	return page, err
}

// wholeHistory cuts a page out of a history that MLflow 2 gives as a whole. The token is how many points came before.
func (t *Tracking) wholeHistory(ctx context.Context, id core.RunID, key string, s search) (core.Page[core.Metric], error) {
	page, err := t.historyPage(ctx, id, key, core.PageOptions{})
	if err != nil {
		return page, err
	}
	start := 0
	if s.token != "" {
		if start, err = strconv.Atoi(s.token); err != nil {
			return core.Page[core.Metric]{}, badToken()
		}
	}
	page.Items = page.Items[min(start, len(page.Items)):]
	if len(page.Items) > s.limit {
		page.Items, page.Next = page.Items[:s.limit], s.next(strconv.Itoa(start+s.limit))
	}
	return page, nil
}

// historyPage asks for one page. MLflow sorts a NaN as 0, so that the points of one moment come sorted anew.
func (t *Tracking) historyPage(
	ctx context.Context, id core.RunID, key string, o core.PageOptions,
) (page core.Page[core.Metric], err error) {
	in := rest.MetricHistory{RunID: string(id), MetricKey: key, MaxResults: limitOf(o), PageToken: o.Token}
	var found rest.MetricsPage
	if err := t.call(ctx, restclient.Call{Endpoint: rest.MetricsHistory, In: in, Out: &found}); err != nil {
		return page, err
	}
	for _, m := range found.Metrics {
		page.Items = append(page.Items, m.Core())
	}
	slices.SortStableFunc(page.Items, core.CompareMetrics)
	page.Next = found.NextPageToken
	return page, nil
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
