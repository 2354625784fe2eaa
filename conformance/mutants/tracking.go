package mutants

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// Tracking is a mutant of a tracking store.
type Tracking = Mutant[*mem.Tracking, core.TrackingStore]

// Trackings lists the mutants of tracking stores.
func Trackings() []Tracking {
	return []Tracking{
		{
			"M02", "the last run of each page is repeated on the next",
			[]string{"TS-153"},
			func(m *mem.Tracking) core.TrackingStore { return &repeating{Tracking: m} },
		},
		{
			"M04", "infinities are clamped, though they are declared to survive",
			[]string{"TS-087"},
			func(m *mem.Tracking) core.TrackingStore { return clamping{m} },
		},
		{
			"M06", "the latest value of a metric is the one that arrived last",
			[]string{"TS-081", "TS-166", "TS-198"},
			func(m *mem.Tracking) core.TrackingStore { return &arriving{Tracking: m} },
		},
		{
			"M08", "a batch is logged item by item, up to the first one at fault",
			[]string{"TS-119", "TS-120"},
			func(m *mem.Tracking) core.TrackingStore { return piecemeal{m} },
		},
		{
			"M10", "a param can be overwritten",
			[]string{"TS-104", "TS-172"},
			func(m *mem.Tracking) core.TrackingStore { return &overwriting{Tracking: m} },
		},
		{
			"M18", "blanks at the end of an experiment's name are cut",
			[]string{"TS-012"},
			func(m *mem.Tracking) core.TrackingStore { return trimming{m} },
		},
		{
			"M25", "reads ignore their context",
			[]string{"TS-180"},
			func(m *mem.Tracking) core.TrackingStore { return deafTracking{m} },
		},
		{
			"M34", "a search returns the tags that it returned before, not copies",
			[]string{"TS-163"},
			func(m *mem.Tracking) core.TrackingStore { return &aliasing{Tracking: m} },
		},
		{
			"M40", "NaN is sorted first",
			[]string{"TS-148"},
			func(m *mem.Tracking) core.TrackingStore { return nanFirst{m} },
		},
	}
}

type repeating struct {
	*mem.Tracking
	last sync.Map // from the token of a page to the last run before it
}

func (r *repeating) SearchRuns(ctx context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	page, err := r.Tracking.SearchRuns(ctx, q)
	if before, ok := r.last.Load(q.Token); ok && q.Token != "" && len(page.Items) > 0 {
		page.Items = append([]core.Run{before.(core.Run)}, page.Items...) //nolint:forcetypeassert // stored below
	}
	if n := len(page.Items); n > 0 && page.Next != "" {
		r.last.Store(page.Next, page.Items[n-1])
	}
	return page, err
}

type clamping struct{ *mem.Tracking }

func (c clamping) LogBatch(ctx context.Context, id core.RunID, b core.Batch) error {
	b.Metrics = slices.Clone(b.Metrics)
	for i := range b.Metrics {
		if v := &b.Metrics[i].Value; math.IsInf(*v, 0) {
			*v = math.Copysign(math.MaxFloat64, *v)
		}
	}
	return c.Tracking.LogBatch(ctx, id, b)
}

type arriving struct {
	*mem.Tracking
	last sync.Map // from a run and a key to the point that came last
}

type series struct {
	run core.RunID
	key string
}

func (a *arriving) LogBatch(ctx context.Context, id core.RunID, b core.Batch) error {
	err := a.Tracking.LogBatch(ctx, id, b)
	for _, m := range b.Metrics {
		if err == nil {
			a.last.Store(series{id, m.Key}, m)
		}
	}
	return err
}

func (a *arriving) Run(ctx context.Context, id core.RunID) (core.Run, error) {
	r, err := a.Tracking.Run(ctx, id)
	for key := range r.Metrics {
		if m, ok := a.last.Load(series{id, key}); ok {
			r.Metrics[key] = m.(core.Metric) //nolint:forcetypeassert // stored above
		}
	}
	return r, err
}

type piecemeal struct{ *mem.Tracking }

func (p piecemeal) LogBatch(ctx context.Context, id core.RunID, b core.Batch) error {
	var parts []core.Batch
	for _, m := range b.Metrics {
		parts = append(parts, core.Batch{Metrics: []core.Metric{m}})
	}
	for _, param := range b.Params {
		parts = append(parts, core.Batch{Params: []core.Param{param}})
	}
	for _, tag := range b.Tags {
		parts = append(parts, core.Batch{Tags: []core.Tag{tag}})
	}
	if len(parts) == 0 || len(parts) > core.DefaultLimits().BatchTotal { // what is too long is refused as ever
		return p.Tracking.LogBatch(ctx, id, b)
	}
	for _, part := range parts {
		if err := p.Tracking.LogBatch(ctx, id, part); err != nil {
			return err
		}
	}
	return nil
}

type overwriting struct {
	*mem.Tracking
	over sync.Map // from a run and a key to the value that has taken the first one's place
}

func (o *overwriting) LogBatch(ctx context.Context, id core.RunID, b core.Batch) error {
	err := o.Tracking.LogBatch(ctx, id, b)
	if !errors.Is(err, core.ErrInvalid) {
		return err
	}
	r, readErr := o.Tracking.Run(ctx, id)
	if readErr != nil {
		return err
	}
	rest := b
	rest.Params = nil
	var changed []core.Param
	for _, param := range b.Params {
		if value, taken := r.Params[param.Key]; taken && value != param.Value {
			changed = append(changed, param)
			continue
		}
		rest.Params = append(rest.Params, param)
	}
	if err := o.Tracking.LogBatch(ctx, id, rest); err != nil || len(changed) == 0 {
		return err
	}
	for _, param := range changed {
		o.over.Store(series{id, param.Key}, param.Value)
	}
	return nil
}

func (o *overwriting) Run(ctx context.Context, id core.RunID) (core.Run, error) {
	r, err := o.Tracking.Run(ctx, id)
	for key := range r.Params {
		if value, ok := o.over.Load(series{id, key}); ok {
			r.Params[key] = value.(string) //nolint:forcetypeassert // stored above
		}
	}
	return r, err
}

type trimming struct{ *mem.Tracking }

func (t trimming) CreateExperiment(ctx context.Context, spec core.ExperimentSpec) (core.Experiment, error) {
	if name := strings.TrimRight(spec.Name, " "); name != "" {
		spec.Name = name
	}
	return t.Tracking.CreateExperiment(ctx, spec)
}

type deafTracking struct{ *mem.Tracking }

func (d deafTracking) Run(ctx context.Context, id core.RunID) (core.Run, error) {
	return d.Tracking.Run(context.WithoutCancel(ctx), id)
}

func (d deafTracking) SearchRuns(ctx context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	return d.Tracking.SearchRuns(context.WithoutCancel(ctx), q)
}

// aliasing gives every caller the same map for as long as nothing in it has changed in the store.
type aliasing struct {
	*mem.Tracking
	mu   sync.Mutex
	kept map[core.RunID]map[string]string // what the store had
	lent map[core.RunID]map[string]string // what the callers have
}

func (a *aliasing) Run(ctx context.Context, id core.RunID) (core.Run, error) {
	r, err := a.Tracking.Run(ctx, id)
	if err == nil {
		r.Tags = a.lend(id, r.Tags)
	}
	return r, err
}

func (a *aliasing) SearchRuns(ctx context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	page, err := a.Tracking.SearchRuns(ctx, q)
	for i, r := range page.Items {
		page.Items[i].Tags = a.lend(r.ID, r.Tags)
	}
	return page, err
}

func (a *aliasing) lend(id core.RunID, tags map[string]string) map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if tags == nil {
		return nil
	}
	if a.lent == nil {
		a.kept, a.lent = map[core.RunID]map[string]string{}, map[core.RunID]map[string]string{}
	}
	if lent, ok := a.lent[id]; ok && maps.Equal(a.kept[id], tags) {
		return lent
	}
	a.kept[id], a.lent[id] = maps.Clone(tags), tags
	return tags
}

type nanFirst struct{ *mem.Tracking }

func (n nanFirst) SearchRuns(ctx context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	page, err := n.Tracking.SearchRuns(ctx, q)
	if err != nil || len(q.OrderBy) == 0 {
		return page, err
	}
	key, isMetric := strings.CutPrefix(strings.Fields(q.OrderBy[0])[0], "metrics.")
	if !isMetric {
		return page, nil
	}
	key = strings.Trim(key, "`\"")
	slices.SortStableFunc(page.Items, func(a, b core.Run) int {
		return rank(b.Metrics, key) - rank(a.Metrics, key)
	})
	return page, nil
}

// rank is 1 for NaN, and 0 for everything else.
func rank(metrics map[string]core.Metric, key string) int {
	if m, ok := metrics[key]; ok && math.IsNaN(m.Value) {
		return 1
	}
	return 0
}
