//go:build unix

package supervise

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// shortTempDir is a folder whose path leaves room for that of a socket.
func shortTempDir(string) string { return "/tmp" }

// tryLock takes the lock on a file, which ends with this process, unless another has it.
func tryLock(file *os.File) (bool, error) {
	err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
