package server

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/rest"
)

func (s *Server) historyRoutes() []route {
	return []route{
		json(rest.MetricsHistory, on(read, runKind, func(q rest.MetricHistory) string { return q.RunID }), s.metricHistory),
		json(rest.MetricsHistoryBulk, func(q rest.MetricHistories) []need { return readEach(runKind, q.RunIDs) }, s.metricHistories),
		json(rest.MetricsHistoryInterval,
			func(q rest.SampledHistories) []need { return readEach(runKind, q.RunIDs) }, s.sampledHistories),
	}
}

// metricHistory answers a page of a history. Without max_results it is the whole history (a deviation from MLflow up to 3.13,
// whose clients of 1.x got nothing).
func (s *Server) metricHistory(c *call, q rest.MetricHistory) (pieces[core.Metric], error) {
	limit, err := pageLimit(q.MaxResults)
	if err != nil {
		return pieces[core.Metric]{}, err
	}
	history, err := pieces[core.Metric]{
		name: "metrics", size: 2500, limit: limit, bound: s.bounds.HistoryPage,
		read: func(o core.PageOptions) (core.Page[core.Metric], error) {
			return s.tracking.MetricHistory(c.ctx(), core.RunID(q.RunID), q.MetricKey, core.HistoryOptions{PageOptions: o})
		},
		write: rest.AppendMetrics,
	}.from(q.PageToken)
	return history, noRun(err, q.RunID)
}

// The most that one call on several runs may ask for. Source: mlflow/server/handlers.py, MAX_RUNS_GET_METRIC_HISTORY_BULK,
// MAX_HISTORY_RESULTS, MAX_RESULTS_PER_RUN.
const (
	mostRuns      = 100
	mostPoints    = 25000
	mostSampled   = 2500
	historyBulk   = "GetMetricHistoryBulk"
	bulkIntervals = "GetMetricHistoryBulkInterval"
)

func (s *Server) metricHistories(c *call, q rest.MetricHistories) (rest.Histories, error) {
	switch n := len(q.RunIDs); {
	case n == 0:
		return nil, core.Invalid("run_id", "%s request must specify at least one run_id.", historyBulk)
	case n > mostRuns:
		return nil, core.Invalid("run_id", "%s request cannot specify more than %d run_ids. Received %d run_ids.",
			historyBulk, mostRuns, n)
	case q.MetricKey == "":
		return nil, core.Invalid("metric_key", "%s request must specify a metric_key.", historyBulk)
	}
	limit, err := pageLimit(q.MaxResults)
	if err != nil {
		return nil, err
	}
	if limit == 0 || limit > mostPoints {
		limit = mostPoints
	}
	query := core.HistoriesQuery{Runs: runIDs(q.RunIDs), Key: q.MetricKey, Limit: limit}
	return client.MetricHistories(c.ctx(), s.tracking, query)
}

func (s *Server) sampledHistories(c *call, q rest.SampledHistories) (rest.Histories, error) {
	if n := len(q.RunIDs); n > mostRuns {
		return nil, core.Invalid("run_ids", "%s request must specify at most %d run_ids. Received %d run_ids.",
			bulkIntervals, mostRuns, n)
	}
	query := core.SampleQuery{Runs: runIDs(q.RunIDs), Key: q.MetricKey, Limit: mostSampled}
	if q.MaxResults != nil {
		if *q.MaxResults < 1 || *q.MaxResults > mostSampled {
			return nil, core.Invalid("max_results", "max_results must be between 1 and %d.", mostSampled)
		}
		query.Limit = int(*q.MaxResults)
	}
	query.Start, query.End = (*int64)(q.StartStep), (*int64)(q.EndStep)
	return client.SampleHistory(c.ctx(), s.tracking, query)
}

func runIDs(texts []string) []core.RunID {
	ids := make([]core.RunID, 0, len(texts))
	for _, text := range texts {
		ids = append(ids, core.RunID(text))
	}
	return ids
}
