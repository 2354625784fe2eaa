package file

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// localFolder is the absolute path that a location names.
func localFolder(location string) (string, error) {
	uri, err := core.ParseURI(location)
	if err != nil {
		return "", err
	}
	path, err := uri.LocalPath()
	if err != nil {
		return "", err
	}
	if path == "" {
		return "", core.Invalid("uri", "the location of a folder must not be empty")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", core.Invalid("uri", "%s has no absolute path: %w", uri, err)
	}
	return abs, nil
}

// lazyFolder is a folder that need not be there before it is needed, and that may be removed and made again meanwhile.
type lazyFolder struct {
	dir     string                 // absolute path
	store   string                 // for the error of a closed store
	prepare func(*disk.Root) error // told of the folder each time that it was opened; may be nil

	mu     sync.Mutex
	root   *disk.Root // nil until the folder is there and needed
	info   fs.FileInfo
	closed bool
}

// opening says what to do about a folder that is not there.
type opening int

const (
	ifThere opening = iota // it is ErrNotFound
	create
)

// open returns the open folder. It opens it anew when it has been replaced by another one.
func (l *lazyFolder) open(how opening) (*disk.Root, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, core.Closed(l.store)
	}
	now, err := os.Stat(l.dir)
	if l.root != nil && err == nil && os.SameFile(l.info, now) {
		return l.root, nil
	}
	open := disk.Open
	if how == create {
		open = disk.Create
	}
	root, err := open(l.dir)
	if err != nil {
		return nil, err
	}
	info, err := root.Stat(".")
	if err == nil && l.prepare != nil {
		err = l.prepare(root)
	}
	if err != nil {
		_ = root.Close()
		return nil, err
	}
	l.root, l.info = root, info // calls that still use the old one finish with it; the garbage collector closes it
	return root, nil
}

// begin refuses a call that comes too late.
func (l *lazyFolder) begin(ctx context.Context) error {
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	if closed {
		return core.Closed(l.store)
	}
	return core.Interrupted(ctx)
}

func (l *lazyFolder) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	already := l.closed || l.root == nil
	l.closed = true
	if already {
		return nil
	}
	return l.root.Close()
}
