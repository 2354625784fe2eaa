package edge

import (
	"log/slog"
	"net/http"
	"time"
)

// Limits of connections (security rule R13).
const (
	maxHeader  = 64 << 10
	headerTime = 10 * time.Second
	idleTime   = 60 * time.Second
)

// Server returns an HTTP server with the limits of R13: headers of 64 KiB that must come within 10 seconds, connections
// that are idle for a minute at most, bodies that keep a pace of 1 KiB a second. What net/http complains of goes to log.
func Server(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           Paced(handler),
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
