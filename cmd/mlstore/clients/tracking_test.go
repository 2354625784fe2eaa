package clients_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/internal/testenv"
)

// TestTrackingAnswersAsMLflow is TestTheRegistryAnswersAsMLflow for experiments, runs and what they measured.
func TestTrackingAnswersAsMLflow(t *testing.T) {
	t.Parallel()
	theirs := newTwin(t, testenv.OwnMLflow(t, "3.18.0").URL)
	ours := newTwin(t, serve(t))
	for _, e := range slices.Concat(experimentExchanges(), runExchanges(), metricExchanges(), searchExchanges(), inputExchanges()) {
		want, got := theirs.send(t, e), ours.send(t, e)
		switch diff := cmp.Diff(want, got); {
		case diff != "" && e.differs == "":
			t.Errorf("%s %s %.300s (-MLflow +ours):\n%s", e.method, e.path, e.body, diff)
		case diff == "" && e.differs != "":
			t.Errorf("%s %s %.300s does not differ: %s", e.method, e.path, e.body, e.differs)
		}
	}
}

// anyID is why an experiment's id that is no number is unknown, and not malformed.
const anyID = "stores of other kinds than SQL have such ids"

func experimentExchanges() []exchange {
	return []exchange{
		{"POST", "experiments/create", `{"name":"one","artifact_location":"s3://b/one","tags":[{"key":"a","value":"1"}]}`, ""},
		{"POST", "experiments/create", `{"name":"two"}`, ""},
		{"POST", "experiments/create", `{"name":"gone"}`, ""},
		{"POST", "experiments/create", `{"name":"one"}`, ""},
		{"POST", "experiments/create", `{"name":""}`, ""},
		{"POST", "experiments/create", `{"name":" "}`, ""},
		{"POST", "experiments/create", `{"name":123}`, ""},
		{"POST", "experiments/create", `{}`, ""},
		{"POST", "experiments/create", `{"name":"x","artifact_location":9.0}`, ""},
		{"POST", "experiments/create", `{"name":"x","artifact_location":"runs:/a/b"}`, ""},
		{"POST", "experiments/create", `{"name":"x","artifact_location":"s3://b/c#d"}`, ""},
		{"POST", "experiments/create", `{"name":"x","artifact_location":"http://other/c"}`, ""},
		{"POST", "experiments/create", `{"name":"x","tags":"5"}`, ""},
		{"POST", "experiments/create", `{"name":"x","tags":[{"key":"../a","value":"1"}]}`, ""},
		{"POST", "experiments/create", `{"name":"` + strings.Repeat("n", 501) + `"}`, ""},
		{"GET", "experiments/get?experiment_id=1", ``, ""},
		{"GET", "experiments/get?experiment_id=0", ``, ""},
		{"GET", "experiments/get?experiment_id=99", ``, ""},
		{"GET", "experiments/get?experiment_id=x", ``, anyID},
		{"GET", "experiments/get", ``, ""},
		{"GET", "experiments/get-by-name?experiment_name=two", ``, ""},
		{"GET", "experiments/get-by-name?experiment_name=none", ``, ""},
		{"POST", "experiments/update", `{"experiment_id":"2","new_name":"second"}`, ""},
		{"POST", "experiments/update", `{"experiment_id":"2"}`, ""},
		{"POST", "experiments/update", `{"experiment_id":"99","new_name":"x"}`, ""},
		{"POST", "experiments/set-experiment-tag", `{"experiment_id":"1","key":"b","value":"2"}`, ""},
		{"POST", "experiments/set-experiment-tag", `{"experiment_id":"1","key":"empty"}`, ""},
		{"POST", "experiments/set-experiment-tag", `{"experiment_id":"1","key":"/b","value":"2"}`, ""},
		{"POST", "experiments/set-experiment-tag", `{"experiment_id":"1","key":"b","value":"` + strings.Repeat("v", 20001) + `"}`, ""},
		{"POST", "experiments/set-experiment-tag", `{"experiment_id":"99","key":"b","value":"2"}`, ""},
		{"POST", "experiments/delete-experiment-tag", `{"experiment_id":"1","key":"a"}`, ""},
		{"POST", "experiments/delete-experiment-tag", `{"experiment_id":"1","key":"a"}`, ""},
		{"POST", "experiments/delete", `{"experiment_id":"3"}`, ""},
		{"POST", "experiments/delete", `{"experiment_id":"3"}`, ""},
		{"POST", "experiments/delete", `{"experiment_id":"99"}`, ""},
		{"POST", "experiments/set-experiment-tag", `{"experiment_id":"3","key":"b","value":"2"}`, ""},
		{"POST", "experiments/update", `{"experiment_id":"3","new_name":"x"}`, repeated},
		{"GET", "experiments/get?experiment_id=3", ``, ""},
		{"POST", "experiments/create", `{"name":"gone"}`, ""},
		{"POST", "runs/create", `{"experiment_id":"3"}`, ""},
		{"POST", "experiments/search", `{"max_results":10,"view_type":"ALL","order_by":["name ASC"]}`, ""},
		{"POST", "experiments/search", `{"max_results":10,"view_type":"DELETED_ONLY"}`, ""},
		{"POST", "experiments/search", `{"max_results":10,"filter":"name LIKE 'o%'"}`, ""},
		{"POST", "experiments/search", `{"max_results":10,"filter":"tags.b = '2'"}`, ""},
		{"POST", "experiments/search", `{"max_results":10,"filter":"tags.b IS NULL","order_by":["name"]}`, ""},
		{"POST", "experiments/search", `{"max_results":10,"filter":"attributes.name = 'one'"}`, ""},
		{"POST", "experiments/search", `{"max_results":10,"filter":"experiment_id IN ('1','2')","order_by":["experiment_id"]}`, ""},
		{"POST", "experiments/search", `{"max_results":10,"filter":"nonsense"}`, ""},
		{"POST", "experiments/search", `{"max_results":10,"order_by":["tags.b"]}`, ""},
		{"GET", "experiments/search?max_results=1&order_by=name", ``, ""},
		{"POST", "experiments/search", `{}`, ""},
		{"POST", "experiments/search", `{"max_results":0}`, ""},
		{"POST", "experiments/search", `{"max_results":50001}`, ""},
		{"POST", "experiments/search", `{"max_results":10,"page_token":"nonsense"}`, ""},
		{"POST", "experiments/restore", `{"experiment_id":"3"}`, ""},
		{"POST", "experiments/restore", `{"experiment_id":"3"}`, ""},
	}
}

func runExchanges() []exchange {
	return []exchange{
		{"POST", "runs/create", `{"experiment_id":"1","run_name":"n","user_id":"ann","start_time":"12","tags":[{"key":"t","value":"1"}]}`, ""},
		{"POST", "runs/create", `{"experiment_id":"1","tags":[{"key":"mlflow.runName","value":"by tag"}]}`, ""},
		{"POST", "runs/create", `{"experiment_id":"1","run_name":"A","tags":[{"key":"mlflow.runName","value":"B"}]}`, ""},
		{"POST", "runs/create", `{"experiment_id":"1","start_time":5}`, ""},
		{"POST", "runs/create", `{"experiment_id":"99"}`, ""},
		{"POST", "runs/create", `{"experiment_id":"1","start_time":"soon"}`, ""},
		{"GET", "runs/get?run_id=@RUN", ``, ""},
		{"GET", "runs/get?run_uuid=@RUN", ``, ""},
		{"GET", "runs/get?run_id=" + strings.Repeat("0", 32), ``, ""},
		{"GET", "runs/get", ``, ""},
		{"POST", "runs/update", `{"run_id":"@RUN","status":"FINISHED","end_time":20}`, ""},
		{"POST", "runs/update", `{"run_id":"@RUN","run_name":"new"}`, ""},
		{"POST", "runs/update", `{"run_uuid":"@RUN","status":4}`, ""},
		{"POST", "runs/update", `{"run_id":"@RUN","status":99}`, ""},
		{"POST", "runs/update", `{"run_id":"@RUN","run_name":""}`, ""},
		{"POST", "runs/update", `{"run_id":"nobody","status":"FINISHED"}`, ""},
		{"POST", "runs/set-tag", `{"run_id":"@RUN","key":"t","value":"1"}`, ""},
		{"POST", "runs/set-tag", `{"run_uuid":"@RUN","key":"u"}`, ""},
		{"POST", "runs/set-tag", `{"run_id":"@RUN","value":"1"}`, ""},
		{"POST", "runs/set-tag", `{"run_id":"@RUN","key":"a/../b","value":"1"}`, ""},
		{"POST", "runs/set-tag", `{"run_id":"@RUN","key":"` + strings.Repeat("k", 251) + `","value":"1"}`, ""},
		{"POST", "runs/set-tag", `{"run_id":"@RUN","key":"mlflow.runName","value":"by tag"}`, ""},
		{"POST", "runs/delete-tag", `{"run_id":"@RUN","key":"u"}`, ""},
		{"POST", "runs/delete-tag", `{"run_id":"@RUN","key":"u"}`, ""},
		{"POST", "runs/delete-tag", `{"run_id":"nobody","key":"u"}`, ""},
		{"GET", "runs/get?run_id=@RUN", ``, ""},
		{"POST", "runs/delete", `{"run_id":"@RUN"}`, ""},
		{"POST", "runs/delete", `{"run_id":"@RUN"}`, ""},
		{"GET", "runs/get?run_id=@RUN", ``, ""},
		{"POST", "runs/set-tag", `{"run_id":"@RUN","key":"t","value":"1"}`, ""},
		{"POST", "runs/update", `{"run_id":"@RUN","status":"FINISHED"}`, ""},
		{"POST", "runs/log-metric", `{"run_id":"@RUN","key":"m","value":1,"timestamp":1}`, ""},
		{"POST", "runs/log-batch", `{"run_id":"@RUN","tags":[{"key":"t","value":"1"}]}`, ""},
		{"POST", "runs/restore", `{"run_id":"@RUN"}`, ""},
		{"POST", "runs/restore", `{"run_id":"@RUN"}`, ""},
		{"POST", "runs/restore", `{"run_id":"nobody"}`, ""},
		{"POST", "runs/log-model", `{"run_id":"@RUN","model_json":"{\"artifact_path\":\"m\",\"flavors\":{\"f\":{\"config\":1,\"x\":2}},\"utc_time_created\":\"t\",\"run_id\":\"@RUN\"}"}`, ""},
		{"POST", "runs/log-model", `{"run_id":"@RUN","model_json":"{}"}`, ""},
		{"POST", "runs/log-model", `{"run_id":"@RUN","model_json":"{"}`, ""},
		{"POST", "runs/log-model", `{"run_id":"@RUN"}`, ""},
	}
}

func metricExchanges() []exchange {
	item := func(value string) string {
		return `{"run_id":"@RUN","metrics":[{"key":"m","value":` + value + `,"timestamp":1}]}`
	}
	return []exchange{
		{"POST", "runs/log-metric", `{"run_id":"@RUN","key":"m","value":0,"timestamp":0}`, ""},
		{"POST", "runs/log-metric", `{"run_uuid":"@RUN","key":"m","value":"2.5","timestamp":"2","step":3}`, ""},
		{"POST", "runs/log-metric", `{"run_id":"@RUN","key":"nan","value":"NaN","timestamp":2}`, ""},
		{"POST", "runs/log-metric", "\ufeff" + `{"run_id":"@RUN","key":"marked","value":7,"timestamp":2}`, ""},
		{"POST", "runs/log-metric", `{"run_id":"@RUN","key":"m","value":1}`, ""},
		{"POST", "runs/log-metric", `{"run_id":"@RUN","key":"m","timestamp":1}`, ""},
		{"POST", "runs/log-metric", `{"run_id":"@RUN","key":"m","value":"x","timestamp":1}`, ""},
		{"POST", "runs/log-metric", `{"run_id":"@RUN","key":"m","value":1,"timestamp":-1}`, ""},
		{"POST", "runs/log-metric", `{"run_id":"@RUN","key":"/m","value":1,"timestamp":1}`, ""},
		{"POST", "runs/log-metric", `{"run_id":"@RUN","key":"m","value":1,"timestamp":1,"step":"x"}`, ""},
		{"POST", "runs/log-metric", `{"run_id":"nobody","key":"m","value":1,"timestamp":1}`, ""},
		{"POST", "runs/log-metric", `{"run_id":"@RUN","runId":"@RUN","key":"m","value":1,"timestamp":1}`, ""},
		{"POST", "runs/log-parameter", `{"run_id":"@RUN","key":"p","value":"1"}`, ""},
		{"POST", "runs/log-parameter", `{"run_id":"@RUN","key":"p","value":"1"}`, ""},
		{"POST", "runs/log-parameter", `{"run_id":"@RUN","key":"p","value":"2"}`, ""},
		{"POST", "runs/log-parameter", `{"run_id":"@RUN","key":"q"}`, ""},
		{"POST", "runs/log-parameter", `{"run_id":"@RUN","value":"1"}`, ""},
		{"POST", "runs/log-parameter", `{"run_id":"@RUN","key":"long","value":"` + strings.Repeat("v", 6001) + `"}`, ""},
		{"POST", "runs/log-batch", item("7"), ""},
		{"POST", "runs/log-batch", item(`"-Infinity"`), ""},
		{"POST", "runs/log-batch", item("null"), ""},
		{"POST", "runs/log-batch", item("[1]"), "MLflow stops reading there, drops the rest and succeeds"},
		{"POST", "runs/log-batch", `{"run_id":"@RUN","metrics":[{"key":"m","value":1}]}`, ""},
		{"POST", "runs/log-batch", `{"run_id":"@RUN","metrics":"foo"}`, ""},
		{"POST", "runs/log-batch", `{"run_id":"@RUN","params":[{"key":"a","value":"1"},{"key":"a","value":"1"}]}`, ""},
		{"POST", "runs/log-batch", `{"run_id":"@RUN","params":[{"key":"p","value":"3"}],"tags":[{"key":"no","value":"1"}]}`, ""},
		{"POST", "runs/log-batch", `{"run_id":"@RUN","params":[` + strings.Repeat(`{"key":"z"},`, 100) + `{"key":"y"}]}`, ""},
		{"POST", "runs/log-batch", `{"run_id":"@RUN","tags":[{"key":"twice","value":"1"},{"key":"twice","value":"2"}]}`, ""},
		{"POST", "runs/log-batch", `{"run_id":"@RUN"}`, ""},
		{"POST", "runs/log-batch", `{"run_id":"nobody"}`, ""},
		{"POST", "runs/log-batch", `{}`, ""},
		{"GET", "runs/get?run_id=@RUN", ``, ""},
		{"GET", "metrics/get-history?run_id=@RUN&metric_key=m", ``, ""},
		{"GET", "metrics/get-history?run_id=@RUN&metric_key=m&max_results=2", ``, ""},
		{"GET", "metrics/get-history?run_id=@RUN&metric_key=m&max_results=0", ``, ""},
		{"GET", "metrics/get-history?run_id=@RUN&metric_key=none", ``, ""},
		{"GET", "metrics/get-history?run_id=nobody&metric_key=m", ``, "a run that is not there is not found, as in MLflow's file store"},
		{"GET", "metrics/get-history?run_id=@RUN", ``, ""},
		{"GET", "metrics/get-history-bulk-interval?run_ids=@RUN&metric_key=m", ``, ""},
		{"GET", "metrics/get-history-bulk-interval?run_ids=@RUN&metric_key=m&max_results=2", ``, ""},
		{"GET", "metrics/get-history-bulk-interval?run_ids=@RUN&metric_key=m&max_results=2501", ``, ""},
		{"GET", "metrics/get-history-bulk-interval?run_ids=@RUN&metric_key=m&start_step=1", ``, ""},
		{"GET", "metrics/get-history-bulk-interval?run_ids=@RUN&metric_key=m&start_step=1&end_step=3", ``, ""},
		{"GET", "metrics/get-history-bulk-interval?run_ids=@RUN&metric_key=m&start_step=3&end_step=1", ``, ""},
		{"GET", "metrics/get-history-bulk-interval?metric_key=m", ``, ""},
		{"GET", "metrics/get-history-bulk-interval?run_ids=@RUN", ``, ""},
	}
}

func searchExchanges() []exchange {
	search := func(rest, differs string) exchange {
		return exchange{"POST", "runs/search", `{"experiment_ids":["1"]` + rest + `}`, differs}
	}
	return []exchange{
		search("", ""),
		search(`,"filter":"tags.t = '1'"`, ""),
		search(`,"filter":"run_name = 'n'"`, ""),
		search(`,"filter":"attributes.status = 'RUNNING'","order_by":["start_time DESC","run_name ASC"]`, ""),
		search(`,"filter":"metrics.m > 1"`, ""),
		search(`,"filter":"params.p IS NULL","order_by":["tags.t DESC"],"max_results":1`, ""),
		search(`,"filter":"foo.x = 1"`, ""),
		search(`,"filter":"metrics.m = 'x'"`, ""),
		search(`,"filter":"status = RUNNING"`, ""),
		search(`,"filter":"a = 'b' OR c = 'd'"`, ""),
		search(`,"order_by":["nonsense here"]`, ""),
		search(`,"max_results":0`, ""),
		search(`,"max_results":50001`, ""),
		search(`,"page_token":"nonsense"`, ""),
		search(`,"run_view_type":"DELETED_ONLY"`, ""),
		{"POST", "runs/search", `{"experiment_ids":["x"]}`, anyID},
		{"POST", "runs/search", `{"experiment_ids":[]}`, ""},
		{"POST", "runs/search", `{}`, ""},
	}
}

func inputExchanges() []exchange {
	input := `{"tags":[{"key":"mlflow.data.context","value":"train"}],"dataset":{"name":"d","digest":"e","source_type":"local","source":"{}","schema":"s"}}`
	return []exchange{
		{"POST", "runs/log-inputs", `{"run_id":"@RUN","datasets":[` + input + `],"models":[{"model_id":"@MODEL"}]}`, ""},
		{"POST", "runs/log-inputs", `{"run_id":"@RUN","datasets":[` + input + `]}`, ""},
		{"POST", "runs/log-inputs", `{"run_id":"@RUN"}`, ""},
		{"POST", "runs/log-inputs", `{}`, ""},
		{"POST", "runs/log-inputs", `{"run_id":"nobody","datasets":[` + input + `]}`, ""},
		{"POST", "runs/outputs", `{"run_id":"@RUN","models":[{"model_id":"@MODEL","step":3}]}`, ""},
		{"POST", "runs/outputs", `{"run_id":"@RUN"}`, ""},
		{"GET", "runs/get?run_id=@RUN", ``, ""},
	}
}
