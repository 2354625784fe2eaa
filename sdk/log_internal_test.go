package sdk

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"
	"time"
)

// What is logged has the keys and the form that hosts of go-plugin parse.
func TestLogRecordsAreHclogs(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := newLogger(&out)
	for level, want := range map[slog.Level]string{
		slog.LevelDebug: "debug", slog.LevelInfo: "info", slog.LevelWarn: "warn", slog.LevelError: "error", slog.LevelError + 4: "error",
	} {
		out.Reset()
		logger.With("a", 1).WithGroup("g").Log(t.Context(), level, "text", "time", "inner")
		var got map[string]any
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v", &out, err)
		}
		stamp, _ := got["@timestamp"].(string)
		if _, err := time.Parse("2006-01-02T15:04:05.000000Z07:00", stamp); err != nil {
			t.Errorf("@timestamp %q: %v", stamp, err)
		}
		group, _ := got["g"].(map[string]any)
		if got["@message"] != "text" || got["@level"] != want || got["a"] != 1.0 || group["time"] != "inner" {
			t.Errorf("level %v: got %v, want the level %s", level, got, want)
		}
	}
}
