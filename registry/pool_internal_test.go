package registry

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// once is a store that must never be open twice at the same time.
type once struct {
	core.ArtifactRepository
	open *atomic.Int64
}

func (o once) Close() error {
	o.open.Add(-1)
	return o.ArtifactRepository.Close()
}

func TestAStoreIsNeverOpenTwice(t *testing.T) {
	t.Parallel()
	var p pool
	var open [3]atomic.Int64
	var twice atomic.Bool
	var users sync.WaitGroup
	for range 16 {
		users.Go(func() {
			for range 300 {
				i := rand.IntN(len(open))
				ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
				if rand.IntN(4) == 0 {
					go cancel()
				}
				in, err := p.acquire(ctx, string(rune('a'+i)), func(context.Context) (core.Backend, error) {
					if open[i].Add(1) > 1 {
						twice.Store(true)
					}
					if rand.IntN(5) == 0 {
						open[i].Add(-1)
						return core.Backend{}, core.Errorf(core.Unavailable, "not now")
					}
					return core.Backend{Artifacts: once{mem.NewArtifacts(), &open[i]}}, nil
				})
				if err == nil {
					if _, err := in.backend.Artifacts.Describe(t.Context()); err != nil {
						t.Errorf("got a closed store: %v", err)
					}
					if err := p.release(in); err != nil {
						t.Error(err)
					}
				}
				cancel()
			}
		})
	}
	users.Wait()
	if twice.Load() {
		t.Error("a store was open twice at the same time")
	}
	p.mu.Lock()
	left := make([]*instance, 0, len(p.open))
	for _, in := range p.open {
		left = append(left, in)
	}
	p.mu.Unlock()
	for _, in := range left { // abandoned openings end by themselves
		<-in.ready
		if in.err == nil {
			<-in.gone
		}
	}
	for i := range open {
		if n := open[i].Load(); n != 0 {
			t.Errorf("store %d is open %d times after the last use", i, n)
		}
	}
}
