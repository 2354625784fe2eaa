//go:build linux || darwin

package discover

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/mlstore/mlstore/core"
)

// lockDir waits until no other process changes the folder, for as long as ctx allows.
func lockDir(ctx context.Context, dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fileError(err)
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			_ = f.Close()
			return nil, core.Do("lock", dir, err)
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, core.Do("wait for another installation in", dir, core.Interrupted(ctx))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// syncDir makes the names in the folder last.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fileError(err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fileError(err)
	}
	return nil
}
