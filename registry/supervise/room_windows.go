package supervise

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// shortTempDir changes nothing: plugins have no sockets in folders here.
func shortTempDir(dir string) string { return dir }

// tryLock takes the lock on a file, which ends with this process, unless another has it.
func tryLock(file *os.File) (bool, error) {
	err := windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, 1, 0, &windows.Overlapped{})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}
