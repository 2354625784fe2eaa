package fault

import (
	"context"
	"errors"
	"sync"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// Path is the way from a caller to a store of the same process, which breaks as conformance.Faults has it. It stands in for
// a connection: what a real one does with bytes, it does with calls. The zero value is a way without faults. The abilities
// of the store are not on it.
type Path struct {
	mu    sync.Mutex
	armed conformance.Fault
	heal  chan struct{} // closed by Heal; nil unless the path is stalled
}

// Break arms a fault.
func (p *Path) Break(f conformance.Fault) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f == conformance.Stall {
		p.stop()
		return true
	}
	p.armed = f
	return true
}

func (p *Path) stop() {
	if p.heal == nil {
		p.heal = make(chan struct{})
	}
}

// Heal disarms all faults.
func (p *Path) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed = ""
	if p.heal != nil {
		close(p.heal)
		p.heal = nil
	}
}

// take returns the fault that hits a call which only those given can hit.
func (p *Path) take(by ...conformance.Fault) conformance.Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range by {
		if p.armed == f {
			p.armed = ""
			return f
		}
	}
	return ""
}

// pass waits for as long as the path is stalled.
func (p *Path) pass(ctx context.Context) error {
	p.mu.Lock()
	heal := p.heal
	p.mu.Unlock()
	if heal == nil {
		return nil
	}
	select {
	case <-ctx.Done():
		return core.Interrupted(ctx)
	case <-heal:
		return nil
	}
}

// access says what a call does to the store.
type access int

const (
	reading access = iota
	changing
)

var errBroken = errors.New("the connection broke")

// broken is the error of a caller who heard nothing.
func broken(a access) error {
	e := &core.Error{Code: core.Unavailable, Err: errBroken}
	if a == changing {
		e.Outcome = core.OutcomeUnknown
	}
	return e
}

// through makes a call by way of the path.
func through[V any](ctx context.Context, p *Path, a access, call func() (V, error)) (V, error) {
	var none V
	if err := p.pass(ctx); err != nil {
		return none, err
	}
	switch p.take(conformance.LoseRequest, conformance.LoseReply, conformance.Reset) {
	case conformance.LoseRequest:
		return none, broken(a)
	case conformance.LoseReply, conformance.Reset: // a call without a stream has no other middle than this
		_, _ = call() // nobody hears of it
		return none, broken(a)
	case conformance.Stall, conformance.Corrupt: // taken elsewhere
	}
	return call()
}

// alter is through for a change that returns nothing.
func alter(ctx context.Context, p *Path, call func() error) error {
	_, err := through(ctx, p, changing, func() (struct{}, error) { return struct{}{}, call() })
	return err
}
