package disk

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// openNonblock has no counterpart here: pipes have names of their own.
const openNonblock = 0

// maxUnlocked is how old a temporary file must be to count as abandoned: a locked file could not be renamed.
const maxUnlocked = 24 * time.Hour

func tryLock(f *os.File, kind lockKind) bool {
	return lockBytes(f, kind.flag()|windows.LOCKFILE_FAIL_IMMEDIATELY) == nil
}

func waitLock(f *os.File, kind lockKind) error { return lockBytes(f, kind.flag()) }

func (k lockKind) flag() uint32 {
	if k == shared {
		return 0
	}
	return windows.LOCKFILE_EXCLUSIVE_LOCK
}

func lockBytes(f *os.File, flags uint32) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{})
}

func claim(*os.File) bool { return true }

func abandoned(_ *os.File, info fs.FileInfo) bool { return time.Since(info.ModTime()) > maxUnlocked }

// flushDir does nothing: directories cannot be flushed here.
func flushDir(*os.File) error { return nil }

func renameAt(source, target *place) error { return across(source, target, (*os.Root).Rename) }

func renameNew(source, target *place) error {
	if _, err := target.root.Lstat(target.base); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fs.ErrExist, err)
	}
	return renameAt(source, target)
}

func linkNew(source, target *place) error { return across(source, target, (*os.Root).Link) }

// across works through the root that holds both directories.
func across(source, target *place, how func(*os.Root, string, string) error) error {
	return how(source.top, source.name, target.name)
}

// List returns the entries of an open directory.
func List(dir *os.File) ([]fs.DirEntry, error) { return dir.ReadDir(-1) }
