package server_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/rest"
	"github.com/mlstore/mlstore/server"
)

const api = "/api/2.0/mlflow/"

// ok posts a request, or gets when it is empty, and decodes the answer, which must be 200.
func (c *client) ok(path, body string, into any) {
	c.t.Helper()
	status, text := c.send(path, body)
	if status != 200 {
		c.t.Fatalf("%s %s: %d %s", path, body, status, text)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		c.t.Fatalf("%s: %v in %s", path, err, text)
	}
}

func (c *client) send(path, body string) (int, string) {
	c.t.Helper()
	method := "POST"
	if body == "" {
		method = "GET"
	}
	return c.call(method, api+path, body)
}

// run creates a run in experiment 0.
func (c *client) run() string {
	c.t.Helper()
	var answer rest.RunAnswer
	c.ok("runs/create", `{"experiment_id":"0","start_time":5,"user_id":"ann"}`, &answer)
	return answer.Run.Info.RunID
}

func (c *client) get(id string) rest.Run {
	c.t.Helper()
	var answer rest.RunAnswer
	c.ok("runs/get?run_id="+id, "", &answer)
	return answer.Run
}

// refusal is a request and what its error must be. RUN in it stands for a run, GONE for a deleted one.
type refusal struct {
	path, body string
	status     int
	code       string
	message    string // a part of it
}

const (
	invalid = "INVALID_PARAMETER_VALUE"
	lost    = "RESOURCE_DOES_NOT_EXIST"
	missing = "Missing value for required parameter '%s'. See the API docs for more information about request parameters."
)

// check sends each request and compares the error.
func (c *client) check(refusals []refusal) {
	c.t.Helper()
	run, gone := c.run(), c.run()
	c.ok("runs/delete", `{"run_id":"`+gone+`"}`, nil)
	names := strings.NewReplacer("RUN", run, "GONE", gone)
	for _, r := range refusals {
		status, text := c.send(names.Replace(r.path), names.Replace(r.body))
		var got rest.Error
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			c.t.Errorf("%s %s: %d %s", r.path, r.body, status, text)
			continue
		}
		if status != r.status || string(got.ErrorCode) != r.code || !strings.Contains(got.Message, names.Replace(r.message)) {
			c.t.Errorf("%s %s:\n got %d %s %s\nwant %d %s %s", r.path, r.body, status, got.ErrorCode, got.Message,
				r.status, r.code, r.message)
		}
	}
}

func TestWhatExperimentsRefuse(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	c.ok("experiments/create", `{"name":"taken"}`, nil)
	c.ok("experiments/create", `{"name":"deleted"}`, nil)
	c.ok("experiments/delete", `{"experiment_id":"2"}`, nil)
	c.check([]refusal{
		{"experiments/create", `{}`, 400, invalid, fmt.Sprintf(missing, "name")},
		{"experiments/create", `{"name":""}`, 400, invalid, fmt.Sprintf(missing, "name")},
		{"experiments/create", `{"name":"  "}`, 400, invalid, "name"},
		{"experiments/create", `{"name":123}`, 400, invalid, "Invalid value 123 for parameter 'name' supplied:  Hint: Value was of type 'int'."},
		{"experiments/create", `{"name":"x","artifact_location":9.0}`, 400, invalid, "Invalid value 9.0 for parameter 'artifact_location' supplied"},
		{"experiments/create", `{"name":"x","tags":"5"}`, 400, invalid, `Invalid value "5" for parameter 'tags' supplied`},
		{"experiments/create", `{"name":"x","artifact_location":"runs:/a/b"}`, 400, invalid, "runs:/ URI"},
		{"experiments/create", `{"name":"x","artifact_location":"s3://b/c#d"}`, 400, invalid, "fragment"},
		{"experiments/create", `{"name":"x","artifact_location":"s3://b/../d"}`, 400, invalid, ".."},
		{"experiments/create", `{"name":"x","tags":[{"key":"a","value":"1"},{"key":"a","value":"2"}]}`, 400, invalid, "twice"},
		{"experiments/create", `{"name":"taken"}`, 400, "RESOURCE_ALREADY_EXISTS", "Experiment 'taken' already exists."},
		{"experiments/create", `{"name":"deleted"}`, 400, "RESOURCE_ALREADY_EXISTS", "already exists"},
		{"experiments/create", `{"name":"` + strings.Repeat("é", 501) + `"}`, 400, invalid, "'name' exceeds the maximum length of 500 characters"},
		{"experiments/get", "", 400, invalid, fmt.Sprintf(missing, "experiment_id")},
		{"experiments/get?experiment_id=77", "", 404, lost, "No Experiment with id=77 exists"},
		{"experiments/get-by-name?experiment_name=no", "", 404, lost, "Could not find experiment with name 'no'"},
		{"experiments/delete", `{"experiment_id":"2"}`, 404, lost, "No Experiment with id=2 exists"},
		{"experiments/delete", `{"experiment_id":"0"}`, 400, invalid, "default experiment"},
		{"experiments/restore", `{"experiment_id":"1"}`, 404, lost, "No Experiment with id=1 exists"},
		{"experiments/update", `{"experiment_id":"1"}`, 400, invalid, fmt.Sprintf(missing, "new_name")},
		{"experiments/update", `{"experiment_id":"1","new_name":"deleted"}`, 400, "RESOURCE_ALREADY_EXISTS", "already exists"},
		{"experiments/update", `{"experiment_id":"2","new_name":"x"}`, 400, invalid, "Cannot rename a non-active experiment."},
		{"experiments/set-experiment-tag", `{"experiment_id":"1"}`, 400, invalid, fmt.Sprintf(missing, "key")},
		{"experiments/set-experiment-tag", `{"experiment_id":"2","key":"a","value":"b"}`, 400, invalid, "must be in the 'active' state"},
		{"experiments/set-experiment-tag", `{"experiment_id":"1","key":"a","value":"` + strings.Repeat("v", 20001) + `"}`, 400, invalid, "exceeds the maximum length of 20000"},
		{"experiments/delete-experiment-tag", `{"experiment_id":"1","key":"no"}`, 404, lost, "No tag with name: no in experiment with id 1"},
		{"experiments/search", `{}`, 400, invalid, "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer"},
		{"experiments/search", `{"max_results":50001}`, 400, invalid, "It must be at most 50000"},
		{"experiments/search", `{"max_results":5,"view_type":"NO"}`, 400, invalid, "view_type"},
		{"experiments/search", `{"max_results":5,"filter":"name IS x"}`, 400, invalid, ""},
		{"experiments/search", `{"max_results":5,"page_token":"??"}`, 400, invalid, ""},
	})
}

func TestExperiments(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	var made rest.CreateExperimentAnswer
	c.ok("experiments/create", `{"name":"näme","artifact_location":"s3://b/x","tags":[{"key":"a","value":"1"}]}`, &made)
	c.ok("experiments/set-experiment-tag", `{"experiment_id":"1","key":"b"}`, nil)
	c.ok("experiments/delete-experiment-tag", `{"experiment_id":"1","key":"a"}`, nil)
	c.ok("experiments/update", `{"experimentId":"1","newName":"new"}`, nil)
	var got rest.ExperimentAnswer
	c.ok("experiments/get-by-name?experiment_name=new", "", &got)
	e := got.Experiment
	want := rest.Experiment{
		ExperimentID: made.ExperimentID, Name: "new", ArtifactLocation: "s3://b/x", LifecycleStage: "active",
		CreationTime: e.CreationTime, LastUpdateTime: e.LastUpdateTime, Tags: []rest.Tag{{Key: "b"}}, Workspace: "default",
	}
	diff(t, want, e)
	if e.CreationTime == 0 || e.LastUpdateTime < e.CreationTime {
		t.Errorf("times %d, %d", e.CreationTime, e.LastUpdateTime)
	}
	c.ok("experiments/delete", `{"experiment_id":"1"}`, nil)
	c.ok("experiments/get?experiment_id=1", "", &got)
	if got.Experiment.LifecycleStage != "deleted" {
		t.Errorf("after delete: %s", got.Experiment.LifecycleStage)
	}
	for view, n := range map[string]int{"ACTIVE_ONLY": 1, "DELETED_ONLY": 1, "ALL": 2} {
		var page rest.ExperimentsPage
		c.ok("experiments/search", `{"max_results":10,"view_type":"`+view+`"}`, &page)
		var old rest.ExperimentsPage
		c.ok("experiments/list?view_type="+view, "", &old)
		var byQuery rest.ExperimentsPage
		c.ok("experiments/search?max_results=10&view_type="+view, "", &byQuery)
		if len(page.Experiments) != n || len(old.Experiments) != n || len(byQuery.Experiments) != n {
			t.Errorf("%s: %d, %d and %d", view, len(page.Experiments), len(old.Experiments), len(byQuery.Experiments))
		}
	}
	c.ok("experiments/restore", `{"experiment_id":"1"}`, nil)
}

func TestPagesOfExperiments(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	for i := range 5 {
		c.ok("experiments/create", fmt.Sprintf(`{"name":"e%d"}`, i), nil)
	}
	for _, first := range []string{"experiments/search?max_results=2&order_by=name", "experiments/list?max_results=2"} {
		var names []string
		for path := first; path != ""; {
			var page rest.ExperimentsPage
			c.ok(path, "", &page)
			for _, e := range page.Experiments {
				names = append(names, e.Name)
			}
			path = ""
			if page.NextPageToken != "" {
				path = first + "&page_token=" + page.NextPageToken
			}
		}
		diff(t, []string{"Default", "e0", "e1", "e2", "e3", "e4"}, names)
	}
}

func TestClientsOf1xAndTheWebPageFindEverythingToo(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	for _, prefix := range []string{"/api/2.0/preview", "/ajax-api/2.0", "/ajax-api/2.0/preview"} {
		if status, body := c.call("GET", prefix+"/mlflow/experiments/get?experiment_id=0", ""); status != 200 {
			t.Errorf("%s: %d %s", prefix, status, body)
		}
	}
}

func TestWhatRunsRefuse(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	c.ok("experiments/create", `{"name":"deleted"}`, nil)
	c.ok("experiments/delete", `{"experiment_id":"1"}`, nil)
	active := "The run GONE must be in the 'active' state. Current state is deleted."
	c.check([]refusal{
		{"runs/create", `{"experiment_id":"99"}`, 404, lost, "No Experiment with id=99 exists"},
		{"runs/create", `{"experiment_id":"1"}`, 400, invalid, "must be in the 'active' state"},
		{"runs/create", `{}`, 400, invalid, "experiment"},
		{"runs/create", `{"experiment_id":"0","run_name":"A","tags":[{"key":"mlflow.runName","value":"B"}]}`, 400, invalid, "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='A', mlflow.runName='B')."},
		{"runs/create", `{"experiment_id":"0","tags":[{"key":"a/../b","value":"B"}]}`, 400, invalid, "a/../b"},
		{"runs/create", `{"experiment_id":"0","start_time":"soon"}`, 400, invalid, `Invalid value "soon" for parameter 'start_time' supplied`},
		{"runs/create", `{"experiment_id":"0","tags":[{"value":"B"}]}`, 400, invalid, fmt.Sprintf(missing, "tags[0].key")},
		{"runs/get", "", 400, invalid, fmt.Sprintf(missing, "run_id")},
		{"runs/get?run_id=0123456789abcdef0123456789abcdef", "", 404, lost, "Run with id=0123456789abcdef0123456789abcdef not found"},
		{"runs/update", `{"run_id":"RUN","status":"DONE"}`, 400, invalid, `Invalid value "DONE" for parameter 'status' supplied`},
		{"runs/update", `{"run_id":"RUN","status":9}`, 400, invalid, "status"},
		{"runs/update", `{"run_id":"GONE","status":"FINISHED"}`, 400, invalid, active},
		{"runs/delete", `{"run_uuid":"RUN"}`, 400, invalid, fmt.Sprintf(missing, "run_id")},
		{"runs/restore", `{"run_id":"nobody"}`, 404, lost, "Run with id=nobody not found"},
		{"runs/set-tag", `{"run_id":"RUN","value":"x"}`, 400, invalid, fmt.Sprintf(missing, "key")},
		{"runs/set-tag", `{"run_id":"RUN","key":"` + strings.Repeat("k", 251) + `"}`, 400, invalid, "'key' exceeds the maximum length of 250 characters"},
		{"runs/set-tag", `{"run_id":"GONE","key":"k"}`, 400, invalid, active},
		{"runs/delete-tag", `{"run_id":"RUN","key":"k"}`, 404, lost, "No tag with name: k in run with id RUN"},
		{"runs/delete-tag", `{"run_id":"nobody","key":"k"}`, 404, lost, "Run with id=nobody not found"},
		{"runs/search", `{"experiment_ids":["0"],"max_results":0}`, 400, invalid, "It must be a positive integer"},
		{"runs/search", `{"experiment_ids":["0"],"max_results":50001}`, 400, invalid, "Invalid value 50001 for parameter 'max_results' supplied"},
		{"runs/search", `{"experiment_ids":["0"],"filter":"foo.a = 1"}`, 400, invalid, "foo"},
		{"runs/search", `{"experiment_ids":["0"],"run_view_type":"SOME"}`, 400, invalid, "run_view_type"},
		{"runs/search", `{"experiment_ids":["0"],"page_token":"x"}`, 400, invalid, ""},
		{"runs/log-model", `{"run_id":"RUN"}`, 400, invalid, fmt.Sprintf(missing, "model_json")},
		{"runs/log-model", `{"run_id":"RUN","model_json":"{"}`, 400, invalid, "Malformed model info."},
		{"runs/log-model", `{"run_id":"RUN","model_json":"{\"flavors\":{}}"}`, 400, invalid, "Model json is missing mandatory fields: {'artifact_path', 'run_id', 'utc_time_created'}"},
	})
}

func TestRuns(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	var made rest.RunAnswer
	c.ok("runs/create", `{"experiment_id":"0","run_name":"n","user_id":"ann","start_time":"12","tags":[{"key":"t","value":"1"}]}`, &made)
	id := made.Run.Info.RunID
	want := rest.Run{
		Info: rest.RunInfo{
			RunUUID: id, RunID: id, ExperimentID: "0", RunName: "n", UserID: "ann", Status: 1, StartTime: 12,
			ArtifactURI: "mem:/0/" + id + "/artifacts", LifecycleStage: "active",
		},
		Data: rest.RunData{Tags: []rest.Tag{{Key: "mlflow.runName", Value: "n"}, {Key: "t", Value: "1"}}},
	}
	diff(t, want, made.Run)
	c.ok("runs/update", `{"run_uuid":"`+id+`","status":"FINISHED","end_time":20}`, nil)
	var updated rest.UpdateRunAnswer
	c.ok("runs/update", `{"run_id":"`+id+`","run_name":"m"}`, &updated)
	want.Info.Status, want.Info.EndTime, want.Info.RunName = 3, 20, "m"
	diff(t, want.Info, updated.RunInfo)
	c.ok("runs/set-tag", `{"run_uuid":"`+id+`","key":"u"}`, nil)
	c.ok("runs/delete-tag", `{"run_id":"`+id+`","key":"t"}`, nil)
	want.Data.Tags = []rest.Tag{{Key: "mlflow.runName", Value: "m"}, {Key: "u"}}
	diff(t, want, c.get(id))
	for range 2 {
		c.ok("runs/delete", `{"run_id":"`+id+`"}`, nil)
	}
	want.Info.LifecycleStage = "deleted"
	diff(t, want, c.get(id))
	for range 2 {
		c.ok("runs/restore", `{"run_id":"`+id+`"}`, nil)
	}
	if status, body := c.send("runs/get?run_uuid="+id, ""); status != 200 || !strings.Contains(body, `"inputs":{},"outputs":{}`) {
		t.Errorf("%d %s", status, body)
	}
}

func TestSearchRuns(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	ids := []string{c.run(), c.run(), c.run()}
	slices.Sort(ids) // all began at the same time
	c.ok("runs/set-tag", `{"run_id":"`+ids[1]+`","key":"t","value":"x"}`, nil)
	c.ok("runs/delete", `{"run_id":"`+ids[2]+`"}`, nil)
	for body, want := range map[string][]string{
		`{"experiment_ids":["0"]}`: ids[:2],
		`{"experiment_ids":["0"],"run_view_type":"ALL","order_by":["run_id"]}`: ids,
		`{"experiment_ids":["0"],"run_view_type":2}`:                           ids[2:],
		`{"experiment_ids":["0"],"filter":"tags.t = 'x'"}`:                     ids[1:2],
		`{"experiment_ids":[]}`:                                                nil,
		`{}`:                                                                   nil,
	} {
		var page rest.RunsPage
		c.ok("runs/search", body, &page)
		var got []string
		for _, r := range page.Runs {
			got = append(got, r.Info.RunID)
		}
		if !slices.Equal(got, want) || page.NextPageToken != "" {
			t.Errorf("%s: %v, want %v, next %q", body, got, want, page.NextPageToken)
		}
	}
	var first, second rest.RunsPage
	c.ok("runs/search", `{"experiment_ids":["0"],"max_results":1}`, &first)
	c.ok("runs/search", `{"experiment_ids":["0"],"max_results":1,"page_token":"`+first.NextPageToken+`"}`, &second)
	if len(second.Runs) != 1 || second.Runs[0].Info.RunID != ids[1] || second.NextPageToken != "" {
		t.Errorf("second page: %+v", second)
	}
}

func TestLogModelRemembersModels(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	id := c.run()
	model := `{"run_id":"` + id + `","artifact_path":"mödel","utc_time_created":"t","model_uuid":"u","signature":{},` +
		`"flavors":{"python_function":{"config":{"a":1},"env":"e:,\"x"},"odd":[1, 2]}}`
	body, err := json.Marshal(map[string]string{"run_id": id, "model_json": model})
	must(t, err)
	c.ok("runs/log-model", string(body), nil)
	c.ok("runs/log-model", string(body), nil)
	entry := `{"run_id": "` + id + `", "artifact_path": "m\u00f6del", "utc_time_created": "t", "model_uuid": "u", ` +
		`"flavors": {"odd": [1, 2], "python_function": {"env": "e:,\"x"}}}`
	for _, tag := range c.get(id).Data.Tags {
		if tag.Key == "mlflow.log-model.history" {
			diff(t, "["+entry+", "+entry+"]", tag.Value)
			return
		}
	}
	t.Error("there is no tag mlflow.log-model.history")
}

func TestLongValuesAreCutUnlessTheServerIsToldToRefuse(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 8001)
	cutting, refusing := newClient(t, nil), newClient(t, func(c *server.Config) { c.RefuseLongValues = true })
	for _, r := range []struct{ path, body, message string }{
		{"runs/log-parameter", `{"run_id":"RUN","key":"p","value":"` + long + `"}`, "'value' exceeds the maximum length of 6000 characters"},
		{"runs/set-tag", `{"run_id":"RUN","key":"t","value":"` + long + `"}`, "'value' exceeds the maximum length of 8000 characters"},
		{"runs/log-batch", `{"run_id":"RUN","params":[{"key":"q","value":"` + long + `"}]}`, "'params[0].value' exceeds"},
		{"runs/log-batch", `{"run_id":"RUN","tags":[{"key":"u","value":"` + long + `"}]}`, "'tags[0].value' exceeds"},
		{"runs/create", `{"experiment_id":"0","tags":[{"key":"u","value":"` + long + `"}]}`, "exceeds"},
	} {
		id := cutting.run()
		for range 2 { // the same value again is fine
			cutting.ok(r.path, strings.ReplaceAll(r.body, "RUN", id), nil)
		}
		refusing.check([]refusal{{r.path, r.body, 400, invalid, r.message}})
		for _, value := range append(cutting.get(id).Data.Tags, cutting.get(id).Data.Params...) {
			if n := len([]rune(value.Value)); len(value.Key) == 1 && n != 8000 && n != 6000 {
				t.Errorf("%s: %s has %d characters", r.path, value.Key, n)
			}
		}
	}
}
