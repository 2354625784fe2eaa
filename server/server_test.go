package server_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/registry"
	"github.com/mlstore/mlstore/server"
	"github.com/mlstore/mlstore/server/observe"
)

// client speaks to a server over stores in memory.
type client struct {
	t   *testing.T
	url string
	web *http.Client // of its own: closing a test server closes idle connections of the default one
}

// newClient starts a server over stores in memory.
func newClient(t *testing.T, change func(*server.Config)) *client {
	t.Helper()
	return newClientOver(t, openMem, change)
}

// newClientOver starts a server over the stores that open opens for the scheme mem.
func newClientOver(t *testing.T, open core.OpenerFunc, change func(*server.Config)) *client {
	t.Helper()
	resolver := registry.New(nil)
	must(t, resolver.Handle("mem", registry.Rule{
		Opener: open, Empty: true,
		Kinds: []registry.Kind{registry.Tracking, registry.Artifacts, registry.Registry},
	}))
	uri, err := core.ParseURI("mem:")
	must(t, err)
	c := server.Config{Resolver: resolver, Tracking: uri}
	if change != nil {
		change(&c)
	}
	s, err := server.New(t.Context(), c)
	must(t, err)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		web.Close()
		must(t, s.Close())
		must(t, resolver.Close())
	})
	return &client{t: t, url: web.URL, web: web.Client()}
}

func openMem(context.Context, core.OpenRequest) (core.Backend, error) {
	return core.Backend{Tracking: mem.NewTracking(), Artifacts: mem.NewArtifacts(), Registry: mem.NewRegistry()}, nil
}

// call sends a request with a JSON body, or none when it is empty, and returns status and body.
func (c *client) call(method, path, body string) (int, string) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	must(c.t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.web.Do(r)
	must(c.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(c.t, err)
	return answer.StatusCode, string(text)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAbout(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	if status, body := c.call("GET", "/health", ""); status != 200 || body != "OK" {
		t.Errorf("health: %d %s", status, body)
	}
	if status, body := c.call("GET", "/version", ""); status != 200 || body != server.APIVersion {
		t.Errorf("version: %d %s", status, body)
	}
	if status, body := c.call("GET", "/ajax-api/3.0/mlflow/server-info", ""); status != 200 || !strings.Contains(body, `"workspaces_enabled":false`) {
		t.Errorf("server-info: %d %s", status, body)
	}
}

func TestMetricsForPrometheus(t *testing.T) {
	t.Parallel()
	if status, _ := newClient(t, nil).call("GET", "/metrics", ""); status != 404 {
		t.Errorf("without them: %d", status)
	}
	c := newClient(t, func(c *server.Config) { c.Metrics = observe.New(slog.New(slog.DiscardHandler)).Metrics() })
	if status, body := c.call("GET", "/metrics", ""); status != 200 || !strings.Contains(body, "mlflow_http_requests_in_flight 0") {
		t.Errorf("%d %s", status, body)
	}
}

func TestAnUnknownEndpointSaysSo(t *testing.T) {
	t.Parallel()
	status, body := newClient(t, nil).call("GET", "/api/3.0/mlflow/traces/x", "")
	var e struct {
		Code    string `json:"error_code"`
		Message string `json:"message"`
	}
	must(t, json.Unmarshal([]byte(body), &e))
	if status != 404 || e.Code != "ENDPOINT_NOT_FOUND" || !strings.Contains(e.Message, "/api/3.0/mlflow/traces/x") {
		t.Errorf("%d %s", status, body)
	}
}

func TestTheStaticPrefixIsBeforeEverything(t *testing.T) {
	t.Parallel()
	c := newClient(t, func(c *server.Config) { c.StaticPrefix = "/mlflow" })
	if status, _ := c.call("GET", "/mlflow/health", ""); status != 200 {
		t.Errorf("with the prefix: %d", status)
	}
	if status, _ := c.call("GET", "/health", ""); status != 404 {
		t.Errorf("without it: %d", status)
	}
}
