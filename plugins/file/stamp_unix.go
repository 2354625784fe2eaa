//go:build linux || darwin

package file

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// openFlags keep the opening of a pipe or device from waiting.
const openFlags = unix.O_NONBLOCK

func stampOf(info fs.FileInfo) stamp {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return stamp{Size: info.Size(), Mtime: info.ModTime().UnixNano(), Ctime: info.ModTime().UnixNano()}
	}
	return stampOfStat(s)
}

// stat looks at a path below dir. It never reads anything: a state that it shows counts only when it equals one that was
// read through os.Root, so it does not matter where a link on the way would lead.
func stat(dir *os.File, path string) (stamp, error) {
	var s unix.Stat_t
	for {
		err := unix.Fstatat(int(dir.Fd()), path, &s, unix.AT_SYMLINK_NOFOLLOW)
		switch {
		case err == nil:
			return stampOfUnix(&s), nil
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENOTDIR):
			return stamp{}, nil
		default:
			return stamp{}, err
		}
	}
}
