package server_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

func (c *client) loggedModel(name string) rest.LoggedModel {
	c.t.Helper()
	var made rest.LoggedModelAnswer
	c.do("POST", "logged-models", `{"experiment_id":"0","name":"`+name+`","model_type":"t","source_run_id":"r",
		"params":[{"key":"p","value":"1"}],"tags":[{"key":"k","value":"v"}]}`, &made)
	return made.Model
}

func TestLoggedModels(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	m := c.loggedModel("n")
	want := rest.LoggedModel{
		Info: rest.LoggedModelInfo{
			ModelID: m.Info.ModelID, ExperimentID: "0", Name: "n", CreationTimestampMs: m.Info.CreationTimestampMs,
			LastUpdatedTimestampMs: m.Info.CreationTimestampMs, ArtifactURI: "mem:/0/models/" + m.Info.ModelID + "/artifacts",
			Status: rest.ModelStatus(core.ModelPending), ModelType: "t", SourceRunID: "r", Tags: []rest.Tag{{Key: "k", Value: "v"}},
		},
		Data: rest.LoggedModelData{Params: []rest.Tag{{Key: "p", Value: "1"}}},
	}
	if d := cmp.Diff(want, m); d != "" {
		t.Error(d)
	}
	at := "logged-models/" + m.Info.ModelID
	var made rest.LoggedModelAnswer
	c.do("PATCH", at, `{"model_id":"m-of-somebody-else","status":"LOGGED_MODEL_READY"}`, &made)
	if made.Model.Info.ModelID != m.Info.ModelID || made.Model.Info.Status != rest.ModelStatus(core.ModelReady) {
		t.Errorf("finalized: %+v", made.Model)
	}
	c.do("POST", at+"/params", `{"model_id":"`+m.Info.ModelID+`","params":[{"key":"q","value":"`+strings.Repeat("x", 7000)+`"}]}`, nil)
	c.do("PATCH", at+"/tags", `{"tags":[{"key":"a/b c","value":"w"}]}`, nil)
	run := c.run()
	c.do("POST", "runs/log-metric",
		`{"run_id":"`+run+`","key":"auc","value":0.5,"timestamp":1,"step":2,"model_id":"`+m.Info.ModelID+`"}`, nil)
	c.do("GET", at, "", &made)
	if d := cmp.Diff([]rest.Tag{{Key: "a/b c", Value: "w"}, {Key: "k", Value: "v"}}, made.Model.Info.Tags); d != "" {
		t.Error(d)
	}
	if q := made.Model.Data.Params[1]; q.Key != "q" || len(q.Value) != 6000 {
		t.Errorf("the long param %q has %d characters", q.Key, len(q.Value))
	}
	if points := made.Model.Data.Metrics; len(points) != 1 || points[0].Value != 0.5 || points[0].RunID != run {
		t.Errorf("metrics: %+v", points)
	}
	c.do("DELETE", at+"/tags/a%2Fb%20c", "", nil)
	c.do("DELETE", at, "", nil)
	c.refused("GET", at, "", refusal{status: 404, code: lost, message: "Logged model with ID '" + m.Info.ModelID + "' not found."})
	c.refused("GET", at+"/artifacts/directories", "", refusal{status: 404, code: lost, message: "not found."})
	c.model("n", 0)
	c.refused("POST", "model-versions/create", `{"name":"n","source":"s3://b/k","model_id":"`+m.Info.ModelID+`"}`,
		refusal{status: 400, code: invalid, message: "The model_id request parameter must identify"})
	c.do("GET", at+"?allow_deleted=true", "", &made)
	if d := cmp.Diff([]rest.Tag{{Key: "k", Value: "v"}}, made.Model.Info.Tags); d != "" {
		t.Error(d)
	}
}

func TestWhatLoggedModelsRefuse(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	at := "logged-models/" + c.loggedModel("n").Info.ModelID
	const nobody = "logged-models/m-00000000000000000000000000000000"
	for _, r := range []struct {
		method string
		refusal
	}{
		{"POST", refusal{"logged-models", `{}`, 400, invalid, "experiment_id"}},
		{"POST", refusal{"logged-models", `{"experiment_id":"99"}`, 404, lost, "99"}},
		{"POST", refusal{"logged-models", `{"experiment_id":"0","name":"a/b"}`, 400, invalid, "name"}},
		{"GET", refusal{nobody, ``, 404, lost, "Logged model with ID 'm-0"}},
		{"GET", refusal{"logged-models/nonsense%20", ``, 404, lost, "Logged model with ID 'nonsense"}},
		{"PATCH", refusal{nobody, `{"status":2}`, 404, lost, "Logged model with ID 'm-0"}},
		{"PATCH", refusal{at, `{}`, 400, invalid, "Missing value for required parameter 'status'."}},
		{"PATCH", refusal{at, `{"status":"LOGGED_MODEL_STATUS_UNSPECIFIED"}`, 400, invalid, "finalized"}},
		{"DELETE", refusal{nobody, ``, 404, lost, "Logged model with ID 'm-0"}},
		{"POST", refusal{at + "/params", `{"params":[{"key":"p","value":"2"}]}`, 400, invalid, "Changing param values is not allowed"}},
		{"DELETE", refusal{at + "/tags/absent", ``, 404, lost, "No tag with key 'absent' found for model with ID 'm-"}},
		{"POST", refusal{"logged-models/search", `{}`, 400, invalid, "Missing value for required parameter 'experiment_ids'."}},
		{"POST", refusal{"logged-models/search", `{"experiment_ids":["0"],"filter":"x"}`, 400, invalid, ""}},
		{"POST", refusal{"logged-models/search", `{"experiment_ids":["0"],"max_results":0}`, 400, invalid, "max_results"}},
	} {
		c.refused(r.method, r.path, r.body, r.refusal)
	}
}

func TestSearchesForLoggedModels(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	for _, name := range []string{"a", "b", "c"} {
		c.loggedModel(name)
	}
	search := func(fields string) (names []string) {
		t.Helper()
		token := ""
		for {
			var page rest.LoggedModelsPage
			c.do("POST", "logged-models/search", `{"experiment_ids":["0"],"page_token":"`+token+`"`+fields+`}`, &page)
			for _, m := range page.Models {
				names = append(names, m.Info.Name)
			}
			if token = page.NextPageToken; token == "" {
				return names
			}
		}
	}
	for fields, want := range map[string]string{
		`,"order_by":[{"field_name":"name"}],"max_results":2`:           "a b c",
		`,"order_by":[{"field_name":"name","ascending":false}]`:         "c b a",
		`,"filter":"name = 'b' AND params.p = '1'"`:                     "b",
		`,"filter":"metrics.auc > 1","datasets":[{"dataset_name":"d"}]`: "",
	} {
		if got := strings.Join(search(fields), " "); got != want {
			t.Errorf("%s: %s, want %s", fields, got, want)
		}
	}
	var none rest.LoggedModelsPage
	if c.do("POST", "logged-models/search", `{"experiment_ids":[]}`, &none); none.Models != nil {
		t.Errorf("in no experiment: %+v", none)
	}
}
