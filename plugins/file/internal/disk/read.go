package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// OpenRegular opens a regular file with the flags of os.OpenFile; os.O_CREATE makes it with mode perm. A link, a directory,
// a pipe or a device is ErrState, and none of them makes the call wait.
func (r *Root) OpenRegular(name string, flag int, perm fs.FileMode) (*os.File, error) {
	at, err := r.parent("open", name)
	if err != nil {
		return nil, err
	}
	defer at.release()
	f, _, err := openRegular(at, flag, perm)
	if err != nil {
		return nil, r.fail("open", name, err)
	}
	return f, nil
}

// openRegular also returns whether the file was there before.
func openRegular(at place, flag int, perm fs.FileMode) (*os.File, bool, error) {
	before, err := at.root.Lstat(at.base)
	existed := err == nil
	switch {
	case existed && !before.Mode().IsRegular():
		return nil, existed, regularError(before.Mode())
	case !existed && !(errors.Is(err, fs.ErrNotExist) && flag&os.O_CREATE != 0):
		return nil, existed, err
	}
	// Truncating waits until it is certain what was opened.
	f, err := at.root.OpenFile(at.base, flag&^os.O_TRUNC|openNonblock, perm)
	if err != nil {
		return nil, existed, err
	}
	opened, err := f.Stat()
	if err == nil && !opened.Mode().IsRegular() {
		err = regularError(opened.Mode())
	}
	if err == nil && !(existed && os.SameFile(before, opened)) {
		// New, or replaced since the look at it: the entry must be the file itself, not a link to it.
		var after fs.FileInfo
		if after, err = at.root.Lstat(at.base); err == nil && after.Mode()&fs.ModeSymlink != 0 {
			err = ErrLink
		} else if errors.Is(err, fs.ErrNotExist) {
			err = nil // replaced or removed once more: what is open was a file there
		}
	}
	if err == nil && flag&os.O_TRUNC != 0 {
		err = f.Truncate(0)
	}
	if err != nil {
		_ = f.Close()
		return nil, existed, err
	}
	return f, existed, nil
}

func regularError(mode fs.FileMode) error {
	if mode.IsDir() {
		return ErrDir
	}
	return kindError(mode)
}

// ReadFile returns the whole content of a regular file. More than limit bytes is ErrExhausted.
func (r *Root) ReadFile(name string, limit int64) ([]byte, error) {
	f, err := r.OpenRegular(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, r.fail("read", name, err)
	}
	if info.Size() > limit {
		return nil, core.Errorf(core.ResourceExhausted, "read %q: it has more than %d bytes", r.full(name), limit)
	}
	data := make([]byte, 0, info.Size()+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > limit:
			return nil, core.Errorf(core.ResourceExhausted, "read %q: it has more than %d bytes", r.full(name), limit)
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return nil, r.fail("read", name, err)
		case len(data) == cap(data):
			data = slices.Grow(data, 512)
		}
	}
}

// ReadDir lists a directory, sorted by bytes, without our temporary files. "." is the root. Of the entries the name and the type
// are known; Stat tells the rest.
func (r *Root) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := r.readAll(name)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return IsTemp(e.Name()) })
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

func (r *Root) readAll(name string) ([]fs.DirEntry, error) {
	at, err := r.walk("list", name)
	if err != nil {
		return nil, err
	}
	defer at.release()
	dir, err := at.root.Open(".")
	if err != nil {
		return nil, r.fail("list", name, err)
	}
	defer func() { _ = dir.Close() }()
	entries, err := List(dir)
	if err != nil {
		return nil, r.fail("list", name, err)
	}
	return entries, nil
}

// Stat describes what is at name; a link is described itself. "." is the root.
func (r *Root) Stat(name string) (fs.FileInfo, error) {
	if name == "." {
		info, err := r.root.Stat(".")
		if err != nil {
			return nil, r.fail("stat", name, err)
		}
		return info, nil
	}
	at, err := r.parent("stat", name)
	if err != nil {
		return nil, err
	}
	defer at.release()
	info, err := at.root.Lstat(at.base)
	if err != nil {
		return nil, r.fail("stat", name, err)
	}
	return info, nil
}
