package sqlstore

import (
	"context"
	"slices"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// purges are the removals of runs that wait. Those that come while a transaction removes others share the next one, so that
// many callers pay for a few statements and one commit.
type purges struct {
	turn chan struct{} // one token while somebody removes

	mu      sync.Mutex
	waiting []*purge
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
	p.mu.Lock()
	p.waiting = append(p.waiting, own)
	p.mu.Unlock()
	select {
	case <-own.done:
	case p.turn <- struct{}{}:
		for !own.isDone() {
			p.lead(ctx, by)
		}
		<-p.turn
	case <-ctx.Done():
		if p.withdraw(own) {
			return core.Interrupted(ctx)
		}
	}
	<-own.done // somebody has begun with it
	return own.err
}

func (p *purge) isDone() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (p *purge) end(err error) {
	p.err = err
	close(p.done)
}

// withdraw takes back a removal that nobody has begun with.
func (p *purges) withdraw(own *purge) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.waiting, own)
	if i < 0 {
		return false
	}
	p.waiting = slices.Delete(p.waiting, i, i+1)
	return true
}

// take takes those that came first, each run once: whoever removes it a second time must see that it is gone.
func (p *purges) take() (taken []*purge, runs []core.RunID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := map[core.RunID]bool{}
	var left []*purge
	for _, each := range p.waiting {
		if known[each.run] || len(taken) == mostPurged {
			left = append(left, each)
			continue
		}
		known[each.run] = true
		taken, runs = append(taken, each), append(runs, each.run)
	}
	p.waiting = left
	return taken, runs
}

// lead removes what waits. Where others wait too it does not end with its caller's context.
func (p *purges) lead(ctx context.Context, by purging) {
	taken, runs := p.take()
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
