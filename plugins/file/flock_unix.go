//go:build linux || darwin

package file

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Kinds of lock.
const (
	shared    = unix.LOCK_SH
	exclusive = unix.LOCK_EX
)

// lockDir locks an open folder against other processes, and other openings of it in this one. Closing it frees the lock, as
// does the end of the process. On an error the folder is closed; when ctx ends first, that happens once the lock is there.
func lockDir(ctx context.Context, dir *os.File, kind int) error {
	if tryLockDir(dir, kind) {
		return nil
	}
	locked := make(chan error, 1)
	go func() { locked <- flock(dir, kind) }()
	select {
	case err := <-locked:
		if err != nil {
			_ = dir.Close()
		}
		return err
	case <-ctx.Done():
		go func() {
			<-locked //nolint:errcheck // whatever came of it: the call has ended
			_ = dir.Close()
		}()
		return interrupted(ctx)
	}
}

// tryLockDir locks a folder unless somebody else has locked it.
func tryLockDir(dir *os.File, kind int) bool { return flock(dir, kind|unix.LOCK_NB) == nil }

// unlockDir frees a lock without closing the folder.
func unlockDir(dir *os.File) { _ = flock(dir, unix.LOCK_UN) }

func flock(f *os.File, how int) error {
	for {
		if err := unix.Flock(int(f.Fd()), how); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
