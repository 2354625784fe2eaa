package supervise

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
)

const (
	keptLines   = 200      // of standard error, for reports about crashes
	shownLines  = 8        // of them in an error
	longestLine = 64 << 10 // bytes; what is longer is cut
	longestKept = 1 << 10  // bytes of a line that is kept
)

// journal takes what a plugin prints, passes it on to the logger and keeps the last lines. Its methods are safe for
// concurrent use.
type journal struct {
	logger  *slog.Logger
	rations [4]ration // of errors, warnings, information and the rest

	mu      sync.Mutex
	lines   []string // the last keptLines, and some before them
	secrets map[string]bool
	dying   bool // a Go panic has begun: what follows belongs to it
}

// follow reads lines until r ends. A line that is too long is cut, never an end.
func (j *journal) follow(r io.Reader, note func(line string)) {
	lines := bufio.NewReaderSize(r, longestLine)
	for {
		line, more, err := lines.ReadLine()
		if err != nil {
			return
		}
		note(string(line))
		for more && err == nil {
			_, more, err = lines.ReadLine()
		}
	}
}

// hide keeps secrets out of the log and of errors from now on.
func (j *journal) hide(secrets []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.secrets == nil {
		j.secrets = map[string]bool{}
	}
	for _, s := range secrets {
		if len(s) >= 4 { // a shorter one would blacken ordinary words
			j.secrets[s] = true
		}
	}
}

// stderr takes one line of standard error.
func (j *journal) stderr(line string) {
	line = j.keep(line)
	level, message, attributes := j.read(line)
	j.log(level, message, attributes...)
}

// stdout takes one line of standard output that is not the handshake.
func (j *journal) stdout(line string) {
	j.log(slog.LevelWarn, j.keep(line), slog.String("on", "stdout"))
}

// log passes a line on. What a plugin prints belongs to no call, so that there is no context for it.
func (j *journal) log(level slog.Level, message string, attributes ...slog.Attr) {
	all := make([]any, len(attributes))
	for i, a := range attributes {
		all[i] = a
	}
	switch {
	case level >= slog.LevelError:
		j.rations[0].log(j.logger.Error, message, all)
	case level >= slog.LevelWarn:
		j.rations[1].log(j.logger.Warn, message, all)
	case level >= slog.LevelInfo:
		j.rations[2].log(j.logger.Info, message, all)
	default:
		j.rations[3].log(j.logger.Debug, message, all)
	}
}

// keep remembers the line without its secrets, and returns it so.
func (j *journal) keep(line string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	line = j.scrub(strings.ToValidUTF8(line, "\uFFFD"))
	short := line
	if len(short) > longestKept {
		short = strings.ToValidUTF8(short[:longestKept], "") + "…"
	}
	if len(j.lines) >= 2*keptLines { // now and then, since it moves them all
		j.lines = append(j.lines[:0], j.lines[len(j.lines)-keptLines+1:]...)
	}
	j.lines = append(j.lines, short)
	return line
}

// scrub takes the secrets out of a text. The lock is held.
func (j *journal) scrub(text string) string {
	for secret := range j.secrets {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}

// last are the last lines for an error: from where a panic began, if there is one.
func (j *journal) last() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := j.lines[max(0, len(j.lines)-keptLines):]
	for i, line := range lines {
		if fatal(line) {
			return shown(lines[i:min(len(lines), i+shownLines)])
		}
	}
	return shown(lines[max(0, len(lines)-shownLines):])
}

func shown(lines []string) []string {
	short := make([]string, len(lines))
	for i, line := range lines {
		short[i] = cut(line)
	}
	return short
}

// fatal reports how the Go runtime begins its last words.
func fatal(line string) bool {
	return strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ")
}

// read makes a record of a line: one of hclog's in JSON, one with a level in brackets before it, or plain text. Whatever a
// line holds, it is only text: nothing in it is trusted to have the form that it seems to have.
func (j *journal) read(line string) (slog.Level, string, []slog.Attr) {
	if strings.HasPrefix(line, "{") {
		var record map[string]any
		if json.Unmarshal([]byte(line), &record) == nil {
			return j.fromRecord(line, record)
		}
	}
	if name, rest, found := strings.Cut(line, "]"); found && strings.HasPrefix(name, "[") && name == strings.ToUpper(name) {
		if level, known := levels()[strings.ToLower(name[1:])]; known {
			return level, strings.TrimSpace(rest), nil
		}
	}
	if j.fatalUntilEnd(line) {
		return slog.LevelError, line, nil
	}
	return slog.LevelInfo, line, nil
}

func (j *journal) fatalUntilEnd(line string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dying = j.dying || fatal(line)
	return j.dying
}

// fromRecord reads hclog's keys. Source: go-hclog, intlogger.go. What JSON had escaped may hold a secret only now.
func (j *journal) fromRecord(line string, record map[string]any) (slog.Level, string, []slog.Attr) {
	message, isText := record["@message"].(string)
	if !isText {
		return slog.LevelInfo, line, nil
	}
	level := slog.LevelInfo
	if name, isText := record["@level"].(string); isText {
		if known, ok := levels()[strings.ToLower(name)]; ok {
			level = known
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	message = j.scrub(message)
	var attributes []slog.Attr
	for _, key := range slices.Sorted(maps.Keys(record)) {
		if !strings.HasPrefix(key, "@") {
			attributes = append(attributes, slog.String(j.scrub(key), j.scrub(fmt.Sprint(record[key]))))
		}
	}
	return level, message, attributes
}

func levels() map[string]slog.Level {
	return map[string]slog.Level{
		"trace": slog.LevelDebug, "debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
}
