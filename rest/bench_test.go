package rest_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// batchBody is a request to log 900 points and 100 params, as Python's client writes it.
func batchBody(tb testing.TB) []byte {
	tb.Helper()
	var batch core.Batch
	for i := range 900 {
		batch.Metrics = append(batch.Metrics, core.Metric{
			Key: fmt.Sprintf("metric-%d", i%10), Value: 1 / float64(i+3), Timestamp: core.Millis(1700000000000 + i), Step: int64(i),
		})
	}
	for i := range 100 {
		batch.Params = append(batch.Params, core.Param{Key: fmt.Sprintf("param-%d", i), Value: fmt.Sprintf("some value %d", i)})
	}
	body, err := json.Marshal(rest.LogBatchOf("0123456789abcdef0123456789abcdef", batch))
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

func BenchmarkDecodeBatch(b *testing.B) {
	body := batchBody(b)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var q rest.LogBatch
		if err := rest.Decode(body, &q); err != nil || len(q.Metrics) != 900 {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeMetric(b *testing.B) {
	body := []byte(`{"run_uuid": "0123456789abcdef0123456789abcdef", "run_id": "0123456789abcdef0123456789abcdef", ` +
		`"key": "loss", "value": 0.123, "timestamp": 1700000000000, "step": 17}`)
	b.ReportAllocs()
	for b.Loop() {
		var q rest.LogMetric
		if err := rest.Decode(body, &q); err != nil || q.Step != 17 {
			b.Fatal(err)
		}
	}
}

// BenchmarkEncodePage writes a page of 100 runs with 10 metrics, 10 params and 10 tags each.
func BenchmarkEncodePage(b *testing.B) {
	var page core.Page[core.Run]
	for range 100 {
		run := core.Run{
			RunInfo: core.RunInfo{ID: core.NewRunID(), ExperimentID: "1", Name: "name", Status: core.Finished, StartTime: 1700000000000},
			RunData: core.RunData{Metrics: map[string]core.Metric{}, Params: map[string]string{}, Tags: map[string]string{}},
		}
		for i := range 10 {
			key := fmt.Sprintf("key-%d", i)
			run.Metrics[key] = core.Metric{Key: key, Value: 1 / float64(i+3), Timestamp: 1700000000000, Step: int64(i)}
			run.Params[key], run.Tags[key] = "some value", "another value"
		}
		page.Items = append(page.Items, run)
	}
	b.ReportAllocs()
	for b.Loop() {
		body := rest.AppendRuns(nil, page.Items)
		b.SetBytes(int64(len(body)))
	}
}
