package core

import "context"

// HistoriesQuery asks for one metric of several runs.
type HistoriesQuery struct {
	Runs  []RunID // at most Limits.HistoryRuns
	Key   string
	Limit int // most points in all; 0 and the bounds as for Limits.HistoryPage
}

// BulkHistory is the ability to read one metric of many runs in one call.
type BulkHistory interface {
	// MetricHistories returns the points of the runs by run id, timestamp, step and value, and the first Limit of them.
	// Unknown runs contribute nothing [TS-206].
	MetricHistories(ctx context.Context, query HistoriesQuery) ([]RunMetric, error)
}

// SampleQuery asks for a picture of one metric of several runs.
type SampleQuery struct {
	Runs       []RunID // at most Limits.HistoryRuns
	Key        string
	Start, End *int64 // range of steps, both inclusive; both or none
	Limit      int    // most points a run; 0 and the bounds as for Limits.SampledHistory
}

// SampledHistory is the ability to thin a history out where it is kept.
type SampledHistory interface {
	// SampleHistory thins the history of each run, in the order asked for: its points in the range, by step, timestamp and
	// value, fall into Limit groups as equal as can be, the larger ones first, and the first point of each group is taken.
	// The very last point is taken too: instead of the last pick when there are Limit picks, else beside them. Source:
	// MLflow 3.15 and newer, metrics/get-history-bulk-interval [TS-207]. Unknown runs contribute nothing.
	SampleHistory(ctx context.Context, query SampleQuery) ([]RunMetric, error)
}

// Sample picks from the points of one run, which must be sorted by step, timestamp and value, what SampleHistory
// promises. It returns points itself when they are no more than limit.
func Sample[T any](points []T, limit int) []T {
	limit = max(limit, 1)
	n := len(points)
	if n <= limit {
		return points
	}
	picked := make([]T, 0, limit)
	size, larger := n/limit, n%limit // the first `larger` groups hold one more
	last, at := 0, 0
	for group := range limit {
		picked = append(picked, points[at])
		last = at
		at += size
		if group < larger {
			at++
		}
	}
	if last != n-1 {
		picked[limit-1] = points[n-1]
	}
	return picked
}
