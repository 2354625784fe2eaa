package conformance

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"path"
	"runtime"
	"time"
)

// Options choose and shape a run. The zero value runs all core cases.
type Options struct {
	Level      Level
	Only       []string       // patterns (path.Match) of ids or names; none is all. What they leave out is not reported
	Skip       []string       // patterns likewise; what they match is reported as skipped
	Seed       uint64         // 0 draws one
	Parallel   int            // cases at a time; 0 is the number of processors
	Timeout    time.Duration  // of one case; 0 is three minutes
	ForbidSkip bool           // a skipped case is an error
	Known      []KnownFailure // failures that somebody has looked at

	// Repro writes the command that repeats one case, for the report.
	Repro func(id string, seed uint64) string
	// Progress hears of every result as it comes, one at a time.
	Progress func(Result)
}

// KnownFailure is a failure that somebody has looked at and that may stand for a while: until Expires it counts as
// skipped, after that as the failure that it is. When the case passes, the entry is what fails: it must go.
type KnownFailure struct {
	ID      string
	Reason  string
	Expires time.Time
}

func (o Options) filled() Options {
	o.Timeout = cmp.Or(o.Timeout, 3*time.Minute)
	o.Parallel = cmp.Or(o.Parallel, runtime.GOMAXPROCS(0))
	for o.Seed == 0 {
		o.Seed = rand.Uint64() //nolint:gosec // a seed is no secret
	}
	if o.Repro == nil {
		o.Repro = func(id string, seed uint64) string { return fmt.Sprintf("--only %s --seed %d", id, seed) }
	}
	return o
}

// check refuses patterns that cannot match anything.
func (o Options) check() error {
	for _, p := range append(append([]string(nil), o.Only...), o.Skip...) {
		if _, err := path.Match(p, ""); err != nil {
			return fmt.Errorf("bad pattern %q: %w", p, err)
		}
	}
	return nil
}

func (o Options) selects(e Entry) bool {
	return e.Level <= o.Level && (len(o.Only) == 0 || matches(o.Only, e))
}

func (o Options) skips(e Entry) bool { return matches(o.Skip, e) }

// matches also takes the start of a name up to a slash, so that "search" means all of search/….
func matches(patterns []string, e Entry) bool {
	topic, _ := path.Split(e.Name)
	for _, p := range patterns {
		for _, text := range []string{e.ID, e.Name, path.Clean(topic)} {
			if ok, err := path.Match(p, text); ok && err == nil {
				return true
			}
		}
	}
	return false
}

func (o Options) known(id string) (KnownFailure, bool) {
	for _, k := range o.Known {
		if k.ID == id {
			return k, true
		}
	}
	return KnownFailure{}, false
}
