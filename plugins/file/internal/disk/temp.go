package disk

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
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
	gone bool // it has another name now, and this one no more
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
func (t *Temp) Commit(name string, d Durability) error {
	return t.commit(name, d, func(source, target *place) error {
		err := replaceAt(source, target)
		t.gone = err == nil
		return err
	})
}

// CommitNew is Commit for a name at which nothing may be, else ErrExists. Of several processes one succeeds. A file system
// without hard links is ErrUnsupported.
func (t *Temp) CommitNew(name string, d Durability) error { return t.commit(name, d, linkNew) }

func (t *Temp) commit(name string, d Durability, publish func(source, target *place) error) error {
	if d == Sync {
		if err := t.file.Sync(); err != nil {
			t.Abort()
			return t.r.fail("flush", name, err)
		}
	}
	var flushed error
	err := t.r.move(t.name, name, func(source, target *place) error {
		err := publish(source, target)
		if err == nil && d == Sync {
			flushed = t.r.state.flushDirectory(t.r.full(dirOf(name)), target)
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return t.r.fail("write", name, err)
	}
	t.Abort()
	if err != nil {
		return t.r.fail("write", name, err)
	}
	t.r.state.renewed(t.r.full(name))
	if flushed != nil {
		return Unsure(t.r.fail("flush", dirOf(name), flushed))
	}
	if d == Sync {
		err = t.r.syncEntry(dirOf(name))
	}
	if errors.Is(err, core.ErrNotFound) {
		return nil // a directory that has gone meanwhile took with it what there was to keep
	}
	return Unsure(err)
}

// Abort removes the file, unless it has been committed: then it frees what is left of the temporary name.
func (t *Temp) Abort() {
	if t.done {
		return
	}
	t.done = true
	if !t.gone {
		if at, err := t.r.parent("remove", t.name); err == nil {
			_ = at.root.Remove(at.base)
			at.release()
		}
	}
	_ = t.file.Close() // the lock goes after the name that it guards
}
