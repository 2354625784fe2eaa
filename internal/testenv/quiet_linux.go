package testenv

import (
	"os"

	"golang.org/x/sys/unix"
)

// topDir is FS_TOPDIR_FL of linux/fs.h: ext4 spreads the folders below a folder that has it over the whole disk.
const topDir = 0x00020000

// spreadBelow has the file system put the folders that are made in dir far from each other, where it can.
func spreadBelow(dir string) {
	f, err := os.Open(dir)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS)
	if err == nil {
		_ = unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(flags|topDir)) // ext4 alone knows it
	}
}
