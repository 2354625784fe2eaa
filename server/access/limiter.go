package access

import (
	"sync"
	"time"

	"github.com/mlstore/mlstore/core"
)

// limiter counts failures. Whoever has too many must wait before the next attempt is looked at.
type limiter struct {
	burst  int           // failures that are free
	refill time.Duration // after which one more is free
	now    func() time.Time

	mu    sync.Mutex
	debts map[string]debt
}

// debt is when all failures of somebody will be forgotten.
type debt struct{ until time.Time }

// mostDebts bounds the memory: beyond it those that have been forgotten go, and if none have, all do.
const mostDebts = 20_000

// check refuses somebody who has used up their failures, and says when to come again.
func (l *limiter) check(who string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	d, owes := l.debts[who]
	if !owes {
		return nil
	}
	wait := d.until.Sub(l.now()) - time.Duration(l.burst-1)*l.refill
	if wait <= 0 {
		return nil
	}
	return &core.Error{
		Code: core.ResourceExhausted, Reason: core.ReasonRequestLimitExceeded, RetryAfter: wait,
		Err: core.Errorf(core.ResourceExhausted, "too many failed logins: try again in %v", wait.Round(time.Second)),
	}
}

// fail counts a failure.
func (l *limiter) fail(who string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if l.debts == nil {
		l.debts = map[string]debt{}
	}
	if len(l.debts) >= mostDebts {
		l.forget(now)
	}
	d := l.debts[who]
	if d.until.Before(now) {
		d.until = now
	}
	d.until = d.until.Add(l.refill)
	l.debts[who] = d
}

func (l *limiter) forget(now time.Time) {
	for who, d := range l.debts {
		if d.until.Before(now) {
			delete(l.debts, who)
		}
	}
	if len(l.debts) >= mostDebts {
		clear(l.debts)
	}
}
