package mlflow

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/mlstore/mlstore/core"
)

// lastWords is how long marking runs may hold up a process that a signal ends.
const lastWords = 5 * time.Second

// signals waits for a signal that ends the process, as long as runs are active.
type signals struct {
	mu   sync.Mutex
	off  bool
	stop func() // nil while nobody waits
}

// watch begins to wait for signals, unless somebody waits already or it is switched off.
func (g *signals) watch(ctx context.Context, s *session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.off || g.stop != nil {
		return
	}
	var deadly []os.Signal
	for _, sig := range deadlySignals() {
		if !signal.Ignored(sig) { // as under nohup: what does not kill the process must not do so because of us
			deadly = append(deadly, sig)
		}
	}
	if len(deadly) == 0 {
		return
	}
	caught := make(chan os.Signal, 1)
	done := make(chan struct{})
	signal.Notify(caught, deadly...)
	g.stop = sync.OnceFunc(func() {
		signal.Stop(caught)
		close(done)
	})
	go func(ctx context.Context) {
		select {
		case sig := <-caught:
			s.kill(ctx, caught)
			g.rest()
			raise(sig)
		case <-done:
		}
	}(context.WithoutCancel(ctx))
}

// rest stops waiting; signals then do what they did before.
func (g *signals) rest() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stop != nil {
		g.stop()
		g.stop = nil
	}
}

// kill marks every active run KILLED, for at most 5 s; another signal cuts that short. The runs stay on the stack, for a
// program that handles the signal itself and ends them in its own way.
func (s *session) kill(ctx context.Context, again <-chan os.Signal) {
	ctx, cancel := context.WithTimeout(ctx, lastWords)
	defer cancel()
	s.mu.Lock()
	var runs []*Run
	for _, run := range s.live {
		runs = append(runs, run)
	}
	s.mu.Unlock()
	var wait sync.WaitGroup
	for _, run := range runs {
		wait.Go(func() {
			if err := run.End(ctx, core.Killed); err != nil {
				slog.Default().Warn("mlflow: the run could not be marked as killed", "run", run.info.ID, "error", err)
			}
		})
	}
	marked := make(chan struct{})
	go func() {
		wait.Wait()
		close(marked)
	}()
	select {
	case <-marked:
	case <-again:
	case <-ctx.Done(): // a store may not mind its context
	}
}
