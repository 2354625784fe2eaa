package disk

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
)

// TempDir is a directory that is being filled. It ends with Commit or Abort.
type TempDir struct {
	*Root // to look into it

	parent *Root
	dirs   map[string]struct{} // that got files
	name   string
	lock   *os.File
	done   bool
}

// CreateTempDir makes an empty directory in the directory dir.
func (r *Root) CreateTempDir(dir string) (*TempDir, error) {
	for {
		name := join(dir, tempPrefix+rand.Text())
		at, err := r.parent("make", name)
		if err != nil {
			return nil, err
		}
		err = at.root.Mkdir(at.base, dirMode)
		at.release()
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, r.fail("make", name, err)
		}
		inside, err := r.Sub(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // swept before it was locked
		}
		if err != nil {
			return nil, err
		}
		lock, err := inside.root.Open(".")
		if err == nil && claim(lock) {
			return &TempDir{Root: inside, parent: r, name: name, lock: lock, dirs: map[string]struct{}{}}, nil
		}
		if err == nil {
			_ = lock.Close()
		}
		_ = inside.Close()
	}
}

// Add writes a new file, and makes the directories above it. With Sync its content is flushed; the entries wait for Flush.
func (t *TempDir) Add(name string, data []byte, d Durability) error {
	if err := t.MkdirAll(dirOf(name), Relaxed); err != nil {
		return err
	}
	f, err := t.OpenRegular(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	for dir := dirOf(name); dir != "."; dir = dirOf(dir) {
		t.dirs[dir] = struct{}{}
	}
	if _, err := f.Write(data); err != nil {
		return t.fail("write", name, err)
	}
	if d == Relaxed {
		return nil
	}
	return t.fail("flush", name, f.Sync())
}

// Flush flushes the entries of all directories.
func (t *TempDir) Flush() error {
	for dir := range t.dirs {
		if err := t.SyncDir(dir); err != nil {
			return err
		}
	}
	return t.SyncDir(".")
}

// Keep ends the work on the directory and leaves it under its temporary name, to who knows that. A sweep takes it.
func (t *TempDir) Keep() {
	if t.done {
		return
	}
	t.done = true
	_ = t.lock.Close()
	_ = t.Close()
}

// Name is the temporary name, from the root that made the directory: who moves it by that name commits it.
func (t *TempDir) Name() string { return t.name }

// Commit makes the directory visible as name. Something there is ErrExists, and of several processes one succeeds. With Sync
// its entries and its parent's are flushed. After an error without
// core.OutcomeUnknown nothing has changed.
func (t *TempDir) Commit(name string, d Durability) error {
	defer t.Abort()
	if d == Sync {
		if err := t.Flush(); err != nil {
			return err
		}
	}
	if err := t.parent.moveNew(t.name, name); err != nil {
		return t.parent.fail("make", name, err)
	}
	if d == Sync {
		return Unsure(t.parent.syncPath(dirOf(name)))
	}
	return nil
}

// Abort removes the directory and what is in it, unless it has been committed.
func (t *TempDir) Abort() {
	if t.done {
		return
	}
	_ = t.parent.RemoveAll(t.name, Relaxed)
	t.Keep()
}
