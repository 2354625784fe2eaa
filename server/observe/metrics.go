package observe

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what Prometheus reads. The two of HTTP have the names of MLflow's exporter (mlflow/server/
// prometheus_exporter.py); a route is one entry of the server's table, so that there are few of them.
type metrics struct {
	registry *prometheus.Registry
	total    *prometheus.CounterVec
	took     *prometheus.HistogramVec
	running  prometheus.Gauge
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mlflow_http_request_total", Help: "Requests by method and status.",
		}, []string{"method", "status"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mlflow_http_request_duration_seconds", Help: "How long requests took.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
		}, []string{"method", "status", "route"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{Name: "mlflow_http_requests_in_flight", Help: "Requests being answered."}),
	}
	m.registry.MustRegister(
		m.total, m.took, m.running, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// count takes a request in. What no route serves counts as one route, and unknown methods as one method.
func (m *metrics) count(s seen, status int) {
	code, method := strconv.Itoa(status), s.request.Method
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		method = "other"
	}
	m.total.WithLabelValues(method, code).Inc()
	m.took.WithLabelValues(method, code, s.note.route).Observe(s.took.Seconds())
}

// Metrics serves what Prometheus reads.
func (o *Requests) Metrics() http.Handler {
	return promhttp.HandlerFor(o.metrics.registry, promhttp.HandlerOpts{})
}
