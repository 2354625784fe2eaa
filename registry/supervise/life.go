package supervise

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/mlstore/mlstore/sdk/wire"
)

// life is one run of a program, from its first answer to its end.
type life struct {
	number  uint64 // of the run: what was opened in another is not open in this
	program *program
	conn    grpc.ClientConnInterface
	cleanup func() // closes the connection and removes what go-plugin made; it ends when the program has
	began   time.Time
	ctx     context.Context //nolint:containedctx // Close has none: it uses the values of the call that began the life
	ended   chan struct{}   // closed when the program has ended; then fault is set
	fault   *fault

	users    atomic.Int64  // who is about to call
	running  atomic.Int64  // calls under way
	calls    atomic.Uint64 // calls so far
	progress atomic.Uint64 // answers and frames so far: what proves that it lives
	stopping atomic.Bool   // the end is wanted
	frozen   atomic.Bool   // it is being ended since it does not answer
}

// begin counts a call in; the function that it returns counts it out.
func (l *life) begin() (end func()) {
	l.running.Add(1)
	l.calls.Add(1)
	return func() {
		l.progress.Add(1)
		l.running.Add(-1)
	}
}

// let ends what process.running began.
func (l *life) let() { l.users.Add(-1) }

// attend waits for the end of the program and says why it came.
func (l *life) attend(p *process) {
	<-l.program.stopped
	f := &fault{
		plugin: p.program.name(), reason: ReasonCrashed, cause: statusText(l.program.status), lines: l.program.journal.last(),
	}
	switch {
	case l.stopping.Load():
		f.cause = "it was stopped"
		f.lines = nil
	case l.frozen.Load():
		f.reason = ReasonFrozen
		f.cause = "it did not answer a question about its health, twice, while calls waited, and was ended"
	}
	l.fault = f
	p.died(l)
	close(l.ended)
	l.cleanup()
}

// watch looks at the program while calls wait, and ends it when it is frozen.
func (l *life) watch(t Timing) {
	ticks := time.NewTicker(t.Watch)
	defer ticks.Stop()
	var seen uint64
	for misses := 0; ; {
		select {
		case <-l.ended:
			return
		case <-ticks.C:
		}
		now := l.progress.Load()
		if l.running.Load() == 0 || now != seen || l.alive(l.ctx, t.Probe) || l.progress.Load() != now {
			seen, misses = l.progress.Load(), 0
			continue
		}
		if misses++; misses < 2 {
			continue
		}
		l.frozen.Store(true)
		_ = l.program.slay()
		return
	}
}

// alive asks the program for its health and waits for the answer no longer than limit.
func (l *life) alive(ctx context.Context, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answer, err := grpc_health_v1.NewHealthClient(l.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: wire.HealthService})
	return err == nil && answer.GetStatus() == grpc_health_v1.HealthCheckResponse_SERVING
}

// stop ends the program: it may finish its calls, is asked to end, and is ended. It returns when the program is gone.
func (l *life) stop(t Timing, logger *slog.Logger) {
	l.stopping.Store(true)
	if l.program == nil {
		l.cleanup()
		return
	}
	ctx, cancel := context.WithTimeout(l.ctx, t.Close)
	defer cancel()
	if l.running.Load() > 0 {
		l.drain(ctx, t)
	}
	go l.cleanup()
	l.program.hangUp()
	patience := time.NewTimer(min(t.Drain, 2*time.Second))
	defer patience.Stop()
	select {
	case <-l.ended:
		return
	case <-patience.C:
	case <-ctx.Done():
	}
	if err := l.program.Kill(ctx); err != nil {
		logger.LogAttrs(ctx, slog.LevelError, "plugin does not end", slog.Any("error", err))
		return
	}
	<-l.ended
}

// drain lets running calls end. A program that does not even answer for its health is not waited for.
func (l *life) drain(ctx context.Context, t Timing) {
	ctx, cancel := context.WithTimeout(ctx, t.Drain)
	defer cancel()
	go func() {
		if !l.alive(ctx, t.Probe) {
			cancel()
		}
	}()
	_ = wire.NewClient(l.conn).Drain(ctx)
}
