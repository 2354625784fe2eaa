//go:build unix

package wire

import (
	"io/fs"
	"syscall"
)

// openFlags keep an open from following a link or waiting for the other end of a pipe.
const openFlags = syscall.O_NOFOLLOW | syscall.O_NONBLOCK | syscall.O_CLOEXEC

// identity tells a file from every other one on this machine.
func identity(info fs.FileInfo) (device, inode uint64, known bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return uint64(stat.Dev), stat.Ino, true //nolint:unconvert // the device is an int32 on some systems
}
