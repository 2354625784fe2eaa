package supervise_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry/supervise"
)

// soakVariable says how long TestSoak lasts, as in "1h" (make soak).
const soakVariable = "MLSTORE_SOAK"

// TestSoak starts and ends plugins in every way, again and again, and counts what is left: descriptors, goroutines, files
// and processes.
func TestSoak(t *testing.T) { //nolint:paralleltest // it counts what the whole process holds
	lasts := 3 * time.Second
	if text := os.Getenv(soakVariable); text != "" {
		var err error
		lasts, err = time.ParseDuration(text)
		check(t, err)
	}
	dir := t.TempDir()
	soakRound(t, dir) // what the first use keeps for ever is not a leak
	before := held(t)
	rounds := 0
	for end := time.Now().Add(lasts); time.Now().Before(end); rounds++ {
		soakRound(t, dir)
	}
	after := before
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for patience := time.Now().Add(5 * time.Second); time.Now().Before(patience); <-ticks.C {
		if after = held(t); after == before {
			break
		}
	}
	t.Logf("%d rounds: %+v before, %+v after", rounds, before, after)
	if after.descriptors > before.descriptors || after.goroutines > before.goroutines || after.children > before.children {
		var stacks [1 << 20]byte
		t.Errorf("after %d rounds: %+v, before %+v\n%s", rounds, after, before, stacks[:runtime.Stack(stacks[:], true)])
	}
}

// soakRound is one host with all that may happen to it; newHost looks for files that are left. Its clean-up comes at once.
func soakRound(t *testing.T, state string) {
	t.Helper()
	t.Run("round", func(t *testing.T) {
		h := newHost(t, "serve", func(o *supervise.Options, p *supervise.Program) {
			o.Timing = supervise.Timing{
				Crashes: -1, Backoff: time.Millisecond, MaxBackoff: time.Millisecond, Idle: time.Millisecond,
				Watch: 20 * time.Millisecond, Probe: 300 * time.Millisecond,
			}
			p.Args[2] = state
		})
		s := h.open(t, "a")
		works(t, s)
		h.kill(t) // a crash
		works(t, s)
		frozen := watch(t, h.pid(t))
		frozen.freeze(t)
		works(t, s) // a freeze
		check(t, s.Close())
		b, err := h.Open(t.Context(), request(t, "b")) // after an idle stop, or before it
		check(t, err)
		_, err = b.Tracking.CreateExperiment(t.Context(), core.ExperimentSpec{Name: "n"})
		check(t, err)
		bad := newHost(t, "panic", func(o *supervise.Options, _ *supervise.Program) { o.Timing.Backoff = time.Millisecond })
		_, err = bad.Open(t.Context(), request(t, "c"))
		wantError(t, err, supervise.ReasonStart)
	})
}

// holdings is what this process holds of the system.
type holdings struct{ descriptors, goroutines, children int }

func held(t *testing.T) holdings {
	t.Helper()
	runtime.GC() // what only a finalizer closes is closed by it
	fds, err := os.ReadDir("/proc/self/fd")
	check(t, err)
	h := holdings{descriptors: len(fds), goroutines: runtime.NumGoroutine()}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	check(t, err)
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		var state string
		var parent int
		if n, _ := fmt.Sscan(rest, &state, &parent); n == 2 && parent == syscall.Getpid() {
			h.children++
		}
	}
	return h
}
