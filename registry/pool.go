package registry

import (
	"context"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// pool holds what is open, each once. The zero value is empty.
type pool struct {
	salted sync.Once
	salt   string

	mu   sync.Mutex
	open map[string]*instance
}

// instance is one opened backend and how many use it. The pool's lock guards uses, opened and closing.
type instance struct {
	key     string
	uses    int
	opened  bool // the opening has ended
	closing bool // nobody uses it any longer

	stop  context.CancelFunc // ends the opening early
	ready chan struct{}      // closed when the opening has ended: backend and err are set
	gone  chan struct{}      // closed when it is closed

	backend core.Backend
	err     error
}

type openFunc func(context.Context) (core.Backend, error)

// acquire returns the instance of the key, opened by the first of those who ask for it. Each waits under its own ctx; the
// opening is stopped when nobody waits any longer. A failed opening is not kept. One that is being closed is waited for,
// so that no store is open twice.
func (p *pool) acquire(ctx context.Context, key string, open openFunc) (*instance, error) {
	for {
		if err := core.Interrupted(ctx); err != nil {
			return nil, err
		}
		in, joined := p.join(ctx, key, open)
		if !joined {
			select {
			case <-in.gone:
				continue
			case <-ctx.Done():
				return nil, core.Interrupted(ctx)
			}
		}
		select {
		case <-in.ready:
			return in, in.err
		case <-ctx.Done():
			_ = p.release(in)
			return nil, core.Interrupted(ctx)
		}
	}
}

// join adds a use to the instance of the key, which it starts to open if there is none. It does not join one that closes.
func (p *pool) join(ctx context.Context, key string, open openFunc) (*instance, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if in, ok := p.open[key]; ok {
		if in.closing {
			return in, false
		}
		in.uses++
		return in, true
	}
	in := &instance{key: key, uses: 1, ready: make(chan struct{}), gone: make(chan struct{})}
	if p.open == nil {
		p.open = map[string]*instance{}
	}
	p.open[key] = in
	opening, stop := context.WithCancel(context.WithoutCancel(ctx))
	in.stop = stop
	go p.start(opening, in, open)
	return in, true
}

// start opens the backend. If all who waited have left meanwhile, it is closed again.
func (p *pool) start(ctx context.Context, in *instance, open openFunc) {
	defer in.stop()
	backend, err := open(ctx)
	p.mu.Lock()
	in.opened, in.backend, in.err = true, backend, err
	unwanted := in.closing
	if err != nil && !unwanted {
		delete(p.open, in.key)
	}
	p.mu.Unlock()
	close(in.ready)
	if unwanted {
		_ = p.finish(in)
	}
}

// release takes a use away. The last one closes the backend.
func (p *pool) release(in *instance) error {
	p.mu.Lock()
	in.uses--
	if failed := in.opened && in.err != nil; failed || in.uses > 0 {
		p.mu.Unlock()
		return nil
	}
	in.closing = true
	opened := in.opened
	p.mu.Unlock()
	if !opened {
		in.stop() // start finishes it
		return nil
	}
	return p.finish(in)
}

func (p *pool) finish(in *instance) error {
	var err error
	if in.err == nil {
		err = in.backend.Close()
	}
	p.mu.Lock()
	delete(p.open, in.key)
	p.mu.Unlock()
	close(in.gone)
	return err
}
