package server_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/rest"
)

func diff(t *testing.T, want, got any) {
	t.Helper()
	same := cmp.Comparer(func(a, b rest.Float) bool { return a == b || math.IsNaN(float64(a)) && math.IsNaN(float64(b)) })
	if d := cmp.Diff(want, got, same); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestWhatMetricsRefuse(t *testing.T) {
	t.Parallel()
	active := "The run GONE must be in the 'active' state. Current state is deleted."
	list := func(n int, item string) string {
		items := make([]string, n)
		for i := range items {
			items[i] = strings.ReplaceAll(item, "#", strconv.Itoa(i))
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	point := `{"key":"k#","value":1,"timestamp":1}`
	newClient(t, nil).check([]refusal{
		{"runs/log-metric", `{"run_id":"RUN","key":"k","value":1}`, 400, invalid, fmt.Sprintf(missing, "timestamp")},
		{"runs/log-metric", `{"run_id":"RUN","key":"k","timestamp":1}`, 400, invalid, fmt.Sprintf(missing, "value")},
		{"runs/log-metric", `{"run_id":"RUN","key":"k","value":null,"timestamp":1}`, 400, invalid, fmt.Sprintf(missing, "value")},
		{"runs/log-metric", `{"run_id":"RUN","key":"k","value":"x","timestamp":1}`, 400, invalid, `Invalid value "x" for parameter 'value' supplied`},
		{"runs/log-metric", `{"run_id":"RUN","key":"k","value":1,"timestamp":5.5}`, 400, invalid, "Invalid value 5.5 for parameter 'timestamp' supplied"},
		{"runs/log-metric", `{"run_id":"RUN","key":"k","value":1,"timestamp":1,"step":"x"}`, 400, invalid, "'step'"},
		{"runs/log-metric", `{"run_id":"RUN","key":"k","value":1,"timestamp":-1}`, 400, invalid, "Invalid value -1 for parameter 'timestamp' supplied: metric 'k' (value=1). Timestamp must be a nonnegative long (64-bit integer) "},
		{"runs/log-metric", `{"run_id":5,"key":"k","value":1,"timestamp":1}`, 400, invalid, "Invalid value 5 for parameter 'run_id' supplied"},
		{"runs/log-metric", `{"run_id":"RUN","key":"/k","value":1,"timestamp":1}`, 400, invalid, `Invalid value "/k" for parameter 'name' supplied: `},
		{"runs/log-metric", `{"run_id":"RUN","key":"k","value":1,"timestamp":1,"dataset_name":"d"}`, 400, invalid, "must come together"},
		{"runs/log-metric", `{"run_id":"GONE","key":"k","value":1,"timestamp":1}`, 400, invalid, active},
		{"runs/log-metric", `{"run_id":"nobody","key":"k","value":1,"timestamp":1}`, 404, lost, "Run with id=nobody not found"},
		{"runs/log-parameter", `{"run_id":"RUN","value":"v"}`, 400, invalid, fmt.Sprintf(missing, "key")},
		{"runs/log-parameter", `{"run_id":"RUN","key":"a//b","value":"v"}`, 400, invalid, `Invalid value "a//b" for parameter 'key' supplied: `},
		{"runs/log-batch", `{"run_id":"RUN","metrics":"foo"}`, 400, invalid, `Invalid value "foo" for parameter 'metrics' supplied`},
		{"runs/log-batch", `{"run_id":"RUN","metrics":[{"key":"k","value":1}]}`, 400, invalid, fmt.Sprintf(missing, "metrics[0].timestamp")},
		{"runs/log-batch", `{"run_id":"RUN","params":[{"value":"v"}]}`, 400, invalid, fmt.Sprintf(missing, "params[0].key")},
		{"runs/log-batch", `{"run_id":"RUN","metrics":[{"key":"../k","value":1,"timestamp":1}]}`, 400, invalid, `Invalid value "../k" for parameter 'metrics[0].name' supplied: `},
		{"runs/log-batch", `{"run_id":"RUN","tags":[{"key":"ok"},{"key":"` + strings.Repeat("k", 251) + `"}]}`, 400, invalid, "'tags[1].key' exceeds the maximum length of 250 characters"},
		{"runs/log-batch", `{"run_id":"RUN","params":[{"key":"a","value":"1"},{"key":"a","value":"1"}]}`, 400, invalid, "Duplicate parameter keys have been submitted"},
		{"runs/log-batch", `{"run_id":"RUN","metrics":` + list(1001, point) + `}`, 400, invalid, "A batch logging request can contain at most 1000 metrics. Got 1001 metrics. Please split up metrics across multiple requests and try again."},
		{"runs/log-batch", `{"run_id":"RUN","params":` + list(101, `{"key":"k#"}`) + `}`, 400, invalid, "at most 100 params"},
		{"runs/log-batch", `{"run_id":"RUN","metrics":` + list(1000, point) + `,"tags":[{"key":"t"}]}`, 400, invalid, "at most 1000 metrics, params, and tags"},
		{"runs/log-batch", `{"run_id":"nobody"}`, 404, lost, "Run with id=nobody not found"},
		{"runs/log-batch", `{"run_id":"GONE","tags":[{"key":"t"}]}`, 400, invalid, active},
		{"runs/log-batch", `{"run_id":"RUN","metrics":` + strings.Repeat("[", 70) + `}`, 400, invalid, "64 levels"},
		{"metrics/get-history?run_id=RUN", "", 400, invalid, fmt.Sprintf(missing, "metric_key")},
		{"metrics/get-history?run_id=RUN&metric_key=k&max_results=0", "", 400, invalid, "positive"},
		{"metrics/get-history?run_id=nobody&metric_key=k", "", 404, lost, "Run with id=nobody not found"},
		{"metrics/get-history-bulk?metric_key=k", "", 400, invalid, "GetMetricHistoryBulk request must specify at least one run_id."},
		{"metrics/get-history-bulk?metric_key=k" + strings.Repeat("&run_id=a", 101), "", 400, invalid, "GetMetricHistoryBulk request cannot specify more than 100 run_ids. Received 101 run_ids."},
		{"metrics/get-history-bulk?run_id=a", "", 400, invalid, "GetMetricHistoryBulk request must specify a metric_key."},
		{"metrics/get-history-bulk-interval?metric_key=k" + strings.Repeat("&run_ids=a", 101), "", 400, invalid, "GetMetricHistoryBulkInterval request must specify at most 100 run_ids. Received 101 run_ids."},
		{"metrics/get-history-bulk-interval?metric_key=k&run_ids=a&max_results=2501", "", 400, invalid, "max_results must be between 1 and 2500."},
		{"metrics/get-history-bulk-interval?metric_key=k&run_ids=a&start_step=4", "", 400, invalid, "If either start step or end step are specified, both must be specified."},
		{"metrics/get-history-bulk-interval?metric_key=k&run_ids=a&start_step=4&end_step=3", "", 400, invalid, "end_step must be greater than start_step. Found start_step=4 and end_step=3."},
		{"experiments/search-datasets", `{}`, 400, invalid, "SearchDatasets request must specify at least one experiment_id."},
		{"experiments/search-datasets", `{"experiment_ids":` + list(21, `"#"`) + `}`, 400, invalid, "SearchDatasets request cannot specify more than 20 experiment_ids. Received 21 experiment_ids."},
		{"runs/outputs", `{"run_id":"RUN"}`, 400, invalid, fmt.Sprintf(missing, "models")},
		{"runs/log-inputs", `{"run_id":"GONE","models":[{"model_id":"m"}]}`, 400, invalid, active},
		{"runs/log-inputs", `{"run_id":"RUN","datasets":[{"dataset":{"name":"d","digest":"` + strings.Repeat("e", 37) + `","source_type":"s","source":"s"}}]}`, 400, invalid, "36"},
	})
}

func TestChangingAParamIsRefusedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	id := c.run()
	for range 2 {
		c.ok("runs/log-parameter", `{"run_uuid":"`+id+`","key":"p","value":"old"}`, nil)
	}
	status, body := c.send("runs/log-parameter", `{"run_id":"`+id+`","key":"p","value":"new"}`)
	want := "Changing param values is not allowed. Param with key='p' was already logged with value='old' for run ID='" + id +
		"'. Attempted logging new value 'new'."
	if status != 400 || !strings.Contains(body, want) {
		t.Errorf("%d %s", status, body)
	}
	status, body = c.send("runs/log-batch", `{"run_id":"`+id+`","params":[{"key":"p","value":"new"}],"tags":[{"key":"t"}],`+
		`"metrics":[{"key":"m","value":1,"timestamp":1}]}`)
	if status != 400 || !strings.Contains(body, "Changing param values is not allowed.") {
		t.Errorf("%d %s", status, body)
	}
	data := c.get(id).Data
	if len(data.Metrics) != 0 || len(data.Tags) != 1 || len(data.Params) != 1 || data.Params[0].Value != "old" {
		t.Errorf("%+v", data)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	id := c.run()
	c.ok("runs/log-metric", `{"run_id":"`+id+`","key":"m","value":0,"timestamp":0}`, nil)
	c.ok("runs/log-metric", `{"run_uuid":"`+id+`","key":"m","value":"NaN","timestamp":"2","step":1e0}`, nil)
	c.ok("runs/log-batch", `{"run_id":"`+id+`","metrics":[{"key":"m","value":"-Infinity","timestamp":1,"step":-5},`+
		`{"key":"n","value":1e300,"timestamp":7,"run_id":"`+id+`","dataset_name":"d","dataset_digest":"e"}],`+
		`"params":[{"key":"this is/a weird/but valid param"}],"tags":[{"key":"t","value":"1"},{"key":"t","value":"2"}],"more":1}`, nil)
	c.ok("runs/log-batch", `{"run_id":"`+id+`","metrics":null}`, nil)
	minus, nan := rest.Float(math.Inf(-1)), rest.Float(math.NaN())
	data := c.get(id).Data
	diff(t, []rest.Metric{
		{Key: "m", Value: nan, Timestamp: 2, Step: 1},
		{Key: "n", Value: 1e300, Timestamp: 7, DatasetName: "d", DatasetDigest: "e"},
	}, data.Metrics)
	diff(t, []rest.Tag{{Key: "this is/a weird/but valid param"}}, data.Params)
	diff(t, rest.Tag{Key: "t", Value: "2"}, data.Tags[1])
	whole := []rest.Metric{
		{Key: "m", Value: 0}, {Key: "m", Value: minus, Timestamp: 1, Step: -5}, {Key: "m", Value: nan, Timestamp: 2, Step: 1},
	}
	for _, query := range []string{"", "&max_results=25000"} {
		var page rest.MetricsPage
		c.ok("metrics/get-history?run_uuid="+id+"&metric_key=m"+query, "", &page)
		diff(t, rest.MetricsPage{Metrics: whole}, page)
	}
	var none rest.MetricsPage
	c.ok("metrics/get-history?run_id="+id+"&metric_key=unknown", "", &none)
	diff(t, rest.MetricsPage{}, none)
}

func TestHistories(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	a, b := c.run(), c.run()
	for _, id := range []string{a, b} {
		c.ok("runs/log-batch", `{"run_id":"`+id+`","metrics":[`+strings.Join(points(10), ",")+`]}`, nil)
	}
	sizes := []int{}
	for token := "&page_token="; token != ""; {
		var page rest.MetricsPage
		c.ok("metrics/get-history?run_id="+a+"&metric_key=m&max_results=4"+token, "", &page)
		sizes = append(sizes, len(page.Metrics))
		token = ""
		if page.NextPageToken != "" {
			token = "&page_token=" + page.NextPageToken
		}
	}
	diff(t, []int{4, 4, 2}, sizes)
	var bulk rest.MetricsPage
	c.ok("metrics/get-history-bulk?run_id="+b+"&run_id="+a+"&run_id=unknown&metric_key=m&max_results=15", "", &bulk)
	if len(bulk.Metrics) != 15 || bulk.Metrics[0].RunID != min(a, b) || bulk.Metrics[14].RunID != max(a, b) {
		t.Errorf("%d points: %+v", len(bulk.Metrics), bulk.Metrics)
	}
	for query, want := range map[string][]rest.Int{
		"":                                       {0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
		"&max_results=5":                         {0, 2, 4, 6, 9},
		"&max_results=2&start_step=3&end_step=8": {3, 8},
	} {
		var page rest.MetricsPage
		c.ok("metrics/get-history-bulk-interval?run_ids="+b+"&run_ids="+a+"&metric_key=m"+query, "", &page)
		var steps []rest.Int
		for i, m := range page.Metrics {
			steps = append(steps, m.Step)
			if id := []string{b, a}[i/len(want)]; m.RunID != id {
				t.Errorf("%s: point %d is of run %s, not %s", query, i, m.RunID, id)
			}
		}
		diff(t, append(want, want...), steps)
	}
}

// points are n points of the metric m, at the steps from 0.
func points(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"key":"m","value":%d,"timestamp":%d,"step":%d}`, i*i, i, i)
	}
	return list
}

// A history of many pages is written while it is read; what arrives is whole.
func TestALongHistoryArrivesWhole(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	id := c.run()
	const n = 26000 // more than the 25000 of a page
	for at := 0; at < n; at += 1000 {
		list := make([]string, 1000)
		for i := range list {
			list[i] = fmt.Sprintf(`{"key":"m","value":%d,"timestamp":%d}`, at+i, at+i)
		}
		c.ok("runs/log-batch", `{"run_id":"`+id+`","metrics":[`+strings.Join(list, ",")+`]}`, nil)
	}
	var page rest.MetricsPage
	c.ok("metrics/get-history?run_id="+id+"&metric_key=m", "", &page)
	if len(page.Metrics) != n || page.NextPageToken != "" {
		t.Fatalf("%d points, next %q", len(page.Metrics), page.NextPageToken)
	}
	for i, m := range page.Metrics {
		if m.Value != rest.Float(i) {
			t.Fatalf("point %d is %v", i, m)
		}
	}
}

func TestInputsAndOutputs(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	id := c.run()
	input := `{"tags":[{"key":"mlflow.data.context","value":"train"}],"dataset":{"name":"d","digest":"e","source_type":"local","source":"{}","schema":"s"}}`
	for range 2 {
		c.ok("runs/log-inputs", `{"run_id":"`+id+`","datasets":[`+input+`,`+input+`],"models":[{"model_id":"m-1"}]}`, nil)
		c.ok("runs/outputs", `{"run_id":"`+id+`","models":[{"model_id":"m-2","step":"3"}]}`, nil)
	}
	c.ok("runs/log-inputs", `{"run_id":"`+id+`"}`, nil)
	c.ok("runs/outputs", `{"run_id":"`+id+`","models":[]}`, nil)
	run := c.get(id)
	diff(t, rest.RunInputs{
		DatasetInputs: []rest.DatasetInput{{
			Tags:    []rest.Tag{{Key: "mlflow.data.context", Value: "train"}},
			Dataset: rest.Dataset{Name: "d", Digest: "e", SourceType: "local", Source: "{}", Schema: "s"},
		}},
		ModelInputs: []rest.ModelInput{{ModelID: "m-1"}},
	}, run.Inputs)
	diff(t, rest.RunOutputs{ModelOutputs: []rest.ModelOutput{{ModelID: "m-2", Step: 3}}}, run.Outputs)
	var found rest.DatasetsAnswer
	c.ok("experiments/search-datasets", `{"experiment_ids":["0","88"]}`, &found)
	diff(t, rest.DatasetsAnswer{DatasetSummaries: []rest.DatasetSummary{{ExperimentID: "0", Name: "d", Digest: "e", Context: "train"}}}, found)
}
