package server

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/mlstore/mlstore/core"
)

// Concurrency bounds how many requests are worked on at the same time (security rule R13). Zero fields have their defaults.
type Concurrency struct {
	Calls     int           // calls of the API; 512
	Transfers int           // files on their way to or from a client, which may take hours and have seats of their own; 256
	Patience  time.Duration // for how long a request waits for a seat before it is sent away; 5 s
}

const (
	usualCalls     = 512
	usualTransfers = 256
	usualPatience  = 5 * time.Second

	waitingPerSeat = 4       // requests that wait, for each seat; more are sent away at once
	largeBody      = 1 << 20 // from here on a body is one of few: each costs several times its size while it is decoded
	callsPerLarge  = 32      // seats for calls, for each of a large body
)

// check fills in defaults and refuses what cannot be.
func (c Concurrency) check() (Concurrency, error) {
	if c.Calls < 0 || c.Transfers < 0 || c.Patience < 0 {
		return c, core.Invalid("concurrency", "the numbers of requests and transfers at a time, and their patience, are not negative")
	}
	c.Calls = cmp.Or(c.Calls, usualCalls)
	c.Transfers = cmp.Or(c.Transfers, usualTransfers)
	c.Patience = cmp.Or(c.Patience, usualPatience)
	return c, nil
}

// concurrency has the seats of a server: requests of one kind never wait for those of another.
type concurrency struct{ calls, large, transfers *seats }

func newConcurrency(c Concurrency) concurrency {
	return concurrency{
		calls:     newSeats(c.Calls, c.Patience),
		large:     newSeats(max(1, c.Calls/callsPerLarge), c.Patience),
		transfers: newSeats(c.Transfers, c.Patience),
	}
}

// enter waits until there is a seat for the request, and returns what gives it back.
func (s *concurrency) enter(c *call, r route) (func(), error) {
	switch {
	case r.public:
		return func() {}, nil // a probe is answered also when nobody else is
	case r.transfers:
		return s.transfers.take(c.ctx(), c.principal.name)
	case c.r.ContentLength >= 0 && c.r.ContentLength < largeBody:
		return s.calls.take(c.ctx(), c.principal.name)
	}
	large, err := s.large.take(c.ctx(), c.principal.name)
	if err != nil {
		return nil, err
	}
	small, err := s.calls.take(c.ctx(), c.principal.name)
	if err != nil {
		large()
		return nil, err
	}
	return func() { small(); large() }, nil
}

// seats are for requests that are worked on. Whoever finds none free waits, in order, and not for long. Nobody who has a name
// takes more than half of them.
type seats struct {
	taken    chan struct{} // holds one for each that is taken
	waiting  chan struct{} // holds one for each request that waits
	patience time.Duration

	mu sync.Mutex
	of map[string]int // how many somebody has
}

func newSeats(n int, patience time.Duration) *seats {
	return &seats{
		taken: make(chan struct{}, n), waiting: make(chan struct{}, n*waitingPerSeat), patience: patience, of: map[string]int{},
	}
}

// take takes a seat for somebody, and returns what gives it back; an empty name is nobody in particular.
func (p *seats) take(ctx context.Context, who string) (func(), error) {
	if err := p.count(who); err != nil {
		return nil, err
	}
	if err := p.wait(ctx); err != nil {
		p.forget(who)
		return nil, err
	}
	return func() {
		<-p.taken
		p.forget(who)
	}, nil
}

func (p *seats) wait(ctx context.Context) error {
	select {
	case p.taken <- struct{}{}:
		return nil
	default:
	}
	select {
	case p.waiting <- struct{}{}:
		defer func() { <-p.waiting }()
	default:
		return full()
	}
	over := time.NewTimer(p.patience)
	defer over.Stop()
	select {
	case p.taken <- struct{}{}:
		return nil
	case <-over.C:
		return full()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// full says when to come again: not all at the same time. Its status is 429: that nothing was done is what MLflow's clients of
// 3.18 take 429 for, and not 503, and they repeat creations only then (mlflow/utils/rest_utils.py).
func full() error {
	return limited("the server works on as many requests as it can: try again soon")
}

// limited is the error of a request that was sent away before anything was done for it.
func limited(format string, args ...any) error {
	return &core.Error{
		Code: core.ResourceExhausted, Reason: core.ReasonRequestLimitExceeded, RetryAfter: comeAgain(),
		Err: fmt.Errorf(format, args...),
	}
}

func comeAgain() time.Duration {
	const most = 5
	return time.Duration(1+rand.N(most)) * time.Second //nolint:gosec // it spreads callers, and protects nothing
}

// count has somebody take one more, unless that is more than their share.
func (p *seats) count(who string) error {
	if who == "" {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[who] >= max(1, cap(p.taken)/2) {
		return limited("%d of your requests are worked on, half of what the server can: try again soon", p.of[who])
	}
	p.of[who]++
	return nil
}

func (p *seats) forget(who string) {
	if who == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[who]--; p.of[who] == 0 {
		delete(p.of, who)
	}
}
