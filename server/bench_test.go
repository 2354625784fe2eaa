package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/registry"
	"github.com/mlstore/mlstore/server"
)

// The benchmarks show what the server itself costs: the stores are in memory, and there is no network.

func benchHandler(b *testing.B) (http.Handler, *mem.Tracking) {
	b.Helper()
	store := mem.NewTracking()
	resolver := registry.New(nil)
	rule := registry.Rule{
		Empty: true, Kinds: []registry.Kind{registry.Tracking, registry.Registry},
		Opener: core.OpenerFunc(func(context.Context, core.OpenRequest) (core.Backend, error) {
			return core.Backend{Tracking: store, Registry: mem.NewRegistry()}, nil
		}),
	}
	uri, err := core.ParseURI("mem:")
	if err == nil {
		err = resolver.Handle("mem", rule)
	}
	if err != nil {
		b.Fatal(err)
	}
	s, err := server.New(b.Context(), server.Config{Resolver: resolver, Tracking: uri})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s.Handler(), store
}

func bench(b *testing.B, method, path, body string, h http.Handler) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatalf("%d %s", w.Code, w.Body)
		}
	}
}

func BenchmarkLogMetric(b *testing.B) {
	h, store := benchHandler(b)
	run, err := store.CreateRun(b.Context(), "0", core.RunSpec{})
	if err != nil {
		b.Fatal(err)
	}
	bench(b, "POST", api+"runs/log-metric", fmt.Sprintf(`{"run_id":"%s","key":"k","value":1,"timestamp":1}`, run.ID), h)
}

func BenchmarkGetRun(b *testing.B) {
	h, store := benchHandler(b)
	run, err := store.CreateRun(b.Context(), "0", core.RunSpec{})
	if err != nil {
		b.Fatal(err)
	}
	var batch core.Batch
	for i := range 100 {
		batch.Metrics = append(batch.Metrics, core.Metric{Key: fmt.Sprintf("metric-%d", i), Value: 1 / float64(i+3), Timestamp: 1})
	}
	if err := store.LogBatch(b.Context(), run.ID, batch); err != nil {
		b.Fatal(err)
	}
	bench(b, "GET", api+"runs/get?run_id="+string(run.ID), "", h)
}
