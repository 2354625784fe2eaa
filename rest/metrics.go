package rest

import "github.com/mlstore/mlstore/core"

// The calls that log and read what was measured.
const (
	RunsLogMetric          Endpoint = "POST /mlflow/runs/log-metric"
	RunsLogParameter       Endpoint = "POST /mlflow/runs/log-parameter"
	RunsLogBatch           Endpoint = "POST /mlflow/runs/log-batch"
	MetricsHistory         Endpoint = "GET /mlflow/metrics/get-history"
	MetricsHistoryBulk     Endpoint = "GET /mlflow/metrics/get-history-bulk"
	MetricsHistoryInterval Endpoint = "GET /mlflow/metrics/get-history-bulk-interval"
)

// Metric is core.Metric on the wire, in bulk histories and metrics of logged models with the run that it belongs to.
type Metric struct {
	Key           string `json:"key" rest:"required"`
	Value         Float  `json:"value" rest:"required"`
	Timestamp     Int    `json:"timestamp" rest:"required"`
	Step          Int    `json:"step"`
	DatasetName   string `json:"dataset_name,omitempty"`
	DatasetDigest string `json:"dataset_digest,omitempty"`
	ModelID       string `json:"model_id,omitempty"`
	RunID         string `json:"run_id,omitempty"`
}

// MetricOf puts a point on the wire.
func MetricOf(m core.Metric) Metric {
	return Metric{
		Key: m.Key, Value: Float(m.Value), Timestamp: Int(m.Timestamp), Step: Int(m.Step),
		DatasetName: m.DatasetName, DatasetDigest: m.DatasetDigest, ModelID: string(m.ModelID),
	}
}

// RunMetricOf puts a point with its run on the wire.
func RunMetricOf(m core.RunMetric) Metric {
	metric := MetricOf(m.Metric)
	metric.RunID = string(m.RunID)
	return metric
}

// Core takes a point from the wire.
func (m Metric) Core() core.Metric {
	return core.Metric{
		Key: m.Key, Value: float64(m.Value), Timestamp: core.Millis(m.Timestamp), Step: int64(m.Step),
		ModelID: core.ModelID(m.ModelID), DatasetName: m.DatasetName, DatasetDigest: m.DatasetDigest,
	}
}

// RunMetric takes a point with its run from the wire.
func (m Metric) RunMetric() core.RunMetric {
	return core.RunMetric{RunID: core.RunID(m.RunID), Metric: m.Core()}
}

// LogMetric asks for RunsLogMetric.
type LogMetric struct { //nolint:recvcheck // readFast alone changes it
	RunID         string `json:"run_id" rest:"required,or=run_uuid"`
	Key           string `json:"key" rest:"required"`
	Value         Float  `json:"value" rest:"required"`
	Timestamp     Int    `json:"timestamp" rest:"required"`
	Step          Int    `json:"step"`
	ModelID       string `json:"model_id,omitempty"`
	DatasetName   string `json:"dataset_name,omitempty"`
	DatasetDigest string `json:"dataset_digest,omitempty"`
}

// Metric is the point to log.
func (l LogMetric) Metric() core.Metric {
	return core.Metric{
		Key: l.Key, Value: float64(l.Value), Timestamp: core.Millis(l.Timestamp), Step: int64(l.Step),
		ModelID: core.ModelID(l.ModelID), DatasetName: l.DatasetName, DatasetDigest: l.DatasetDigest,
	}
}

// LogParameter asks for RunsLogParameter.
type LogParameter struct {
	RunID string `json:"run_id" rest:"required,or=run_uuid"`
	Key   string `json:"key" rest:"required"`
	Value string `json:"value"`
}

// LogBatch asks for RunsLogBatch.
type LogBatch struct { //nolint:recvcheck // readFast alone changes it
	RunID   string   `json:"run_id" rest:"required"`
	Metrics []Metric `json:"metrics,omitempty"`
	Params  []Tag    `json:"params,omitempty"`
	Tags    []Tag    `json:"tags,omitempty"`
}

// LogBatchOf puts a batch of a run on the wire.
func LogBatchOf(id core.RunID, batch core.Batch) LogBatch {
	l := LogBatch{RunID: string(id)}
	for _, m := range batch.Metrics {
		l.Metrics = append(l.Metrics, MetricOf(m))
	}
	for _, p := range batch.Params {
		l.Params = append(l.Params, Tag(p))
	}
	for _, t := range batch.Tags {
		l.Tags = append(l.Tags, Tag(t))
	}
	return l
}

// Batch is what is to be logged.
func (l LogBatch) Batch() core.Batch {
	batch := core.Batch{
		Metrics: make([]core.Metric, 0, len(l.Metrics)), Params: make([]core.Param, 0, len(l.Params)),
		Tags: make([]core.Tag, 0, len(l.Tags)),
	}
	for _, m := range l.Metrics {
		batch.Metrics = append(batch.Metrics, m.Core())
	}
	for _, p := range l.Params {
		batch.Params = append(batch.Params, core.Param(p))
	}
	for _, t := range l.Tags {
		batch.Tags = append(batch.Tags, core.Tag(t))
	}
	return batch
}

// MetricHistory asks for MetricsHistory. Without MaxResults it is all of it.
type MetricHistory struct {
	RunID      string `json:"run_id" rest:"required,or=run_uuid"`
	MetricKey  string `json:"metric_key" rest:"required"`
	MaxResults *Int   `json:"max_results,omitempty"`
	PageToken  string `json:"page_token,omitempty"`
}

// MetricHistories asks for MetricsHistoryBulk.
type MetricHistories struct {
	RunIDs     []string `json:"run_id"`
	MetricKey  string   `json:"metric_key"`
	MaxResults *Int     `json:"max_results,omitempty"`
}

// SampledHistories asks for MetricsHistoryInterval.
type SampledHistories struct {
	RunIDs     []string `json:"run_ids" rest:"required"`
	MetricKey  string   `json:"metric_key" rest:"required"`
	StartStep  *Int     `json:"start_step,omitempty"`
	EndStep    *Int     `json:"end_step,omitempty"`
	MaxResults *Int     `json:"max_results,omitempty"`
}

// MetricsPage answers MetricsHistory, MetricsHistoryBulk and MetricsHistoryInterval.
type MetricsPage struct {
	Metrics       []Metric `json:"metrics,omitempty"`
	NextPageToken string   `json:"next_page_token,omitempty"`
}
