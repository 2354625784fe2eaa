package supervise

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire"
)

// process is the process of one program, through all of its lives. It exists before the first of them and between two.
type process struct {
	supervisor *Supervisor
	program    Program
	environ    []string
	timing     Timing
	logger     *slog.Logger
	journal    *journal
	client     *wire.Client // speaks through conn

	mu        sync.Mutex
	breaker   breaker
	life      *life    // nil while there is none
	starting  *attempt // nil while nobody starts it
	number    uint64   // of the latest life
	instances int      // that are open
	idle      *time.Timer
	crashes   uint64
	calls     uint64 // of the lives before
	last      string // why the latest life ended
	closed    bool
}

// attempt is a start under way, for which all who want the process wait together.
type attempt struct {
	done chan struct{} // closed when it has ended: err is set
	stop context.CancelFunc
	err  error
}

func newProcess(s *Supervisor, p Program, environ []string) *process {
	logger := s.logger.With(slog.String("plugin", p.name()))
	made := &process{
		supervisor: s, program: p, environ: environ, timing: s.timing, logger: logger,
		journal: &journal{logger: logger}, breaker: breaker{timing: s.timing},
	}
	made.client = wire.NewClient(&conn{process: made})
	return made
}

// running returns the life that is under way, or begins one. It waits no longer than ctx lives. The life is not stopped for
// being idle before it is let go.
func (p *process) running(ctx context.Context) (*life, error) {
	for {
		a, l, err := p.join(ctx)
		if err != nil || l != nil {
			return l, err
		}
		select {
		case <-a.done:
			if a.err != nil {
				return nil, a.err
			}
		case <-ctx.Done():
			return nil, core.Interrupted(ctx)
		}
	}
}

// join returns the life that is under way, or else the attempt to begin one.
func (p *process) join(ctx context.Context) (*attempt, *life, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, nil, core.Closed("plugin " + p.program.name())
	case p.life != nil:
		p.life.users.Add(1)
		return nil, p.life, nil
	case p.starting != nil:
		return p.starting, nil, nil
	}
	wait, open := p.breaker.pause(time.Now())
	if open != nil {
		return nil, nil, open.as(core.NoEffect)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx)) // it serves all who wait, not only who came first
	p.starting = &attempt{done: make(chan struct{}), stop: stop}
	p.number++
	go p.begin(ctx, p.starting, wait)
	return p.starting, nil, nil
}

// begin starts the program after a pause, and tells those who wait.
func (p *process) begin(ctx context.Context, a *attempt, wait time.Duration) {
	defer a.stop()
	p.mu.Lock()
	number := p.number
	p.mu.Unlock()
	l, err := p.begun(ctx, number, wait)
	if err == nil {
		l.ctx = context.WithoutCancel(ctx)
	}
	p.mu.Lock()
	p.starting = nil
	unwanted := p.closed
	switch {
	case unwanted:
		err = core.Closed("plugin " + p.program.name())
	case err == nil:
		p.life = l
		p.restless()
	default:
		p.failedToStart(ctx, err)
	}
	p.mu.Unlock()
	if l != nil && l.program != nil {
		go l.attend(p)
		go l.watch(p.timing)
	}
	if l != nil && unwanted {
		l.stop(p.timing, p.logger) //nolint:contextcheck // the life has its own
	}
	a.err = err
	close(a.done)
}

func (p *process) begun(ctx context.Context, number uint64, wait time.Duration) (*life, error) {
	pause := time.NewTimer(wait)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
		return nil, core.Interrupted(ctx)
	}
	if to, ok := p.supervisor.attach[p.program.name()]; ok {
		return attach(p.program, to, number)
	}
	p.logger.LogAttrs(ctx, slog.LevelDebug, "plugin starts", slog.String("program", p.program.Path))
	return p.start(ctx, number)
}

// failedToStart counts a start that failed, if another could go better. The lock is held.
func (p *process) failedToStart(ctx context.Context, err error) {
	f, ok := asFault(err)
	if !ok || f.reason != ReasonStart {
		return
	}
	p.crashes++
	p.last = f.cause
	p.breaker.crashed(time.Now(), 0, *f)
	p.logger.LogAttrs(ctx, slog.LevelError, "plugin did not start", slog.String("cause", f.cause))
}

// died takes note of the end of a life.
func (p *process) died(l *life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life == l {
		p.life = nil
	}
	p.calls += l.calls.Load()
	p.last = l.fault.cause
	if l.stopping.Load() {
		p.logger.LogAttrs(l.ctx, slog.LevelDebug, "plugin stopped")
		return
	}
	p.crashes++
	p.breaker.crashed(time.Now(), time.Since(l.began), *l.fault)
	p.logger.LogAttrs(l.ctx, slog.LevelError, "plugin ended", slog.String("cause", l.fault.cause),
		slog.Any("last_lines", l.fault.lines))
}

// opened and shut count the instances. Without any, the process is stopped after a while.
func (p *process) opened() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.instances++
}

func (p *process) shut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.instances--
	p.restless()
}

// restless sets the clock that stops the process while nothing is open in it. The lock is held.
func (p *process) restless() {
	if p.instances > 0 || p.timing.Idle < 0 || p.life == nil || p.life.program == nil {
		return
	}
	if p.idle != nil {
		p.idle.Stop()
	}
	p.idle = time.AfterFunc(p.timing.Idle, p.rest)
}

// rest stops the process if nothing is open in it and nobody speaks with it.
func (p *process) rest() {
	p.mu.Lock()
	l := p.life
	if l == nil || p.instances > 0 {
		p.mu.Unlock()
		return
	}
	if l.users.Load() > 0 || l.running.Load() > 0 {
		p.restless()
		p.mu.Unlock()
		return
	}
	p.life = nil
	p.mu.Unlock()
	l.stop(p.timing, p.logger)
}

// close stops the process for good.
func (p *process) close() {
	p.mu.Lock()
	p.closed = true
	l, a := p.life, p.starting
	p.life = nil
	if p.idle != nil {
		p.idle.Stop()
	}
	p.mu.Unlock()
	if a != nil {
		a.stop()
		<-a.done
	}
	if l != nil {
		l.stop(p.timing, p.logger)
	}
}

// open opens the stores of a URI. What it is opened with stays out of the log and of errors.
func (p *process) open(ctx context.Context, request core.OpenRequest) (core.Backend, error) {
	p.journal.hide(secretsOf(request))
	return p.client.Open(ctx, request)
}

// secretsOf lists the texts of a request that must not be repeated.
func secretsOf(request core.OpenRequest) []string {
	var all []string
	for _, uri := range []core.URI{request.URI, request.Tracking, request.Registry} {
		for secret := range strings.SplitSeq(uri.Credential().Reveal(), "\n") {
			_, password, _ := strings.Cut(secret, ":")
			all = append(all, secret, password)
		}
	}
	for _, secret := range request.Secrets {
		all = append(all, secret.Reveal())
	}
	return all
}

// current is the life that is under way; nil without one.
func (p *process) current() *life {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life
}

func (p *process) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// Status tells how a plugin's process is.
type Status struct {
	Name    string
	Path    string
	PID     string // empty while it does not run
	Starts  uint64
	Crashes uint64
	Open    int // instances
	Calls   uint64
	Last    string // why it ended the last time
}

func (p *process) status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Status{
		Name: p.program.name(), Path: p.program.Path, Starts: p.number, Crashes: p.crashes, Open: p.instances, Calls: p.calls,
		Last: p.last,
	}
	if p.life != nil {
		s.Calls += p.life.calls.Load()
		if p.life.program != nil {
			s.PID = p.life.program.ID()
		}
	}
	return s
}
