package server

import (
	stdjson "encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/server/access"
)

// post sends JSON as a caller of a world, and returns status and body.
func (w *world) post(caller, path, body string) (int, string) {
	w.t.Helper()
	method := http.MethodPost
	if rest, isGet := strings.CutPrefix(path, "GET "); isGet {
		method, path = http.MethodGet, rest
	}
	if rest, isDelete := strings.CutPrefix(path, "DELETE "); isDelete {
		method, path = http.MethodDelete, rest
	}
	q := httptest.NewRequestWithContext(w.t.Context(), method, path, strings.NewReader(body))
	q.Host = "localhost"
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	q.Header.Set("Authorization", "Bearer "+w.tokens[caller])
	recorder := httptest.NewRecorder()
	w.server.Handler().ServeHTTP(recorder, q)
	return recorder.Code, recorder.Body.String()
}

// must is post for what must succeed; it reads the answer.
func (w *world) must(caller, path, body string, into any) {
	w.t.Helper()
	status, text := w.post(caller, path, body)
	if status != 200 {
		w.t.Fatalf("%s as %s: %d %s", path, caller, status, text)
	}
	check(w.t, stdjson.Unmarshal([]byte(text), into))
}

// refuse is post for what must be denied.
func (w *world) refuse(caller, path, body string) {
	w.t.Helper()
	if status, text := w.post(caller, path, body); status != 403 {
		w.t.Errorf("%s %s as %s: %d %s, want 403", path, body, caller, status, text)
	}
}

// id is what a placeholder of the matrix stands for.
func (w *world) id(target, placeholder string) string { return w.targets[target].Replace(placeholder) }

// grant gives a caller something alone.
func (w *world) grant(caller string, grants ...core.Grant) {
	w.t.Helper()
	a := w.server.config.Access
	rights, err := a.Rights(w.t.Context(), caller)
	check(w.t, err)
	check(w.t, a.Grant(w.t.Context(), rights.User.ID, grants...))
}

const api = "/api/2.0/mlflow/"

func TestWhoMakesSomethingManagesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var e struct {
		ID string `json:"experiment_id"`
	}
	w.must("none", api+"experiments/create", `{"name":"mine"}`, &e)
	w.must("none", api+"experiments/delete", `{"experiment_id":"`+e.ID+`"}`, &struct{}{})
	w.refuse(core.GrantManage, "GET "+api+"experiments/get?experiment_id="+e.ID, "")
	w.must("none", api+"registered-models/create", `{"name":"m"}`, &struct{}{})
	w.refuse(core.GrantManage, "GET "+api+"registered-models/get?name=m", "")
	w.must("none", api+"registered-models/rename", `{"name":"m","new_name":"n"}`, &struct{}{})
	w.must("none", "GET "+api+"registered-models/get?name=n", "", &struct{}{})

	// Nothing is left for whoever takes a name that was given up.
	w.must("root", api+"registered-models/create", `{"name":"m"}`, &struct{}{})
	w.refuse("none", "GET "+api+"registered-models/get?name=m", "")
	w.must("none", "DELETE "+api+"registered-models/delete", `{"name":"n"}`, &struct{}{})
	w.must("root", api+"registered-models/create", `{"name":"n"}`, &struct{}{})
	w.refuse("none", "GET "+api+"registered-models/get?name=n", "")
}

// A model called * would have its maker manage all models.
func TestNobodyMakesAModelOfTheNameOfAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refuse(core.GrantManage, api+"registered-models/create", `{"name":"*"}`)
	w.refuse(core.GrantManage, api+"registered-models/rename", `{"name":"own","new_name":"*"}`)
	w.refuse(core.GrantManage, "/api/3.0/mlflow/users/permissions/grant",
		`{"username":"MANAGE","resource_type":"registered_model","resource_id":"*","permission":"MANAGE"}`)
	w.refuse(core.GrantManage, api+"registered-models/permissions/create", `{"name":"*","username":"MANAGE","permission":"MANAGE"}`)
	w.refuse(core.GrantManage, "GET "+api+"registered-models/get?name=other", "")
}

func TestSearchesFindWhatTheCallerMayRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 30 {
		w.must("root", api+"experiments/create", `{"name":"`+string(core.NewRunID())+`"}`, &struct{ ID string }{})
	}
	w.grant("none", core.Grant{Kind: core.GrantExperiment, Pattern: w.id("other", "$E"), Permission: core.GrantRead})
	names := func(caller, path, body, list string) []string {
		var all []string
		var page map[string]stdjson.RawMessage
		w.must(caller, path, body, &page)
		var items []struct{ Name string }
		if page[list] != nil {
			check(t, stdjson.Unmarshal(page[list], &items))
		}
		for _, item := range items {
			all = append(all, item.Name)
		}
		return all
	}
	experiments := api + "experiments/search"
	for _, c := range []struct {
		caller string
		want   []string
	}{
		{"none", []string{"experiment " + w.id("other", "$E")}},
		{core.GrantRead, []string{"experiment " + w.id("own", "$E")}},
	} {
		for _, limit := range []string{"5", "1000"} {
			if diff := cmp.Diff(c.want, names(c.caller, experiments, `{"max_results":`+limit+`}`, "experiments")); diff != "" {
				t.Errorf("experiments of %s (-want +got):\n%s", c.caller, diff)
			}
		}
	}
	if got := names("root", experiments, `{"max_results":1000}`, "experiments"); len(got) != 33 {
		t.Errorf("root finds %d experiments, want 33", len(got))
	}
	for caller, want := range map[string][]string{"none": nil, core.GrantRead: {"own"}, "root": {"other", "own"}} {
		for path, list := range map[string]string{"registered-models/search": "registered_models", "model-versions/search": "model_versions"} {
			if diff := cmp.Diff(want, names(caller, "GET "+api+path, "", list)); diff != "" && list == "registered_models" {
				t.Errorf("%s of %s (-want +got):\n%s", list, caller, diff)
			} else if got := names(caller, "GET "+api+path, "", list); len(got) != len(want) {
				t.Errorf("%s of %s: %q, want %d", list, caller, got, len(want))
			}
		}
	}
}

func TestDenialsAndChildrenGoBeforeTheExperiment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	run, experiment := w.id("own", "$R"), w.id("own", "$E")
	all := func(kind, permission string) core.Grant {
		return core.Grant{Kind: kind, Pattern: core.GrantAll, Permission: permission}
	}
	w.grant(core.GrantRead, all(core.GrantRun, core.GrantEdit)) // may log where it may only read
	w.must(core.GrantRead, api+"runs/log-metric", `{"run_id":"`+run+`","key":"m","value":1,"timestamp":1}`, &struct{}{})
	w.refuse(core.GrantRead, api+"experiments/set-experiment-tag", `{"experiment_id":"`+experiment+`","key":"k","value":"v"}`)
	w.refuse(core.GrantRead, "GET "+api+"runs/get?run_id="+w.id("other", "$R"), "") // and nowhere else
	w.refuse("none", "GET "+api+"runs/get?run_id="+run, "")

	w.grant(core.GrantManage, all(core.GrantRun, core.GrantDeny))
	w.must(core.GrantManage, "GET "+api+"experiments/get?experiment_id="+experiment, "", &struct{}{})
	for path, body := range map[string]string{
		"GET " + api + "runs/get?run_id=" + run: "", api + "runs/create": `{"experiment_id":"` + experiment + `"}`,
		api + "experiments/delete":               `{"experiment_id":"` + experiment + `"}`,
		"GET /get-artifact?path=f&run_id=" + run: "",
		"GET /api/2.0/mlflow-artifacts/artifacts/" + experiment + "/" + run + "/artifacts/f": "",
	} {
		w.refuse(core.GrantManage, path, body)
	}
	w.grant(core.GrantEdit, core.Grant{Kind: core.GrantExperiment, Pattern: core.GrantAll, Permission: core.GrantDeny})
	w.refuse(core.GrantEdit, "GET "+api+"experiments/get?experiment_id="+experiment, "")
}

// A prompt is a model with a tag; what was granted on models is not for it.
func TestPromptsAreNotModels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must("root", api+"registered-models/create", `{"name":"p","tags":[{"key":"mlflow.prompt.is_prompt","value":"true"}]}`, &struct{}{})
	w.grant("none", core.Grant{Kind: core.GrantModel, Pattern: core.GrantAll, Permission: core.GrantRead})
	w.refuse("none", "GET "+api+"registered-models/get?name=p", "")
	w.grant("none", core.Grant{Kind: core.GrantPrompt, Pattern: "p", Permission: core.GrantRead})
	w.must("none", "GET "+api+"registered-models/get?name=p", "", &struct{}{})
}

// Nobody comes to files of others by way of an experiment or a model of their own (R23).
func TestLocationsOfOthersAreNotTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.id("other", "$E")
	for _, location := range []string{
		"mlflow-artifacts:/" + other, "mlflow-artifacts:/" + other + "/" + w.id("other", "$R") + "/artifacts",
		"mlflow-artifacts:/", "mlflow-artifacts:/elsewhere", "mem:files/" + other, "mem:files",
	} {
		if status, body := w.post(core.GrantManage, api+"experiments/create", `{"name":"x","artifact_location":"`+location+`"}`); status != 403 && status != 400 {
			t.Errorf("%s: %d %s", location, status, body)
		}
		body := `{"name":"own","source":"` + location + `","run_id":"` + w.id("own", "$R") + `"}`
		if status, body := w.post(core.GrantManage, api+"model-versions/create", body); status != 403 && status != 400 {
			t.Errorf("source %s: %d %s", location, status, body)
		}
	}
	w.must(core.GrantManage, api+"experiments/create", `{"name":"x","artifact_location":"mlflow-artifacts:/`+w.id("own", "$E")+`/below"}`, &struct{}{})
}

// TestATokenIsForWhatItNames confines a token of an administrator.
func TestATokenIsForWhatItNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, text, err := access.NewToken(access.TokenSpec{User: "root", Age: 1e12, Scope: core.TokenScope{
		Access: core.TokenManages, Experiments: []core.ExperimentID{core.ExperimentID(w.id("own", "$E"))}, Models: []string{"own"},
	}})
	check(t, err)
	check(t, w.server.config.Access.Store().CreateToken(t.Context(), token))
	w.tokens["confined"] = text.Reveal()
	w.must("confined", "GET "+api+"runs/get?run_id="+w.id("own", "$R"), "", &struct{}{})
	w.must("confined", "GET "+api+"registered-models/get?name=own", "", &struct{}{})
	for path, body := range map[string]string{
		"GET " + api + "runs/get?run_id=" + w.id("other", "$R"): "", "GET " + api + "registered-models/get?name=other": "",
		api + "experiments/create": `{"name":"x"}`, api + "registered-models/create": `{"name":"x"}`,
		"GET " + api + "webhooks": "", api + "users/create": `{"username":"x","password":"a long password"}`,
	} {
		w.refuse("confined", path, body)
	}
	var page struct{ Experiments []struct{ ID string } }
	w.must("confined", api+"experiments/search", `{"max_results":10}`, &page)
	if len(page.Experiments) != 1 {
		t.Errorf("a confined token finds %d experiments, want 1", len(page.Experiments))
	}
}

// TestTheDefaultIsForEverybody lets somebody without grants in, where the operator wants it.
func TestTheDefaultIsForEverybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.server.guard.(*accounts)
	a.access = access.New(a.access.Store(), access.Options{Default: access.Read})
	w.must("none", "GET "+api+"runs/get?run_id="+w.id("other", "$R"), "", &struct{}{})
	w.refuse("none", api+"runs/delete", `{"run_id":"`+w.id("other", "$R")+`"}`)
	if status, body := w.post("none", "GET "+api+"runs/get?run_id="+w.id(nowhere, "$R"), ""); status != 404 {
		t.Errorf("a missing run: %d %s, want 404", status, body)
	}
	w.grant("none", core.Grant{Kind: core.GrantExperiment, Pattern: w.id("other", "$E"), Permission: core.GrantDeny})
	a.access.Forget()
	w.refuse("none", "GET "+api+"runs/get?run_id="+w.id("other", "$R"), "")
}
