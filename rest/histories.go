package rest

import "github.com/mlstore/mlstore/core"

// AppendMetrics writes points at the end of b, with commas between them; MetricsPage reads them.
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
