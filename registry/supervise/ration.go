package supervise

import (
	"log/slog"
	"sync"
	"time"
)

// How many lines of one level a plugin may have in the log of its host.
const (
	linesAtOnce    = 1000
	linesPerSecond = 100
)

// ration is how much of what a plugin prints goes to the log: one that floods must not fill the disk of its host. The zero
// value is a full one. It is safe for concurrent use.
type ration struct {
	mu    sync.Mutex
	spent float64   // lines, of linesAtOnce
	at    time.Time // when spent was true
	left  int       // lines left out since the last that was not
}

// take reports whether a line may be logged now, and how many have been left out since the last one, with this one if it
// may not.
func (r *ration) take(now time.Time) (ok bool, left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spent = max(0, r.spent-max(0, now.Sub(r.at).Seconds())*linesPerSecond)
	r.at = now
	if r.spent+1 > linesAtOnce {
		r.left++
		return false, r.left
	}
	r.spent++
	left, r.left = r.left, 0
	return true, left
}

// log logs a line, or says that lines are left out and, with the next one, how many have been.
func (r *ration) log(log func(string, ...any), message string, attributes []any) {
	ok, left := r.take(time.Now())
	switch {
	case !ok && left == 1:
		log("the plugin prints too much: what follows is left out")
	case ok && left > 0:
		log("the plugin printed too much", slog.Int("lines left out", left))
		log(message, attributes...)
	case ok:
		log(message, attributes...)
	}
}
