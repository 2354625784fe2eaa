package copying

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

const (
	runsTogether  = 32     // runs whose histories are read ahead together
	pointsOfKey   = 10_000 // of one metric of these runs; a call that answers with as many has not told all
	pointsOfGroup = 50_000 // of all of them: about 5 MiB
)

// histories are those of a group of runs in one store. Short ones have been read ahead, one metric of all runs in one call,
// where the store can do that; the others are read when they are needed.
type histories struct {
	store core.TrackingStore
	known map[core.RunID]map[string][]core.Metric // entire histories
}

// of returns the points of one metric.
func (h histories) of(ctx context.Context, id core.RunID, key string) iter.Seq2[core.Metric, error] {
	points, known := h.known[id][key]
	if !known {
		return client.History(ctx, h.store, id, key, core.HistoryOptions{})
	}
	return func(yield func(core.Metric, error) bool) {
		for _, m := range points {
			if !yield(m, nil) {
				return
			}
		}
	}
}

// readAhead reads histories of runs ahead, at both ends where both are needed.
func (c *copier) readAhead(ctx context.Context, runs []core.Run) (from, to histories, err error) {
	if c.pass == Survey && c.info.Has(core.FloatInf) && c.info.Has(core.FloatNegativeZero) {
		return from, to, nil // the target keeps every point
	}
	if from, err = shortHistories(ctx, c.from.Tracking, c.source.Limits, runs); err != nil || c.pass == Survey {
		return from, to, err
	}
	to, err = shortHistories(ctx, c.to.Tracking, c.info.Limits, runs)
	return from, to, err
}

// shortHistories reads histories of runs, of the metrics that they have in the source.
func shortHistories(ctx context.Context, s core.TrackingStore, l core.Limits, runs []core.Run) (histories, error) {
	h := histories{store: s, known: map[core.RunID]map[string][]core.Metric{}}
	bulk, can := core.As[core.BulkHistory](s)
	if !can {
		return h, nil
	}
	having := map[string][]core.RunID{}
	for _, r := range runs {
		h.known[r.ID] = map[string][]core.Metric{}
		for key := range r.Metrics {
			having[key] = append(having[key], r.ID)
		}
	}
	left := pointsOfGroup
	most := min(pointsOfKey, cmp.Or(l.HistoryPage.Max, pointsOfKey))
	for _, key := range slices.Sorted(maps.Keys(having)) {
		if len(having[key]) < 2 || left < most { // one history is read as quickly by itself
			continue
		}
		for ids := range slices.Chunk(having[key], cmp.Or(l.HistoryRuns, runsTogether)) {
			points, err := bulk.MetricHistories(ctx, core.HistoriesQuery{Runs: ids, Key: key, Limit: most})
			if err != nil {
				return h, err
			}
			h.keep(key, ids, points, len(points) == most)
			left -= len(points)
		}
	}
	return h, nil
}

// keep takes what a store has answered: the points by run. Of an answer that was cut off the last run is incomplete, and so
// are those that are not in it.
func (h histories) keep(key string, ids []core.RunID, points []core.RunMetric, cut bool) {
	found := map[core.RunID][]core.Metric{}
	for _, m := range points {
		found[m.RunID] = append(found[m.RunID], m.Metric)
	}
	if cut {
		delete(found, points[len(points)-1].RunID)
	}
	for _, id := range ids {
		if history, there := found[id]; there || !cut {
			h.known[id][key] = history
		}
	}
}
