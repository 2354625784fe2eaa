package file

import (
	"syscall"

	"golang.org/x/sys/unix"
)

func stampOfStat(s *syscall.Stat_t) stamp {
	return stamp{Dev: uint64(s.Dev), Ino: s.Ino, Size: s.Size, Mtime: s.Mtimespec.Nano(), Ctime: s.Ctimespec.Nano()}
}

func stampOfUnix(s *unix.Stat_t) stamp {
	return stamp{Dev: uint64(s.Dev), Ino: s.Ino, Size: s.Size, Mtime: s.Mtim.Nano(), Ctime: s.Ctim.Nano()}
}
