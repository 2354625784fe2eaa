package sdk

import (
	"io"
	"log/slog"
	"strings"
)

// newLogger logs in the form that hosts of go-plugin read: hclog's JSON. Source: go-hclog, intlogger.go, logJSON.
func newLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: hclogKeys}))
}

func hclogKeys(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.TimeKey:
		return slog.String("@timestamp", a.Value.Time().Format("2006-01-02T15:04:05.000000Z07:00"))
	case slog.LevelKey:
		return slog.String("@level", levelName(a.Value))
	case slog.MessageKey:
		a.Key = "@message"
	}
	return a
}

func levelName(v slog.Value) string {
	level, ok := v.Any().(slog.Level)
	switch {
	case !ok:
		return strings.ToLower(v.String())
	case level < slog.LevelInfo:
		return "debug"
	case level < slog.LevelWarn:
		return "info"
	case level < slog.LevelError:
		return "warn"
	}
	return "error"
}
