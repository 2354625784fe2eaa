package supervise

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// breaker decides when a process that crashed may be started again. Its owner guards it.
type breaker struct {
	timing  Timing // filled
	crashes []time.Time
	streak  int   // crashes without a healthy life between them
	last    fault // the latest
}

// crashed notes that the process ended at now, after it had lived for so long.
func (b *breaker) crashed(now time.Time, lived time.Duration, f fault) {
	if lived >= b.timing.Healthy {
		b.streak = 0
	}
	b.streak++
	b.last = f
	b.crashes = append(b.recent(now), now)
}

// recent are the crashes that still count.
func (b *breaker) recent(now time.Time) []time.Time {
	for i, at := range b.crashes {
		if now.Sub(at) < b.timing.Healthy {
			return b.crashes[i:]
		}
	}
	return nil
}

// pause is how long to wait before the next start, and an open circuit if there is to be none for now.
func (b *breaker) pause(now time.Time) (time.Duration, *fault) {
	b.crashes = b.recent(now)
	if n := len(b.crashes); b.timing.Crashes > 0 && n >= b.timing.Crashes {
		closes := b.timing.Healthy - now.Sub(b.crashes[n-b.timing.Crashes])
		return 0, &fault{
			plugin: b.last.plugin, reason: ReasonCircuitOpen, lines: b.last.lines, after: closes,
			cause: fmt.Sprintf("it failed %d times within %v and is left alone for %v; the last time: %s", n, b.timing.Healthy,
				closes.Round(time.Second), b.last.cause),
		}
	}
	if b.streak == 0 || len(b.crashes) == 0 {
		return 0, nil
	}
	wait := b.timing.MaxBackoff
	if doubled := b.streak - 1; doubled < 30 {
		wait = min(wait, b.timing.Backoff<<doubled)
	}
	wait = wait/2 + rand.N(wait/2+1) //nolint:gosec // jitter is no secret
	return max(0, wait-now.Sub(b.crashes[len(b.crashes)-1])), nil
}
