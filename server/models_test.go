package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/rest"
)

// do sends a request with a body and decodes the answer, which must be 200.
func (c *client) do(method, path, body string, into any) {
	c.t.Helper()
	if status, text := c.call(method, api+path, body); status != 200 {
		c.t.Fatalf("%s %s %s: %d %s", method, path, body, status, text)
	} else if into != nil {
		must(c.t, rest.Decode([]byte(text), into))
	}
}

// refused sends a request whose error must be this one.
func (c *client) refused(method, path, body string, want refusal) {
	c.t.Helper()
	status, text := c.call(method, api+path, body)
	if status != want.status || !strings.Contains(text, `"error_code":"`+want.code+`"`) || !strings.Contains(text, want.message) {
		c.t.Errorf("%s %s %s: %d %s, want %d %s %s", method, path, body, status, text, want.status, want.code, want.message)
	}
}

// model creates a model with versions.
func (c *client) model(name string, versions int) {
	c.t.Helper()
	c.do("POST", "registered-models/create", `{"name":"`+name+`"}`, nil)
	for range versions {
		c.do("POST", "model-versions/create", `{"name":"`+name+`","source":"s3://bucket/`+name+`"}`, nil)
	}
}

func (c *client) modelNamed(name string) rest.RegisteredModel {
	c.t.Helper()
	var answer rest.ModelAnswer
	c.do("GET", "registered-models/get?name="+url.QueryEscape(name), "", &answer)
	return answer.RegisteredModel
}

func (c *client) versionOf(name, number string) rest.ModelVersion {
	c.t.Helper()
	var answer rest.VersionAnswer
	c.do("GET", "model-versions/get?name="+url.QueryEscape(name)+"&version="+number, "", &answer)
	return answer.ModelVersion
}

func TestModels(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	var made rest.ModelAnswer
	c.do("POST", "registered-models/create",
		`{"name":"größe 1","description":"d","tags":[{"key":"a","value":"1"},{"key":"a","value":"2"}]}`, &made)
	m := made.RegisteredModel
	want := rest.RegisteredModel{
		Name: "größe 1", Description: "d", Tags: []rest.Tag{{Key: "a", Value: "2"}}, CreationTimestamp: m.CreationTimestamp,
		LastUpdatedTimestamp: m.CreationTimestamp,
	}
	if d := cmp.Diff(want, m); d != "" || m.CreationTimestamp == 0 {
		t.Error(d)
	}
	c.do("POST", "registered-models/set-tag", `{"name":"größe 1","key":"b","value":"x"}`, nil)
	c.do("DELETE", "registered-models/delete-tag", `{"name":"größe 1","key":"a"}`, nil)
	c.do("DELETE", "registered-models/delete-tag", `{"name":"größe 1","key":"absent"}`, nil)
	c.do("PATCH", "registered-models/update", `{"name":"größe 1"}`, nil)
	if got := c.modelNamed("größe 1"); got.Description != "" || cmp.Diff([]rest.Tag{{Key: "b", Value: "x"}}, got.Tags) != "" {
		t.Errorf("after changes: %+v", got)
	}
	c.do("POST", "registered-models/rename", `{"name":"größe 1","new_name":"other"}`, nil)
	c.refused("GET", "registered-models/get?name=gr%C3%B6%C3%9Fe+1", "",
		refusal{status: 404, code: lost, message: "Registered Model with name=größe 1 not found"})
	if got := c.modelNamed("other"); len(got.Tags) != 1 {
		t.Errorf("after renaming: %+v", got)
	}
	c.do("DELETE", "registered-models/delete", `{"name":"other"}`, nil)
	c.refused("DELETE", "registered-models/delete", `{"name":"other"}`, refusal{status: 404, code: lost, message: "other"})
}

func TestWhatModelsRefuse(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	c.model("m", 1)
	c.model("n", 0)
	c.do("POST", "registered-models/create", `{"name":"p","tags":[{"key":"mlflow.prompt.is_prompt","value":"true"}]}`, nil)
	const taken = "RESOURCE_ALREADY_EXISTS"
	for _, r := range []struct {
		method string
		refusal
	}{
		{"POST", refusal{"registered-models/create", `{}`, 400, invalid, "Missing value for required parameter 'name'."}},
		{"POST", refusal{"registered-models/create", `{"name":"a/b"}`, 400, invalid, "name"}},
		{"POST", refusal{"registered-models/create", `{"name":"m"}`, 400, taken, "Registered Model (name=m) already exists."}},
		{"POST", refusal{"registered-models/create", `{"name":"p"}`, 400, taken, "already taken by a prompt"}},
		{"POST", refusal{"registered-models/rename", `{"name":"m","new_name":"n"}`, 400, taken, "(name=n) already exists."}},
		{"POST", refusal{"registered-models/rename", `{"name":"m","new_name":""}`, 400, invalid, "new_name"}},
		{"POST", refusal{"registered-models/rename", `{"name":"x","new_name":"y"}`, 404, lost, "name=x not found"}},
		{"PATCH", refusal{"registered-models/update", `{"name":"x"}`, 404, lost, "name=x not found"}},
		{"GET", refusal{"registered-models/search?max_results=1001", ``, 400, invalid, "max_results"}},
		{"GET", refusal{"registered-models/search?max_results=0", ``, 400, invalid, "max_results"}},
		{"GET", refusal{"registered-models/search?filter=x", ``, 400, invalid, ""}},
		{"GET", refusal{"registered-models/search?page_token=x", ``, 400, invalid, "token"}},
		{"GET", refusal{"registered-models/search?order_by=x", ``, 400, invalid, ""}},
		{"POST", refusal{"registered-models/get-latest-versions", `{"name":"m","stages":["x"]}`, 400, invalid, "Invalid Model Version stage: x."}},
		{"POST", refusal{"registered-models/get-latest-versions", `{"name":"x"}`, 404, lost, "name=x not found"}},
		{"POST", refusal{"registered-models/set-tag", `{"name":"m","key":"../x"}`, 400, invalid, "key"}},
		{"POST", refusal{"registered-models/set-tag", `{"name":"x","key":"k"}`, 404, lost, "name=x not found"}},
		{"POST", refusal{"registered-models/alias", `{"name":"m","alias":"a","version":"x"}`, 400, invalid, "must be an integer, got 'x'."}},
		{"POST", refusal{"registered-models/alias", `{"name":"m","alias":"a","version":1}`, 400, invalid, "Value was of type 'int'"}},
		{"POST", refusal{"registered-models/alias", `{"name":"m","alias":"a","version":"2"}`, 404, lost, "(name=m, version=2) not found"}},
		{"POST", refusal{"registered-models/alias", `{"name":"m","alias":"LATEST","version":"1"}`, 400, invalid, "LATEST"}},
		{"GET", refusal{"registered-models/alias?name=m&alias=a", ``, 400, invalid, "Registered model alias a not found."}},
		{"GET", refusal{"registered-models/alias?name=m&alias=m", ``, 400, invalid, "Registered model alias m not found."}},
		{"GET", refusal{"registered-models/alias?name=x&alias=x", ``, 404, lost, "Registered Model with name=x not found"}},
		{"GET", refusal{"registered-models/alias?name=x&alias=a", ``, 404, lost, "Registered Model with name=x not found"}},
		{"GET", refusal{"registered-models/alias?name=n&alias=latest", ``, 404, lost, "Latest version not found for model n."}},
	} {
		c.refused(r.method, r.path, r.body, r.refusal)
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	c.model("m", 3)
	for _, version := range []string{"1", "02"} {
		c.do("POST", "registered-models/alias", `{"name":"m","alias":"champion","version":"`+version+`"}`, nil)
	}
	byAlias := func(alias string) rest.ModelVersion {
		t.Helper()
		var answer rest.VersionAnswer
		c.do("GET", "registered-models/alias?name=m&alias="+alias, "", &answer)
		return answer.ModelVersion
	}
	if v := byAlias("champion"); v.Version != "2" || cmp.Diff([]string{"champion"}, v.Aliases) != "" {
		t.Errorf("champion: %+v", v)
	}
	if v := byAlias("Latest"); v.Version != "3" {
		t.Errorf("latest: %+v", v)
	}
	if d := cmp.Diff([]rest.ModelAlias{{Alias: "champion", Version: "2"}}, c.modelNamed("m").Aliases); d != "" {
		t.Error(d)
	}
	for range 2 {
		c.do("DELETE", "registered-models/alias", `{"name":"m","alias":"champion"}`, nil)
	}
	if got := c.modelNamed("m").Aliases; got != nil {
		t.Errorf("aliases after deletion: %v", got)
	}
}

func TestSearchesOfTheRegistry(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	for _, name := range []string{"a1", "a2", "b"} {
		c.model(name, 2)
	}
	c.do("POST", "registered-models/create", `{"name":"a3","tags":[{"key":"mlflow.prompt.is_prompt","value":"true"}]}`, nil)
	models := func(query url.Values) (names []string) {
		t.Helper()
		for {
			var page rest.ModelsPage
			c.do("GET", "registered-models/search?"+query.Encode(), "", &page)
			for _, m := range page.RegisteredModels {
				names = append(names, m.Name)
			}
			if page.NextPageToken == "" {
				return names
			}
			query.Set("page_token", page.NextPageToken)
		}
	}
	// A client of 3.x always asks so.
	const noPrompts = " AND tag.`mlflow.prompt.is_prompt` != 'true'"
	for want, query := range map[string]url.Values{
		"a1 a2 b": {},
		"b a2 a1": {"order_by": {"name DESC"}, "max_results": {"1"}, "filter": {"tag.`mlflow.prompt.is_prompt` != 'true'"}},
		"a1 a2":   {"filter": {"name LIKE 'a%'" + noPrompts}},
		"a3":      {"filter": {"tags.`mlflow.prompt.is_prompt` = 'true'"}},
	} {
		if got := strings.Join(models(query), " "); got != want {
			t.Errorf("%v: %s, want %s", query, got, want)
		}
	}
	for query, want := range map[string]string{
		"": "b/2 b/1 a2/2 a2/1 a1/2 a1/1", "filter=name%3D'a1'&order_by=version_number+ASC": "a1/1 a1/2", "max_results=1&order_by=name+DESC": "b/2",
	} {
		var page rest.VersionsPage
		c.do("GET", "model-versions/search?"+query, "", &page)
		var got []string
		for _, v := range page.ModelVersions {
			got = append(got, v.Name+"/"+v.Version)
		}
		if query == "" { // the order is that of milliseconds
			if len(got) != 6 {
				t.Errorf("all versions: %v", got)
			}
			continue
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
}

func TestClientsOf1xFindTheRegistryToo(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	c.model("m", 1)
	var page rest.ModelsPage
	status, text := c.call(http.MethodGet, "/api/2.0/preview/mlflow/registered-models/list?max_results=5", "")
	must(t, rest.Decode([]byte(text), &page))
	if status != 200 || len(page.RegisteredModels) != 1 || len(page.RegisteredModels[0].LatestVersions) != 1 {
		t.Errorf("%d %s", status, text)
	}
	for _, method := range []string{"GET", "POST"} {
		path, body := "registered-models/get-latest-versions", `{"name":"m"}`
		if method == "GET" {
			path, body = path+"?name=m&stages=None", ""
		}
		var latest rest.VersionsAnswer
		c.do(method, path, body, &latest)
		if len(latest.ModelVersions) != 1 || latest.ModelVersions[0].CurrentStage != "None" {
			t.Errorf("%s: %+v", method, latest)
		}
	}
}

func TestARegistryWithoutAbilitiesSaysSo(t *testing.T) {
	t.Parallel()
	c := newClientOver(t, openBare, nil)
	c.model("m", 1)
	none := refusal{status: 501, code: "NOT_IMPLEMENTED", message: "has no"}
	c.refused("POST", "registered-models/alias", `{"name":"m","alias":"a","version":"1"}`, none)
	c.refused("GET", "registered-models/alias?name=m&alias=a", "", none)
	c.refused("DELETE", "registered-models/alias", `{"name":"m","alias":"a"}`, none)
	c.refused("POST", "registered-models/get-latest-versions", `{"name":"m"}`, none)
	c.refused("POST", "model-versions/transition-stage", `{"name":"m","version":"1","stage":"Staging"}`, none)
	c.refused("GET", "webhooks", "", none)
	var page rest.LoggedModelsPage
	c.do("POST", "logged-models/search", `{"experiment_ids":["0"]}`, &page)
	c.refused("POST", "logged-models", `{"experiment_id":"0"}`, refusal{status: 501, code: "NOT_IMPLEMENTED"})
}
