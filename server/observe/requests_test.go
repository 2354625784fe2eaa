package observe_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/server/observe"
)

// watched is a handler that has been asked some things.
func watched(t *testing.T) (o *observe.Requests, lines []map[string]any) {
	t.Helper()
	var log bytes.Buffer
	o = observe.New(slog.New(slog.NewJSONHandler(&log, nil)))
	handler := o.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ok":
			observe.Note(r.Context(), "GET /ok", "ann")
			_, _ = io.WriteString(w, "four")
		case "/health":
			observe.Note(r.Context(), "GET /health", "")
		case "/broken":
			observe.Fail(r.Context(), errors.New("the disk is on fire"))
			w.WriteHeader(http.StatusInternalServerError)
		case "/cut":
			panic(http.ErrAbortHandler)
		default:
			http.NotFound(w, r)
		}
	}))
	ask := func(method, path string) {
		defer func() { _ = recover() }()
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
	}
	ask("GET", "/ok?token=secret")
	ask("GET", "/health")
	ask("POST", "/broken")
	ask("GET", "/cut")
	ask("BREW", "/"+strings.Repeat("x", 1000))
	for line := range strings.SplitSeq(strings.TrimSpace(log.String()), "\n") {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		lines = append(lines, fields)
	}
	return o, lines
}

func TestOneLineForEachRequest(t *testing.T) {
	t.Parallel()
	_, lines := watched(t)
	want := []map[string]any{
		{"level": "INFO", "method": "GET", "path": "/ok", "status": 200.0, "bytes": 4.0, "user": "ann"},
		{"level": "ERROR", "method": "POST", "path": "/broken", "status": 500.0, "error": "the disk is on fire"},
		{"level": "ERROR", "path": "/cut", "cut": true},
		{"level": "INFO", "status": 404.0, "method": "BREW"},
	}
	if len(lines) != len(want) {
		t.Fatalf("%d lines: %v", len(lines), lines)
	}
	for i, w := range want {
		for field, value := range w {
			if lines[i][field] != value {
				t.Errorf("line %d: %s is %v, not %v", i, field, lines[i][field], value)
			}
		}
	}
	if path, _ := lines[3]["path"].(string); len(path) > 600 {
		t.Errorf("a path of %d bytes in the log", len(path))
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	o, _ := watched(t)
	w := httptest.NewRecorder()
	o.Metrics().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{
		`mlflow_http_request_total{method="GET",status="200"} 2`, // of which one was cut off before its status
		`mlflow_http_request_total{method="other",status="404"} 1`,
		`mlflow_http_request_duration_seconds_count{method="GET",route="GET /ok",status="200"} 1`,
		"mlflow_http_requests_in_flight 0",
	} {
		if !strings.Contains(w.Body.String(), line+"\n") {
			t.Errorf("no line %s in\n%s", line, w.Body)
		}
	}
}
