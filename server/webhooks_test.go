package server_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/rest"
	"github.com/mlstore/mlstore/server"
	"github.com/mlstore/mlstore/server/hook"
)

// heard is a message that a listener got.
type heard struct {
	header http.Header
	body   string
}

// listen starts a listener that answers with a status.
func listen(t *testing.T, status int) (url string, messages chan heard) {
	t.Helper()
	messages = make(chan heard, 100)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		messages <- heard{r.Header, string(body)}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "heard")
	}))
	t.Cleanup(web.Close)
	return web.URL, messages
}

func onLoopback(c *server.Config) {
	c.Webhooks = hook.Config{AllowPrivate: true, Schemes: []string{"http"}, Retries: -1, Remember: -1}
}

func (c *client) webhook(body string) rest.Webhook {
	c.t.Helper()
	var made rest.WebhookAnswer
	c.do("POST", "webhooks", body, &made)
	return made.Webhook
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	c := newClient(t, onLoopback)
	url, messages := listen(t, 200)
	w := c.webhook(`{"name":"w","url":"` + url + `/in","secret":"s","description":"d",
		"events":[{"entity":"MODEL_VERSION","action":"CREATED"},{"entity":"REGISTERED_MODEL","action":"CREATED"}]}`)
	want := rest.Webhook{
		WebhookID: w.WebhookID, Name: "w", Description: "d", URL: url + "/in", Status: "ACTIVE",
		Events:            []rest.WebhookEvent{{Entity: "REGISTERED_MODEL", Action: "CREATED"}, {Entity: "MODEL_VERSION", Action: "CREATED"}},
		CreationTimestamp: w.CreationTimestamp, LastUpdatedTimestamp: w.CreationTimestamp,
	}
	if d := cmp.Diff(want, w); d != "" {
		t.Error(d)
	}
	var tried rest.TestWebhookAnswer
	c.do("POST", "webhooks/"+w.WebhookID+"/test", `{}`, &tried)
	if r := tried.Result; !r.Success || r.ResponseStatus == nil || *r.ResponseStatus != 200 || r.ResponseBody != "heard" {
		t.Errorf("tested: %+v", r)
	}
	if m := receive(t, messages); !strings.Contains(m.body, `"entity":"registered_model","action":"created"`) {
		t.Errorf("tested with %s", m.body)
	}
	c.do("POST", "webhooks/"+w.WebhookID+"/test", `{"event":{"entity":"PROMPT_ALIAS","action":"DELETED"}}`, nil)
	if m := receive(t, messages); !strings.Contains(m.body, `"entity":"prompt_alias"`) {
		t.Errorf("tested with %s", m.body)
	}
	var changed rest.WebhookAnswer
	c.do("PATCH", "webhooks/"+w.WebhookID, `{"description":"","status":"DISABLED"}`, &changed)
	if changed.Webhook.Description != "" || changed.Webhook.Status != "DISABLED" || changed.Webhook.URL != w.URL {
		t.Errorf("changed: %+v", changed.Webhook)
	}
	var page rest.WebhooksPage
	if c.do("GET", "webhooks?max_results=1", "", &page); len(page.Webhooks) != 1 || page.NextPageToken != "" {
		t.Errorf("list: %+v", page)
	}
	c.do("DELETE", "webhooks/"+w.WebhookID, "", nil)
	gone := refusal{status: 404, code: lost, message: "Webhook with ID " + w.WebhookID + " not found."}
	c.refused("GET", "webhooks/"+w.WebhookID, "", gone)
	c.refused("DELETE", "webhooks/"+w.WebhookID, "", gone)
	c.refused("PATCH", "webhooks/"+w.WebhookID, `{"name":"x"}`, gone)
	c.refused("POST", "webhooks/"+w.WebhookID+"/test", `{}`, gone)
}

func receive(t *testing.T, messages chan heard) heard {
	t.Helper()
	select {
	case m := <-messages:
		return m
	case <-time.After(10 * time.Second):
		t.Fatal("no message after 10 s")
		return heard{}
	}
}

func TestWhatWebhooksRefuse(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	event := `"events":[{"entity":"PROMPT","action":"CREATED"}]`
	for body, message := range map[string]string{
		`{"name":"w","url":"https://127.0.0.1"}`:                                                "required parameter 'events'",
		`{"name":"w","url":"https://127.0.0.1",` + event + `}`:                                  "non-public",
		`{"name":"w","url":"https://169.254.169.254/latest",` + event + `}`:                     "non-public",
		`{"name":"w","url":"https://[::ffff:169.254.169.254]/",` + event + `}`:                  "non-public",
		`{"name":"w","url":"https://[::1]/",` + event + `}`:                                     "non-public",
		`{"name":"w","url":"https://localhost/",` + event + `}`:                                 "non-public",
		`{"name":"w","url":"http://192.0.0.1/",` + event + `}`:                                  "scheme",
		`{"name":"w","url":"https://no-such-host.invalid/",` + event + `}`:                      "Cannot resolve",
		`{"name":"-","url":"https://192.0.0.1/",` + event + `}`:                                 "Webhook name",
		`{"name":"w","url":"https://192.0.0.1/","events":[{"entity":"PROMPT","action":"SET"}]}`: "no such event",
		`{"name":"w","url":"https://u:p@192.0.0.1/",` + event + `}`:                             "user or password",
		`{"name":"w","url":"https://192.0.0.1/","status":"PAUSED",` + event + `}`:               "status",
	} {
		c.refused("POST", "webhooks", body, refusal{status: 400, code: invalid, message: message})
	}
	c.refused("GET", "webhooks?max_results=1001", "", refusal{status: 400, code: invalid, message: "max_results"})
}

// TestWebhooksAreToldOfEverythingThatHasAnEvent walks through the registry and compares what a listener hears.
func TestWebhooksAreToldOfEverythingThatHasAnEvent(t *testing.T) {
	t.Parallel()
	c := newClient(t, onLoopback)
	url, messages := listen(t, 204)
	var all []string
	for _, e := range core.WebhookEvents() {
		all = append(all, `{"entity":"`+strings.ToUpper(e.Entity)+`","action":"`+strings.ToUpper(e.Action)+`"}`)
	}
	c.webhook(`{"name":"w","url":"` + url + `","secret":"s3cret","events":[` + strings.Join(all, ",") + `]}`)
	const prompt = `{"key":"mlflow.prompt.is_prompt","value":"true"}`
	for _, step := range []struct{ method, path, body, event, data string }{
		{
			"POST", "registered-models/create", `{"name":"m","tags":[{"key":"k","value":"v"}]}`, "registered_model.created",
			`{"name":"m","tags":{"k":"v"},"description":""}`,
		},
		{
			"POST", "model-versions/create", `{"name":"m","source":"s3://b/k","run_id":"r"}`, "model_version.created",
			`{"name":"m","version":"1","source":"s3://b/k","run_id":"r","tags":{},"description":null}`,
		},
		{
			"POST", "model-versions/set-tag", `{"name":"m","version":"1","key":"k"}`, "model_version_tag.set",
			`{"name":"m","version":"1","key":"k","value":""}`,
		},
		{
			"DELETE", "model-versions/delete-tag", `{"name":"m","version":"1","key":"k"}`, "model_version_tag.deleted",
			`{"name":"m","version":"1","key":"k"}`,
		},
		{
			"POST", "registered-models/alias", `{"name":"m","alias":"a","version":"1"}`, "model_version_alias.created",
			`{"name":"m","alias":"a","version":"1"}`,
		},
		{"DELETE", "registered-models/alias", `{"name":"m","alias":"a"}`, "model_version_alias.deleted", `{"name":"m","alias":"a"}`},
		{"POST", "registered-models/set-tag", `{"name":"m","key":"k","value":"v"}`, "", ""},
		{"PATCH", "registered-models/update", `{"name":"m"}`, "", ""},
		{
			"POST", "registered-models/create", `{"name":"p","description":"d","tags":[` + prompt + `]}`, "prompt.created",
			`{"name":"p","tags":{},"description":"d"}`,
		},
		{"POST", "registered-models/set-tag", `{"name":"p","key":"k","value":"v"}`, "prompt_tag.set", `{"name":"p","key":"k","value":"v"}`},
		{"DELETE", "registered-models/delete-tag", `{"name":"p","key":"k"}`, "prompt_tag.deleted", `{"name":"p","key":"k"}`},
		{
			"POST", "model-versions/create", `{"name":"p","source":"dummy-source","tags":[` + prompt +
				`,{"key":"mlflow.prompt.text","value":"Hi"},{"key":"k","value":"v"}]}`, "prompt_version.created",
			`{"name":"p","version":"1","template":"Hi","tags":{"k":"v"},"description":null}`,
		},
		{
			"POST", "model-versions/set-tag", `{"name":"p","version":"1","key":"k"}`, "prompt_version_tag.set",
			`{"name":"p","version":"1","key":"k","value":""}`,
		},
		{
			"DELETE", "model-versions/delete-tag", `{"name":"p","version":"1","key":"k"}`, "prompt_version_tag.deleted",
			`{"name":"p","version":"1","key":"k"}`,
		},
		{
			"POST", "registered-models/alias", `{"name":"p","alias":"a","version":"1"}`, "prompt_alias.created",
			`{"name":"p","alias":"a","version":"1"}`,
		},
		{"DELETE", "registered-models/alias", `{"name":"p","alias":"a"}`, "prompt_alias.deleted", `{"name":"p","alias":"a"}`},
	} {
		c.do(step.method, step.path, step.body, nil)
		if step.event == "" {
			continue // what it would tell would come before what is told next
		}
		m := receive(t, messages)
		var got struct {
			Entity, Action, Timestamp string
			Data                      json.RawMessage
		}
		must(t, json.Unmarshal([]byte(m.body), &got))
		if got.Entity+"."+got.Action != step.event || string(got.Data) != step.data {
			t.Errorf("%s: told %s\nwant %s %s", step.path, m.body, step.event, step.data)
		}
		if at, err := time.Parse(time.RFC3339Nano, got.Timestamp); err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("timestamp %q: %v", got.Timestamp, err)
		}
		id, at := m.header.Get("X-MLflow-Delivery-Id"), m.header.Get("X-MLflow-Timestamp")
		if want := hook.Sign(core.NewSecret("s3cret"), id, at, []byte(m.body)); m.header.Get("X-MLflow-Signature") != want || len(id) != 36 {
			t.Errorf("signature %q of %q at %q, want %q", m.header.Get("X-MLflow-Signature"), id, at, want)
		}
	}
}

func TestADeliveryToAPrivateAddressIsRefusedWhenItIsMade(t *testing.T) {
	t.Parallel()
	url, messages := listen(t, 200)
	registry := mem.NewRegistry()
	w, err := registry.CreateWebhook(t.Context(), core.WebhookSpec{ // which another server allowed
		Name: "w", URL: url, Events: core.WebhookEvents(),
	})
	must(t, err)
	c := newClientOver(t, func(context.Context, core.OpenRequest) (core.Backend, error) {
		return core.Backend{Tracking: mem.NewTracking(), Artifacts: mem.NewArtifacts(), Registry: registry}, nil
	}, func(c *server.Config) {
		c.Webhooks = hook.Config{Schemes: []string{"http"}, Retries: -1}
	})
	var tried rest.TestWebhookAnswer
	c.do("POST", "webhooks/"+string(w.ID)+"/test", `{}`, &tried)
	if r := tried.Result; r.Success || r.ResponseStatus != nil || !strings.Contains(r.ErrorMessage, "address not allowed") {
		t.Errorf("tested: %+v", r)
	}
	select {
	case m := <-messages:
		t.Errorf("the listener heard %s", m.body)
	default:
	}
}
