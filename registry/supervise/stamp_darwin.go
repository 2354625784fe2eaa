package supervise

import (
	"io/fs"
	"syscall"
)

func identity(info fs.FileInfo) (device, inode uint64, changed int64) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, 0
	}
	return uint64(stat.Dev), stat.Ino, stat.Ctimespec.Nano()
}
