package rest

import "github.com/mlstore/mlstore/core"

// HistoryPage is a page of one history as a server writes it; MetricsPage reads it.
type HistoryPage core.Page[core.Metric]

// AppendJSON writes the page at the end of b.
func (p HistoryPage) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	if len(p.Items) > 0 {
		b = AppendMetrics(append(b, `"metrics":[`...), p.Items)
		b = append(b, ']')
	}
	return append(AppendToken(b, p.Next), '}')
}

// AppendMetrics writes points at the end of b, with commas between them.
func AppendMetrics(b []byte, points []core.Metric) []byte {
	for i, m := range points {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendPoint(b, m, ""), '}')
	}
	return b
}

// Histories are points of several runs as a server writes them; MetricsPage reads them. The list is there also when it is
// empty, as MLflow's page reads it from get-history-bulk.
type Histories []core.RunMetric

// AppendJSON writes the points at the end of b.
func (h Histories) AppendJSON(b []byte) []byte {
	b = append(b, `{"metrics":[`...)
	for i, m := range h {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendPoint(b, m.Metric, string(m.RunID)), '}')
	}
	return append(b, "]}"...)
}
