package disk

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"maps"
	"path"
	"strings"
	"syscall"

	"github.com/mlstore/mlstore/core"
)

// maxDurable bounds how many directories a root remembers as flushed.
const maxDurable = 4096

// dirOf is the directory of a name; "." for a name of one component.
func dirOf(name string) string {
	if slash := strings.LastIndexByte(name, '/'); slash >= 0 {
		return name[:slash]
	}
	return "."
}

// MkdirAll makes the directory name and those above it. With Sync it flushes every directory that got an entry; one that
// was there already is flushed once, because its maker may not have done so yet.
func (r *Root) MkdirAll(name string, d Durability) error {
	if name == "." {
		return nil
	}
	if !fs.ValidPath(name) {
		return r.fail("make", name, fs.ErrInvalid)
	}
	if info, err := r.Stat(name); err != nil || !info.IsDir() {
		if err := r.makeAll(name); err != nil {
			return err
		}
	}
	if d == Relaxed {
		return nil
	}
	return r.syncEntry(name)
}

func (r *Root) makeAll(name string) error {
	at := r.here("")
	defer func() { at.release() }()
	done := 0
	for component := range strings.SplitSeq(name, "/") {
		done += len(component)
		err := at.root.Mkdir(component, dirMode)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return r.fail("make", name, err)
		}
		if err == nil {
			r.state.forgetDurable(r.full(name[:done]))
		}
		done++ // the slash
		next, err := enter(at.root, component)
		if err != nil {
			return r.fail("make", name, err)
		}
		at.release()
		at = place{root: next}
	}
	return nil
}

func (s *state) isDurable(full string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.durable[full]
	return known
}

func (s *state) markDurable(full string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.durable) >= maxDurable {
		clear(s.durable)
	}
	s.durable[full] = struct{}{}
}

func (s *state) forgetDurable(full string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.durable, full)
}

// moved forgets what is known of what was at full and below it.
func (s *state) moved(full string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.durable, func(dir string, _ struct{}) bool { return within(dir, full) })
	maps.DeleteFunc(s.failed, func(file string, _ struct{}) bool { return within(file, full) })
}

func within(name, dir string) bool {
	below, found := strings.CutPrefix(name, dir)
	return found && (below == "" || below[0] == '/')
}

// SyncDir flushes the entries of a directory. "." is the root.
func (r *Root) SyncDir(name string) error {
	at, err := r.walk("flush", name)
	if err != nil {
		return err
	}
	defer at.release()
	return Unsure(r.fail("flush", name, r.state.flushDirectory(r.full(name), &at)))
}

// syncPath flushes the entries of the directory name, and its own entry and those above, unless that is known to be done. A
// directory that has gone meanwhile took with it what there was to keep.
func (r *Root) syncPath(name string) error {
	err := r.syncEntry(name)
	if err == nil {
		err = r.SyncDir(name)
	}
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	return err
}

// syncEntry flushes the entries of the directories that lead to name, from the top, each once.
func (r *Root) syncEntry(name string) error {
	for i := 0; name != "." && i < len(name); i++ {
		if next := strings.IndexByte(name[i:], '/'); next >= 0 {
			i += next
		} else {
			i = len(name)
		}
		entry := name[:i]
		if r.state.isDurable(r.full(entry)) {
			continue
		}
		if err := r.SyncDir(dirOf(entry)); err != nil {
			return err
		}
		r.state.markDurable(r.full(entry))
	}
	return nil
}

// Rename moves a file or directory. A file replaces a file; a directory that is in the way is ErrExists, and so is a file
// in the way of a directory. With Sync both parents are flushed.
func (r *Root) Rename(from, to string, d Durability) error {
	info, err := r.Stat(from)
	if err != nil {
		return err
	}
	move := r.replace
	if info.IsDir() {
		move = r.moveNew
	}
	if err := move(from, to); err != nil {
		return r.fail("rename", to, err)
	}
	r.state.moved(r.full(from))
	r.state.moved(r.full(to))
	if d == Relaxed {
		return nil
	}
	err = r.SyncDir(dirOf(to))
	if err == nil && dirOf(from) != dirOf(to) {
		err = r.SyncDir(dirOf(from))
	}
	return Unsure(err)
}

// replace moves a file over what may be there.
func (r *Root) replace(from, to string) error {
	return r.move(from, to, replaceAt)
}

func replaceAt(source, target *place) error {
	if source.root != target.root {
		return renameAt(source, target)
	}
	err := source.root.Rename(source.base, target.base)
	if errors.Is(err, fs.ErrExist) {
		return ErrDir
	}
	return err
}

// moveNew moves a file or directory to where nothing is.
func (r *Root) moveNew(from, to string) error { return r.move(from, to, renameNew) }

func (r *Root) move(from, to string, how func(source, target *place) error) error {
	source, err := r.parent("rename", from)
	if err != nil {
		return err
	}
	defer source.release()
	target := place{root: source.root, base: path.Base(to), borrowed: true, lender: &source}
	if dirOf(from) != dirOf(to) || !fs.ValidPath(to) {
		if target, err = r.parent("rename", to); err != nil {
			return err
		}
	}
	defer target.release()
	source.top, source.name = r.root, from
	target.top, target.name = r.root, to
	return how(&source, &target)
}

// Remove removes a file, a link or an empty directory; what is not there is ErrNotFound.
func (r *Root) Remove(name string, d Durability) error {
	return r.remove(name, d, func(at place) error { return at.root.Remove(at.base) })
}

// RemoveAll removes name and everything below it. Links are removed, never followed; what is not there is removed already.
// The root itself is ErrInvalid.
func (r *Root) RemoveAll(name string, d Durability) error {
	err := r.remove(name, d, func(at place) error { return at.root.RemoveAll(at.base) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (r *Root) remove(name string, d Durability, how func(place) error) error {
	at, err := r.parent("remove", name)
	if err != nil {
		return err
	}
	defer at.release()
	if err := how(at); err != nil {
		return r.fail("remove", name, err)
	}
	r.state.moved(r.full(name))
	if d == Relaxed {
		return nil
	}
	return Unsure(r.fail("remove", name, r.state.flushDirectory(r.full(dirOf(name)), &at)))
}

// Discard removes name and everything below it, like RemoveAll, but so that it goes in one step, also for readers and after
// a crash: it first moves to a temporary name in the directory dir.
func (r *Root) Discard(name, dir string, d Durability) error {
	gone := join(dir, tempPrefix+rand.Text())
	err := r.Rename(name, gone, d)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	// From here on it is gone; what a crash leaves of it, the next sweep takes. Who had opened a directory in it before may
	// still put a file there, once: then there is something to remove again.
	const attempts = 100
	for range attempts {
		if err = r.RemoveAll(gone, Relaxed); !errors.Is(err, syscall.ENOTEMPTY) {
			return err
		}
	}
	return err
}
