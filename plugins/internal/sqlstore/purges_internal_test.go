package sqlstore

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
)

// crowd removes runs by a function that waits until it is released.
type crowd struct {
	purges  purges
	release chan struct{}

	mu    sync.Mutex
	calls [][]core.RunID
	fails func([]core.RunID) error
}

func (c *crowd) purge(_ context.Context, runs []core.RunID) (map[core.RunID]error, error) {
	c.mu.Lock()
	c.calls = append(c.calls, runs)
	c.mu.Unlock()
	<-c.release
	if c.fails != nil {
		if err := c.fails(runs); err != nil {
			return nil, err
		}
	}
	return map[core.RunID]error{"active": notDeleted("run", core.RunID("active"))}, nil
}

// start removes a run beside the test, and returns what says how that ended.
func (c *crowd) start(ctx context.Context, run core.RunID) <-chan error {
	end := make(chan error, 1)
	go func() { end <- c.purges.remove(ctx, run, c.purge) }()
	synctest.Wait()
	return end
}

func newCrowd() *crowd {
	return &crowd{purges: purges{turn: make(chan struct{}, 1)}, release: make(chan struct{})}
}

func TestPurgesThatWaitShareATransaction(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd()
		ctx, cancel := context.WithCancel(t.Context())
		ends := []<-chan error{
			c.start(t.Context(), "first"), c.start(t.Context(), "a"), c.start(t.Context(), "active"), c.start(ctx, "withdrawn"),
			c.start(t.Context(), "a"), c.start(t.Context(), "b"),
		}
		cancel()
		synctest.Wait()
		close(c.release)
		for i, want := range []error{nil, nil, core.ErrState, context.Canceled, nil, nil} {
			if err := <-ends[i]; !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("purge %d: %v, want %v", i, err, want)
			}
		}
		want := [][]core.RunID{{"first"}, {"a", "active", "b"}, {"a"}}
		if diff := cmp.Diff(want, c.calls); diff != "" {
			t.Errorf("transactions (-want +got):\n%s", diff)
		}
	})
}

func TestAPurgeThatFailsTakesNoOtherWithIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd()
		c.fails = func(runs []core.RunID) error {
			for _, run := range runs {
				if run == "bad" {
					return core.State(run, "it cannot be removed")
				}
			}
			return nil
		}
		ends := []<-chan error{c.start(t.Context(), "first"), c.start(t.Context(), "bad"), c.start(t.Context(), "good")}
		close(c.release)
		for i, want := range []error{nil, core.ErrState, nil} {
			if err := <-ends[i]; !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("purge %d: %v, want %v", i, err, want)
			}
		}
	})
}
