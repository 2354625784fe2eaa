package supervise

import (
	"log/slog"
	"strings"
	"testing"
	"time"
)

func FuzzLogLines(f *testing.F) {
	for _, line := range []string{
		`{"@message": 1}`, `{"@message": "m", "@level": "warn", "a": [1]}`, "[ERROR] x", "panic: y", "", "{", "\xff", "secret-word",
		`{"@message": "secret\u002dword", "secret\u002dword": ["secret\u002dword"]}`,
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var text strings.Builder
		j := journal{logger: slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))}
		j.hide([]string{"secret-word"})
		j.follow(strings.NewReader(line+"\n"), j.stderr)
		j.follow(strings.NewReader(line), j.stdout)
		for _, shown := range append(j.last(), text.String()) {
			if strings.Contains(shown, "secret-word") {
				t.Errorf("the secret shows in %q", shown)
			}
		}
		if n := len(j.last()); n > shownLines {
			t.Errorf("%d lines in an error, want at most %d", n, shownLines)
		}
	})
}

func TestTheJournalForgets(t *testing.T) {
	t.Parallel()
	j := journal{logger: slog.New(slog.DiscardHandler)}
	for range 3 * keptLines {
		j.stderr(strings.Repeat("x", 3*longestKept))
	}
	j.stderr("the last")
	if n := len(j.lines); n < keptLines || n > 2*keptLines || len(j.lines[0]) > longestKept+len("…") {
		t.Errorf("%d lines of %d bytes are kept, want %d to %d of %d", n, len(j.lines[0]), keptLines, 2*keptLines, longestKept)
	}
	if last := j.last(); last[len(last)-1] != "the last" {
		t.Errorf("the last lines are %q", last)
	}
	j.stderr("panic: now")
	j.stderr("goroutine 1")
	if last := j.last(); last[0] != "panic: now" || len(last) != 2 {
		t.Errorf("after a panic the lines are %q, want those from where it begins", last)
	}
}

// A plugin that floods leaves its errors in the log, and room on the disk.
func TestTheLogIsRationed(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	j := journal{logger: slog.New(slog.NewTextHandler(&text, nil))}
	start := time.Now()
	j.follow(strings.NewReader(strings.Repeat("flood\n", 50*linesAtOnce)), j.stdout)
	j.stderr("[ERROR] of another level")
	most := linesAtOnce + 2 + int(time.Since(start).Seconds()*linesPerSecond)
	if n := strings.Count(text.String(), "flood"); n < linesAtOnce || n > most {
		t.Errorf("%d lines are logged, want %d to %d", n, linesAtOnce, most)
	}
	if !strings.Contains(text.String(), "prints too much") || !strings.Contains(text.String(), "of another level") {
		t.Errorf("the log ends with %q", text.String()[max(0, text.Len()-300):])
	}
	if last := j.last(); last[0] != "flood" {
		t.Errorf("the last lines are %q, want all that was printed", last)
	}
}

func TestRationsComeBack(t *testing.T) {
	t.Parallel()
	var r ration
	now := time.Unix(1000, 0)
	for i := range linesAtOnce + 5 {
		if ok, left := r.take(now); ok != (i < linesAtOnce) || left != max(0, i+1-linesAtOnce) {
			t.Fatalf("line %d: %v with %d left out", i, ok, left)
		}
	}
	now = now.Add(time.Second)
	if ok, left := r.take(now); !ok || left != 5 {
		t.Errorf("after a second: %v with %d left out, want one more line after 5", ok, left)
	}
	for range linesPerSecond {
		r.take(now)
	}
	if ok, left := r.take(now.Add(-time.Hour)); ok || left != 2 { // the clock went back
		t.Errorf("after the second's lines: %v with %d left out, want 2", ok, left)
	}
	if ok, _ := r.take(now.Add(time.Second - time.Hour)); !ok {
		t.Error("a clock that went back keeps lines out")
	}
}

func TestLevelsInBrackets(t *testing.T) {
	t.Parallel()
	var j journal
	for line, want := range map[string]slog.Level{
		"[ERROR] x": slog.LevelError, "[WARN]x": slog.LevelWarn, "[TRACE] x": slog.LevelDebug, "[error] x": slog.LevelInfo, "[OTHER] x": slog.LevelInfo,
	} {
		level, text, _ := j.read(line)
		if known := text == "x"; level != want || known != (line[:2] != "[e" && line[:2] != "[O") {
			t.Errorf("%q is %q at the level %v, want %v", line, text, level, want)
		}
	}
}

// A line costs the same however many there were.
func BenchmarkLines(b *testing.B) {
	j := journal{logger: slog.New(slog.DiscardHandler)}
	for b.Loop() {
		j.stderr("2026-11-26 loaded 100 rows of the table that somebody asked for")
	}
}
