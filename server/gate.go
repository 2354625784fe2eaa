package server

import (
	"fmt"
	"io"
	"net/http"
)

// What MLflow's server says of endpoints that its flags switch off (mlflow/server/handlers.py).
const (
	notServing = "Endpoint: %s disabled due to the mlflow server running with `--no-serve-artifacts`. " +
		"To enable artifacts server functionality, run `mlflow server` with `--serve-artifacts`"
	notTracking = "Endpoint: %s disabled due to the mlflow server running in `--artifacts-only` mode. " +
		"To enable tracking server functionality, run `mlflow server` without `--artifacts-only`"
)

// gated keeps the places of routes that are switched off: they answer 503 and why.
func gated(why string, routes []route) []route {
	for i, r := range routes {
		text := fmt.Sprintf(why, r.paths[0])
		routes[i] = openly(r.method, r.paths, func(c *call) error {
			c.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			c.w.WriteHeader(http.StatusServiceUnavailable)
			_, err := io.WriteString(c.w, text)
			return unanswered(err)
		})
	}
	return routes
}
