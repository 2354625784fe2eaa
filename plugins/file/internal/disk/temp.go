package disk

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"
)

// tempPrefix starts the names of files and directories that are being written. The rest is random.
const tempPrefix = ".mlstore-tmp-"

// IsTemp reports whether a file or directory of this name is one that is being written, or was left by a crash.
func IsTemp(base string) bool { return strings.HasPrefix(base, tempPrefix) }

// Temp is a file that is being written. It ends with Commit, CommitNew or Abort. While it lives it is locked, so that Sweep,
// in this or any other process, tells it from what a crash has left.
type Temp struct {
	r    *Root
	name string
	file *os.File
	done bool
}

// CreateTemp makes an empty file in the directory dir, which must be on the file system of the file it will become.
func (r *Root) CreateTemp(dir string) (*Temp, error) {
	for {
		name := join(dir, tempPrefix+rand.Text())
		f, err := r.OpenRegular(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !claim(f) { // a sweep was quicker than we with the lock
			_ = f.Close()
			continue
		}
		return &Temp{r: r, name: name, file: f}, nil
	}
}

func join(dir, base string) string {
	if dir == "." {
		return base
	}
	return dir + "/" + base
}

// Write appends to the file.
func (t *Temp) Write(data []byte) (int, error) {
	n, err := t.file.Write(data)
	return n, t.r.fail("write", t.name, err)
}

// ModTime is when the file was last written, which stays when it is committed.
func (t *Temp) ModTime() (time.Time, error) {
	info, err := t.file.Stat()
	if err != nil {
		return time.Time{}, t.r.fail("stat", t.name, err)
	}
	return info.ModTime(), nil
}

// Commit makes the file visible as name, in the place of a file that may be there. A directory there is ErrState. When the
// directory for name is missing, it is ErrNotFound and Commit may be tried again; else the Temp has ended. After an error
// without core.OutcomeUnknown nothing has changed.
func (t *Temp) Commit(name string, d Durability) error { return t.commit(name, d, t.r.replace) }

// CommitNew is Commit for a name at which nothing may be, else ErrExists. Of several processes one succeeds. A file system
// without hard links is ErrUnsupported.
func (t *Temp) CommitNew(name string, d Durability) error { return t.commit(name, d, t.r.link) }

func (t *Temp) commit(name string, d Durability, publish func(from, to string) error) error {
	if d == Sync {
		if err := t.file.Sync(); err != nil {
			t.Abort()
			return t.r.fail("flush", name, err)
		}
	}
	err := publish(t.name, name)
	if errors.Is(err, fs.ErrNotExist) {
		return t.r.fail("write", name, err)
	}
	t.Abort()
	if err != nil {
		return t.r.fail("write", name, err)
	}
	t.r.state.renewed(t.r.full(name))
	if d == Sync {
		return unsure(t.r.syncPath(dirOf(name)))
	}
	return nil
}

// Abort removes the file, unless it has been committed: then it frees what is left of the temporary name.
func (t *Temp) Abort() {
	if t.done {
		return
	}
	t.done = true
	if at, err := t.r.parent("remove", t.name); err == nil {
		_ = at.root.Remove(at.base) // after a rename there is no such name
		at.release()
	}
	_ = t.file.Close() // the lock goes after the name that it guards
}

// link gives a file a second name at which nothing may be.
func (r *Root) link(from, to string) error { return r.move(from, to, linkNew) }

// TempDir is a directory that is being filled. It ends with Commit or Abort.
type TempDir struct {
	*Root // to fill it

	parent *Root
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
			return &TempDir{Root: inside, parent: r, name: name, lock: lock}, nil
		}
		if err == nil {
			_ = lock.Close()
		}
		_ = inside.Close()
	}
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
// the directory's own entries and its parent's are flushed; the files in it are who wrote them. After an error without
// core.OutcomeUnknown nothing has changed.
func (t *TempDir) Commit(name string, d Durability) error {
	defer t.Abort()
	if d == Sync {
		if err := t.SyncDir("."); err != nil {
			return t.parent.fail("flush", name, err)
		}
	}
	if err := t.parent.moveNew(t.name, name); err != nil {
		return t.parent.fail("make", name, err)
	}
	if d == Sync {
		return unsure(t.parent.syncPath(dirOf(name)))
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

// Sweep removes from the directory dir what writers left that have died, and nothing of those that live.
func (r *Root) Sweep(dir string) error {
	entries, err := r.readAll(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if !IsTemp(entry.Name()) {
			continue
		}
		if err := r.sweep(join(dir, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (r *Root) sweep(name string) error {
	at, err := r.parent("sweep", name)
	if err != nil {
		return err
	}
	defer at.release()
	info, err := at.root.Lstat(at.base)
	if err != nil {
		return r.fail("sweep", name, err)
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return nil // not ours
	}
	f, err := at.root.OpenFile(at.base, os.O_RDONLY|openNonblock, 0)
	if err != nil {
		return r.fail("sweep", name, err)
	}
	defer func() { _ = f.Close() }() // keeps the lock until the name is gone
	opened, err := f.Stat()
	if err != nil || !os.SameFile(info, opened) || !abandoned(f, opened) {
		return r.fail("sweep", name, err)
	}
	return r.fail("sweep", name, at.root.RemoveAll(at.base))
}
