package conformance

import (
	"context"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// Run holds a store to a suite and reports how. It ends early, with a problem in the report, when the context does.
func Run[S core.Store](ctx context.Context, suite Suite[S], h Harness[S], o Options) Report {
	s := newSession(context.WithoutCancel(ctx), suite, h, o)
	if s.open() {
		s.runAll(ctx)
	}
	return s.close()
}

func (s *session[S]) runAll(ctx context.Context) {
	work := make(chan Case[S])
	var workers sync.WaitGroup
	for range s.options.Parallel {
		workers.Go(func() {
			for c := range work {
				s.run(c)
			}
		})
	}
	defer workers.Wait()
	defer close(work)
	for _, c := range s.suite.Cases {
		entry := c.Entry(s.suite.Kind)
		if !s.options.selects(entry) || s.spans(c.ID) {
			continue
		}
		select {
		case work <- c:
		case <-ctx.Done():
			s.problem("the run was interrupted: " + ctx.Err().Error())
			return
		}
	}
}

// spans reports whether the case spans the run and has begun.
func (s *session[S]) spans(id string) bool {
	for _, a := range s.around {
		if a.of.ID == id {
			return true
		}
	}
	return false
}
