package sqlstore

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// purges are the removals of runs that wait. Those that come while a transaction removes others share the next one, so that
// many callers pay for a few statements and one commit.
type purges struct {
	turn  chan struct{} // one token while somebody removes
	queue queue[*purge]
}

// purge is one caller's removal.
type purge struct {
	run  core.RunID
	done chan struct{} // closed when err is set
	err  error
}

// purging removes deleted runs in one transaction. It says why a run is refused; the others are gone without an error.
type purging func(context.Context, []core.RunID) (refused map[core.RunID]error, err error)

// mostPurged is how many runs one transaction removes at most, so that others who write wait for part of a second.
const mostPurged = 256

func (p *purges) remove(ctx context.Context, run core.RunID, by purging) error {
	own := &purge{run: run, done: make(chan struct{})}
	p.queue.add(own)
	select {
	case <-own.done:
	case p.turn <- struct{}{}:
		for !isClosed(own.done) {
			p.lead(ctx, by)
		}
		<-p.turn
	case <-ctx.Done():
		if p.queue.remove(own) {
			return core.Interrupted(ctx)
		}
	}
	<-own.done // somebody has begun with it
	return own.err
}

func (p *purge) end(err error) {
	p.err = err
	close(p.done)
}

// eachOnce are those that came first, each run once: whoever removes it a second time must see that it is gone.
func eachOnce(waiting []*purge) (taken, left []*purge) {
	known := map[core.RunID]bool{}
	for _, each := range waiting {
		if known[each.run] || len(taken) == mostPurged {
			left = append(left, each)
			continue
		}
		known[each.run] = true
		taken = append(taken, each)
	}
	return taken, left
}

// lead removes what waits. Where others wait too it does not end with its caller's context.
func (p *purges) lead(ctx context.Context, by purging) {
	taken := p.queue.take(eachOnce)
	runs := make([]core.RunID, len(taken))
	for i, each := range taken {
		runs[i] = each.run
	}
	if len(taken) > 1 {
		ctx = context.WithoutCancel(ctx)
	}
	refused, err := by(ctx, runs)
	if len(taken) > 1 && err != nil && isDefinite(err) { // one of them is at fault: each by itself
		for _, each := range taken {
			refused, err := by(ctx, []core.RunID{each.run})
			each.end(first(err, refused[each.run]))
		}
		return
	}
	for _, each := range taken {
		each.end(first(err, refused[each.run]))
	}
}

// first is the first of two errors that there is.
func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
