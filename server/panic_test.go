package server_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/server"
)

// panicking is a store with a mistake in it.
type panicking struct{ core.TrackingStore }

func (panicking) Ability(any) bool { return false }

func (panicking) CreateExperiment(context.Context, core.ExperimentSpec) (core.Experiment, error) {
	panic("SECRETWORD")
}

// Row H28: a handler that panics is told to the log and the audit, and the client learns nothing of it.
func TestAHandlerThatPanics(t *testing.T) {
	t.Parallel()
	var log, audit bytes.Buffer
	open := func(context.Context, core.OpenRequest) (core.Backend, error) {
		return core.Backend{Tracking: panicking{mem.NewTracking()}, Registry: mem.NewRegistry()}, nil
	}
	c := newClientOver(t, open, func(c *server.Config) {
		c.Log, c.Audit = slog.New(slog.NewTextHandler(&log, nil)), slog.New(slog.NewJSONHandler(&audit, nil))
	})
	status, body := c.call("POST", "/api/2.0/mlflow/experiments/create", `{"name":"x"}`)
	if status != http.StatusInternalServerError || !strings.Contains(body, `"error_code":"INTERNAL_ERROR"`) ||
		strings.Contains(body, "SECRETWORD") || strings.Contains(body, ".go") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := c.call("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", ""); status != http.StatusOK {
		t.Errorf("afterwards: %d %s", status, body)
	}
	if !strings.Contains(log.String(), "SECRETWORD") || !strings.Contains(log.String(), "panic_test.go") {
		t.Errorf("the log has\n%s", &log)
	}
	if !strings.Contains(audit.String(), `experiments/create","resources":["experiment "],"status":500`) {
		t.Errorf("the audit has\n%s", &audit)
	}
}
