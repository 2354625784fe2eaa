package mem

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// point is a place in a history as a page token holds it; JSON has no NaN, so that the value is there as its bits.
type point struct {
	Timestamp core.Millis
	Step      int64
	Bits      uint64
	Model     core.ModelID `json:",omitempty"`
	Dataset   string       `json:",omitempty"`
	Digest    string       `json:",omitempty"`
}

func pointOf(m core.Metric) point {
	return point{m.Timestamp, m.Step, math.Float64bits(m.Value), m.ModelID, m.DatasetName, m.DatasetDigest}
}

func (p point) metric(key string) *core.Metric {
	return &core.Metric{
		Key: key, Value: math.Float64frombits(p.Bits), Timestamp: p.Timestamp, Step: p.Step,
		ModelID: p.Model, DatasetName: p.Dataset, DatasetDigest: p.Digest,
	}
}

// MetricHistory returns a page of the points of a key.
func (t *Tracking) MetricHistory(
	ctx context.Context, id core.RunID, key string, o core.HistoryOptions,
) (_ core.Page[core.Metric], err error) {
	defer named(&err, "get metric history", string(id))
	none := core.Page[core.Metric]{}
	if err := t.read(ctx); err != nil {
		return none, err
	}
	if err := core.CheckRunID(id); err != nil {
		return none, err
	}
	limit, err := core.CheckPage(o.PageOptions, t.limits.HistoryPage)
	if err != nil {
		return none, err
	}
	query := "history\x00" + string(id) + "\x00" + key
	var position *core.Metric
	if o.Token != "" {
		var p point
		if err := unseal(query, o.Token, &p); err != nil {
			return none, err
		}
		position = p.metric(key)
	}
	d := t.data
	d.mu.Lock() // reading settles the history
	defer d.mu.Unlock()
	r, err := d.run(id)
	if err != nil {
		return none, err
	}
	points := r.settled(key).after(position)
	if len(points) <= limit {
		return core.Page[core.Metric]{Items: slices.Clone(points)}, nil
	}
	next, err := seal(query, pointOf(points[limit-1]))
	return core.Page[core.Metric]{Items: slices.Clone(points[:limit]), Next: next}, err
}

// settled returns the history of a key, ready to be read; an unknown key has an empty one.
func (r *run) settled(key string) *history {
	h := r.histories[key]
	if h == nil {
		return &history{}
	}
	h.settle()
	return h
}

// MetricHistories returns the points of a key of several runs, by run id and then as in their histories.
func (t *Tracking) MetricHistories(
	ctx context.Context, query core.HistoriesQuery,
) (_ []core.RunMetric, err error) {
	defer named(&err, "get metric histories", query.Key)
	if err := t.read(ctx); err != nil {
		return nil, err
	}
	limit, err := core.CheckHistories(query, t.limits)
	if err != nil {
		return nil, err
	}
	ids := distinct(query.Runs)
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	var points []core.RunMetric
	for _, id := range ids {
		r, found := d.runs[id]
		if !found {
			continue
		}
		all := r.settled(query.Key).points
		points = appendPoints(points, id, all[:min(len(all), limit-len(points))])
	}
	return points, nil
}

func appendPoints(to []core.RunMetric, id core.RunID, points []core.Metric) []core.RunMetric {
	for _, m := range points {
		to = append(to, core.RunMetric{RunID: id, Metric: m})
	}
	return to
}

// SampleHistory thins the history of each run out, in the order asked for.
func (t *Tracking) SampleHistory(ctx context.Context, query core.SampleQuery) (_ []core.RunMetric, err error) {
	defer named(&err, "sample metric history", query.Key)
	if err := t.read(ctx); err != nil {
		return nil, err
	}
	limit, err := core.CheckSample(query, t.limits)
	if err != nil {
		return nil, err
	}
	d := t.data
	d.mu.Lock()
	defer d.mu.Unlock()
	var points []core.RunMetric
	for _, id := range query.Runs {
		if r, found := d.runs[id]; found {
			points = appendPoints(points, id, core.Sample(bySteps(r.settled(query.Key).points, query), limit))
		}
	}
	return points, nil
}

// bySteps returns the points in the range of steps, by step, timestamp and value.
func bySteps(points []core.Metric, query core.SampleQuery) []core.Metric {
	points = slices.Clone(points)
	if query.Start != nil {
		points = slices.DeleteFunc(points, func(m core.Metric) bool { return m.Step < *query.Start || m.Step > *query.End })
	}
	slices.SortStableFunc(points, func(a, b core.Metric) int { return cmp.Compare(a.Step, b.Step) })
	return points
}
