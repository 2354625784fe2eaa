//go:build !linux && !darwin

package discover

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// lockDir does nothing here: two installations at the same moment may lose one another's pin.
func lockDir(ctx context.Context, _ string) (unlock func(), err error) {
	return func() {}, core.Interrupted(ctx)
}

func syncDir(string) error { return nil }
