package file

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// gate is a lock among goroutines whose waiters give up when their context ends.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

func (g gate) enter(ctx context.Context) error {
	select {
	case g <- struct{}{}:
		return nil
	default:
	}
	select {
	case g <- struct{}{}:
		return nil
	case <-ctx.Done():
		return interrupted(ctx)
	}
}

func (g gate) leave() { <-g }

// interrupted is core.Interrupted, but says that the store was closed where that is why ctx ended.
func interrupted(ctx context.Context) error {
	if e, ok := context.Cause(ctx).(*core.Error); ok { //nolint:errorlint // set as it is by Close
		return e
	}
	return core.Interrupted(ctx)
}
