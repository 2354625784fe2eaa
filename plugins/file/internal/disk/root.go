package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

const (
	dirMode  = 0o750
	fileMode = 0o640
)

// Durability says when a change counts as done.
type Durability int

const (
	// Sync waits until the change survives a loss of power: file and directory are flushed.
	Sync Durability = iota
	// Relaxed leaves the flushing to the operating system: the change survives the end of the process alone.
	Relaxed
)

// Root is a directory below which files are kept. It is safe for concurrent use.
type Root struct {
	root  *os.Root
	self  *os.File // the same directory
	path  string   // from the first root, "" for it
	state *state
}

// state is what a root and its subs share.
type state struct {
	mu       sync.Mutex
	locks    map[string]*keyed
	durable  map[string]struct{} // directories whose entry in their parent is known to be flushed
	flushers map[string]*flusher // by directory
	failed   map[string]struct{} // files with a failed flush: what the cache shows of them may not be on the disk
}

// Open opens the directory dir, which must exist. A link to a directory is fine here, and nowhere below.
func Open(dir string) (*Root, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fail("open", filepath.Base(dir), err)
	}
	self, err := root.Open(".")
	if err != nil {
		_ = root.Close()
		return nil, fail("open", filepath.Base(dir), err)
	}
	return &Root{root: root, self: self, state: &state{
		locks: map[string]*keyed{}, durable: map[string]struct{}{},
		flushers: map[string]*flusher{}, failed: map[string]struct{}{},
	}}, nil
}

// Create opens the directory dir and makes it, and what is missing above it, before. New entries are flushed.
func Create(dir string) (*Root, error) {
	if r, err := Open(dir); err == nil {
		return r, nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fail("create", filepath.Base(dir), err)
	}
	var missing []string // parents of the directories to make, the deepest first
	for at := abs; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || filepath.Dir(at) == at {
			break
		}
		missing = append(missing, filepath.Dir(at))
	}
	if err := os.MkdirAll(abs, dirMode); err != nil {
		return nil, fail("create", filepath.Base(dir), err)
	}
	for _, parent := range missing {
		if err := syncPath(parent); err != nil {
			return nil, fail("create", filepath.Base(dir), err)
		}
	}
	return Open(abs)
}

func syncPath(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return flushDir(f)
}

// Sub opens the directory name below r. Both share their locks; each is closed by itself. It saves the walk from r to name
// for every operation below.
func (r *Root) Sub(name string) (*Root, error) {
	at, err := r.walk("open", name)
	if err != nil {
		return nil, err
	}
	if at.borrowed {
		root, err := at.root.OpenRoot(".")
		if err != nil {
			return nil, r.fail("open", name, err)
		}
		at = place{root: root}
	}
	self, err := at.root.Open(".")
	if err != nil {
		at.release()
		return nil, r.fail("open", name, err)
	}
	return &Root{root: at.root, self: self, path: r.full(name), state: r.state}, nil
}

// Close closes the directory. Files that are open stay so.
func (r *Root) Close() error {
	if err := errors.Join(r.root.Close(), r.self.Close()); err != nil {
		return r.fail("close", ".", err)
	}
	return nil
}

// full is the name from the first root, the key of what the subs share.
func (r *Root) full(name string) string {
	switch {
	case name == ".":
		return r.path
	case r.path == "":
		return name
	}
	return r.path + "/" + name
}

// place is a directory on the way to a file.
type place struct {
	root     *os.Root
	self     *os.File // the same directory, once file has been called
	base     string   // last component of the name
	borrowed bool     // root and self belong to somebody else
	lender   *place   // the place that they belong to, if it is one

	top  *os.Root // when something moves: the root from which name leads here, for systems without descriptors
	name string
}

func (p *place) release() {
	if p.borrowed {
		return
	}
	if p.self != nil {
		_ = p.self.Close()
	}
	_ = p.root.Close()
}

// file is the open directory, for what os.Root has no call for. It is closed with the place.
func (p *place) file() (*os.File, error) {
	if p.lender != nil {
		return p.lender.file()
	}
	var err error
	if p.self == nil {
		p.self, err = p.root.Open(".")
	}
	return p.self, err
}

// here is the directory of r itself.
func (r *Root) here(base string) place {
	return place{root: r.root, self: r.self, base: base, borrowed: true}
}

// parent opens the directory that holds name.
func (r *Root) parent(op, name string) (place, error) {
	if name == "." || !fs.ValidPath(name) {
		return place{}, r.fail(op, name, fs.ErrInvalid)
	}
	slash := strings.LastIndexByte(name, '/')
	if slash < 0 {
		return r.here(name), nil
	}
	at, err := r.walk(op, name[:slash])
	at.base = name[slash+1:]
	return at, err
}

// walk opens the directory name component by component. os.Root would follow links that stay inside; here a component must
// be the very directory that its entry is, so that no link counts, even if the entry is swapped meanwhile.
func (r *Root) walk(op, name string) (place, error) {
	at := r.here("")
	if name == "." {
		return at, nil
	}
	if !fs.ValidPath(name) {
		return at, r.fail(op, name, fs.ErrInvalid)
	}
	for component := range strings.SplitSeq(name, "/") {
		next, err := enter(at.root, component)
		at.release()
		if err != nil {
			return place{}, r.fail(op, name, err)
		}
		at = place{root: next}
	}
	return at, nil
}

func enter(dir *os.Root, component string) (*os.Root, error) {
	entry, err := dir.Lstat(component)
	if err != nil {
		return nil, err
	}
	if !entry.IsDir() {
		return nil, kindError(entry.Mode())
	}
	next, err := dir.OpenRoot(component)
	if err != nil {
		return nil, err
	}
	opened, err := next.Stat(".")
	if err == nil && !os.SameFile(entry, opened) {
		err = ErrLink
	}
	if err != nil {
		_ = next.Close()
		return nil, err
	}
	return next, nil
}
