//go:build linux || darwin

package disk

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// openNonblock keeps the opening of a pipe or device from waiting.
const openNonblock = unix.O_NONBLOCK

// maxUnlocked is how old a temporary file must be to count as abandoned where files cannot be locked.
const maxUnlocked = 24 * time.Hour

func tryLock(f *os.File, kind lockKind) bool { return flock(f, kind.flag()|unix.LOCK_NB) == nil }

func waitLock(f *os.File, kind lockKind) error { return flock(f, kind.flag()) }

func (k lockKind) flag() int {
	if k == shared {
		return unix.LOCK_SH
	}
	return unix.LOCK_EX
}

func flock(f *os.File, how int) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var locked error
	err = conn.Control(func(fd uintptr) {
		for {
			if locked = unix.Flock(int(fd), how); !errors.Is(locked, unix.EINTR) {
				return
			}
		}
	})
	return errors.Join(err, locked)
}

// claim locks a file or directory that was just made, and reports whether it still has its name. Where files cannot be
// locked it is ours as it is.
func claim(f *os.File) bool {
	if err := flock(f, unix.LOCK_EX|unix.LOCK_NB); errors.Is(err, unix.EWOULDBLOCK) {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return !ok || stat.Nlink > 0
}

// abandoned reports whether the maker of a temporary file or directory is gone; if so, f holds the lock.
func abandoned(f *os.File, info fs.FileInfo) bool {
	err := flock(f, unix.LOCK_EX|unix.LOCK_NB)
	if err == nil || errors.Is(err, unix.EWOULDBLOCK) {
		return err == nil
	}
	return time.Since(info.ModTime()) > maxUnlocked
}

// List returns the entries of an open directory, whose Info must not be called. Of a directory that was opened through os.Root,
// os looks at each entry, a system call each, so that Info may be; of a second descriptor of it, it does not.
func List(dir *os.File) ([]fs.DirEntry, error) {
	fd, err := unix.FcntlInt(dir.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	plain := os.NewFile(uintptr(fd), dir.Name())
	defer func() { _ = plain.Close() }()
	return plain.ReadDir(-1)
}

// flushDir flushes the entries of a directory. Some file systems cannot, and need not.
func flushDir(dir *os.File) error {
	err := dir.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	return err
}

// inDirs runs how with the descriptors of two directories.
func inDirs(source, target *place, how func(from, to int) error) error {
	from, err := source.file()
	if err != nil {
		return err
	}
	to := from
	if target.root != source.root {
		if to, err = target.file(); err != nil {
			return err
		}
	}
	return how(int(from.Fd()), int(to.Fd()))
}

func renameAt(source, target *place) error {
	return inDirs(source, target, func(from, to int) error {
		return unix.Renameat(from, source.base, to, target.base)
	})
}

// renameNew moves a file or directory to where nothing is, in one step where the system has one.
func renameNew(source, target *place) error {
	return inDirs(source, target, func(from, to int) error {
		err := renameExclusive(from, source.base, to, target.base)
		if !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOTSUP) {
			return err
		}
		if _, err := target.root.Lstat(target.base); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(fs.ErrExist, err)
		}
		return unix.Renameat(from, source.base, to, target.base)
	})
}

// linkNew gives a file a second name.
func linkNew(source, target *place) error {
	err := inDirs(source, target, func(from, to int) error {
		return unix.Linkat(from, source.base, to, target.base, 0)
	})
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ENOTSUP) {
		return errors.ErrUnsupported
	}
	return err
}
