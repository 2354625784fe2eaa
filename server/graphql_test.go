package server_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// The queries are in the form of MLflow's web page; the answers were compared with those of MLflow 3.18.
func TestTheQueriesOfTheWebPage(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	id := c.run()
	c.ok("runs/log-batch", `{"run_id":"`+id+`","metrics":[{"key":"m","value":1.5,"timestamp":2,"step":3},{"key":"nan","value":"NaN","timestamp":1}],`+
		`"params":[{"key":"p","value":"v"}]}`, nil)
	c.ok("runs/log-inputs", `{"run_id":"`+id+`","datasets":[{"tags":[{"key":"k","value":"w"}],"dataset":{"name":"d","digest":"e","source_type":"s","source":"t"}}],`+
		`"models":[{"model_id":"m-1"}]}`, nil)
	c.ok("runs/outputs", `{"run_id":"`+id+`","models":[{"model_id":"m-2","step":7}]}`, nil)
	c.ok("registered-models/create", `{"name":"reg"}`, nil)
	c.ok("model-versions/create", `{"name":"reg","source":"s3://b/x","run_id":"`+id+`"}`, nil)
	run := map[string]any{
		"info.runUuid": id, "info.status": "RUNNING", "info.startTime": "5", "info.endTime": "0", "info.userId": "ann",
		"info.lifecycleStage": "active", "info.__typename": "MlflowRunInfo", "experiment.name": "Default", "experiment.experimentId": "0",
		"data.metrics.0.key": "m", "data.metrics.0.value": 1.5, "data.metrics.0.step": "3", "data.metrics.0.timestamp": "2",
		"data.metrics.1.value": nil, "data.params.0.value": "v", "data.tags.0.key": "mlflow.runName",
		"inputs.datasetInputs.0.dataset.sourceType": "s", "inputs.datasetInputs.0.tags.0.value": "w", "inputs.modelInputs.0.modelId": "m-1",
		"outputs.modelOutputs.0.modelId": "m-2", "outputs.modelOutputs.0.step": "7",
		"modelVersions.0.name": "reg", "modelVersions.0.version": "1", "modelVersions.0.status": "READY", "modelVersions.0.source": "s3://b/x",
	}
	for _, q := range []struct {
		query, variables, at string
		want                 map[string]any
	}{
		{
			`query GetRun($data: MlflowGetRunInput!) @component(name: "MLflow.{Run") { mlflowGetRun(input: $data) { apiError { code } run { info { runName } } } }`,
			`{"data":{"runId":"` + id + `"}}`, "mlflowGetRun.run.", run,
		},
		{
			`query SearchRuns($data: MlflowSearchRunsInput!) { mlflowSearchRuns(input: $data) { runs { info { runName } } } }`,
			`{"data":{"experimentIds":["0"],"filter":"run_id = '` + id + `'"}}`, "mlflowSearchRuns.runs.0.", run,
		},
		{
			`query MlflowGetExperimentQuery($input: MlflowGetExperimentInput!) { mlflowGetExperiment(input: $input) { experiment { name } } }`,
			`{"input":{"experimentId":"0"}}`, "mlflowGetExperiment.",
			map[string]any{"experiment.name": "Default", "apiError": nil, "experiment.effectiveTraceArchivalRetention": ""},
		},
		{
			`query H($data: MlflowGetMetricHistoryBulkIntervalInput!) { mlflowGetMetricHistoryBulkInterval(input: $data) { __typename metrics { key } } }`,
			`{"data":{"runIds":["` + id + `"],"metricKey":"m","maxResults":320}}`, "mlflowGetMetricHistoryBulkInterval.",
			map[string]any{"__typename": "MlflowGetMetricHistoryBulkIntervalResponse", "metrics.0.value": 1.5, "metrics.0.runId": id},
		},
	} {
		body, err := json.Marshal(map[string]any{"query": q.query, "variables": json.RawMessage(q.variables), "operationName": "x"})
		must(t, err)
		status, text := c.call("POST", "/graphql", string(body))
		var answer struct{ Data, Errors any }
		must(t, json.Unmarshal([]byte(text), &answer))
		if status != 200 || answer.Errors != nil {
			t.Fatalf("%s: %d %s", q.query, status, text)
		}
		for path, want := range q.want {
			if got, there := at(answer.Data, q.at+path); !there || got != want {
				t.Errorf("%s%s is %v, not %v, in %s", q.at, path, got, want, text)
			}
		}
	}
	body := `{"query":"query Q($d: I!) {mlflowGetRun(input: $d) {run {info {runId}}}}","variables":{"d":{"runId":"nobody"}}}`
	if status, text := c.call("POST", "/graphql", body); status != 200 || text != `{"data":{"mlflowGetRun":null},"errors":["Run with id=nobody not found"]}` {
		t.Errorf("%d %s", status, text)
	}
}

// at finds what is at a path of field names and indexes.
func at(v any, path string) (any, bool) {
	for name := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			found, ok := in[name]
			if !ok {
				return nil, false
			}
			v = found
		case []any:
			if len(name) != 1 || int(name[0]-'0') >= len(in) {
				return nil, false
			}
			v = in[name[0]-'0']
		default:
			return nil, false
		}
	}
	return v, true
}

func TestOtherGraphQLIsRefused(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	get := `mlflowGetRun(input: $d) {run {info {runId}}}`
	for name, query := range map[string]string{
		"nothing": "", "no query": "nonsense", "a mutation": "mutation M($d: I!) {" + get + "}", "two fields": "query Q($d: I!) {" + get + get + "}",
		"an alias": "query Q($d: I!) {a: " + get + "}", "a literal": `query {mlflowGetRun(input: {runId: "x"}) {run {info {runId}}}}`,
		"a fragment": "query Q($d: I!) {mlflowGetRun(input: $d) {...F}} fragment F on X {run}", "an open brace": "query Q($d: I!) {" + get,
		"another field": "query Q($d: I!) {mlflowListArtifacts(input: $d) {files {path}}}", "two queries": "query Q($d: I!) {" + get + "} query R {x}",
		"too deep":       "query Q($d: I!) {mlflowGetRun(input: $d) " + strings.Repeat("{a", 20) + strings.Repeat("}", 21),
		"too long":       "query Q($d: I!) {mlflowGetRun(input: $d) {" + strings.Repeat("a ", 10000) + "}}",
		"an open string": `query Q($d: I!) @c(n: "`, "schema": "{__schema {types {name}}}",
	} {
		body, err := json.Marshal(map[string]any{"query": query, "variables": map[string]any{"d": map[string]any{"runId": "x"}}})
		must(t, err)
		if status, text := c.call("POST", "/graphql", string(body)); status != 400 || !strings.Contains(text, invalid) || name != "nothing" && !strings.Contains(text, "web page alone") {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
}
