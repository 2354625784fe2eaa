package copying

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// surveyHistories looks for values that the target cannot represent, when there can be any.
func (c *copier) surveyHistories(ctx context.Context, r core.Run, from histories) error {
	inf, zero := c.info.Has(core.FloatInf), c.info.Has(core.FloatNegativeZero)
	if inf && zero {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(r.Metrics)) {
		infinite, negative := 0, 0
		for m, err := range from.of(ctx, r.ID, key) {
			switch {
			case err != nil:
				return err
			case !inf && math.IsInf(m.Value, 0):
				infinite++
			case !zero && m.Value == 0 && math.Signbit(m.Value):
				negative++
			}
		}
		where := string(r.ID) + " " + key
		if infinite > 0 {
			c.lose("metric", where, fmt.Sprintf("%d infinite values become the largest float", infinite), false)
		}
		if negative > 0 {
			c.lose("metric", where, fmt.Sprintf("%d zeros lose their sign", negative), false)
		}
	}
	return nil
}

// representable is the point as the target keeps it.
func (c *copier) representable(m core.Metric) core.Metric {
	switch {
	case math.IsInf(m.Value, 0) && !c.info.Has(core.FloatInf):
		m.Value = math.Copysign(math.MaxFloat64, m.Value)
	case m.Value == 0 && !c.info.Has(core.FloatNegativeZero):
		m.Value = 0
	}
	if c.targetModels == nil {
		m.ModelID = ""
	}
	return m
}

// A gap is how the points of a run in the target differ from those of the source.
type gap struct {
	missing int64  // points that the target lacks
	extra   string // the key of a metric that has points in the target alone
}

// histories gives the run in the target the points that it lacks.
func (c *copier) histories(ctx context.Context, w *runWriter, r, have core.Run) (gap, error) {
	var all gap
	for _, key := range slices.Sorted(maps.Keys(r.Metrics)) {
		if err := c.history(ctx, w, key, &all); err != nil {
			return all, err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(have.Metrics)) {
		if _, has := r.Metrics[key]; !has {
			all.extra = cmp.Or(all.extra, key)
		}
	}
	return all, w.flush(ctx)
}

// history merges one history of the source with the target's, both of which are ordered by timestamp and step, and logs
// what the target lacks.
func (c *copier) history(ctx context.Context, w *runWriter, key string, g *gap) error {
	for pair, err := range merged(instants(w.from.of(ctx, w.want.ID, key)), instants(w.targetHistory(ctx, key))) {
		if err != nil {
			return err
		}
		for i := range pair.source {
			pair.source[i] = c.representable(pair.source[i])
		}
		want := unique(pair.source)
		missing, extra := differences(want, unique(pair.target))
		c.count(func(n *Counts) { n.Points += int64(len(want)) }, false)
		g.missing += int64(len(missing))
		if extra > 0 {
			g.extra = cmp.Or(g.extra, key)
		}
		if err := w.log(ctx, missing); err != nil {
			return err
		}
	}
	return nil
}

// targetHistory is empty for a run that is not there.
func (w *runWriter) targetHistory(ctx context.Context, key string) iter.Seq2[core.Metric, error] {
	if !w.found {
		return func(func(core.Metric, error) bool) {}
	}
	return w.to.of(ctx, w.want.ID, key)
}
