package s3

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/mlstore/mlstore/core"
)

// fresh is how long the tree of a bucket is believed. S3 has no directories and checks nothing, so that between a look and
// a write another process may always come; within this time it is not looked again. Within the process nothing is missed.
const fresh = 30 * time.Second

// tree is what is known of the directories of a bucket, so that writing many files asks for each directory once: that a
// key is no file, and which directories lie in another. It also lets those that publish files meet: of a file and of one
// below it only one is published at a time. Keys are whole, without a slash at the end.
type tree struct {
	mu      sync.Mutex
	noFile  map[string]time.Time     // keys of directories under which files may be put
	listed  map[string]*directory    // by the key of the directory; "" is the bucket
	noDir   map[string]time.Time     // keys that were asked for one by one
	filled  map[string]bool          // keys of directories in which this process has put something
	asking  map[string]chan struct{} // directories that somebody lists; closed when there is an answer
	changes int                      // counts what makes answers that are on their way worthless

	files map[string]int // being published
	dirs  map[string]int // above those
	moved chan struct{}  // closed when one of them is done
}

// directory is a directory whose directories are all known, unless it has many entries.
type directory struct {
	at   time.Time
	many bool
	dirs map[string]bool // names
}

func newTree() *tree {
	return &tree{
		noFile: map[string]time.Time{}, listed: map[string]*directory{}, noDir: map[string]time.Time{},
		filled: map[string]bool{}, asking: map[string]chan struct{}{},
		files: map[string]int{}, dirs: map[string]int{}, moved: make(chan struct{}),
	}
}

// above lists the keys of the directories in which key lies, those of the repository's own prefix left out.
func above(root, key string) []string {
	var all []string
	for i := len(root); i < len(key); i++ {
		if key[i] == '/' {
			all = append(all, key[:i])
		}
	}
	return all
}

// split cuts a key into the key of its directory and its name.
func split(key string) (dir, name string) {
	i := strings.LastIndexByte(key, '/')
	return key[:max(i, 0)], key[i+1:]
}

// forget drops what is known: something has been, or will be, deleted.
func (t *tree) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop()
}

func (t *tree) drop() {
	t.changes++
	clear(t.noFile)
	clear(t.noDir)
	clear(t.listed)
	clear(t.filled)
}

// note keeps an answer that was asked for when there had been so many changes, unless there have been others since. What is
// known has an end: then it is asked for again.
func (t *tree) note(changes int, keep func()) {
	const most = 10_000
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.noFile)+len(t.noDir)+len(t.listed)+len(t.filled) > most {
		t.drop()
	}
	if t.changes == changes {
		keep()
	}
}

// since tells whether a time in m is fresh, and how many changes there have been.
func (t *tree) since(m map[string]time.Time, key string) (known bool, changes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Since(m[key]) < fresh, t.changes
}

// enter waits until nobody publishes a file on the way to key or below it, and keeps others from it until leave.
func (t *tree) enter(ctx context.Context, root, key string) error {
	dirs := above(root, key)
	for {
		t.mu.Lock()
		if t.dirs[key] == 0 && !slices.ContainsFunc(dirs, func(d string) bool { return t.files[d] > 0 }) {
			t.files[key]++
			for _, d := range dirs {
				t.dirs[d]++
			}
			t.mu.Unlock()
			return nil
		}
		moved := t.moved
		t.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
			return core.Interrupted(ctx)
		}
	}
}

// leave ends what enter began. published says that the file may be there now.
func (t *tree) leave(root, key string, published bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	drop := func(m map[string]int, k string) {
		if m[k]--; m[k] == 0 {
			delete(m, k)
		}
	}
	drop(t.files, key)
	for _, d := range above(root, key) {
		drop(t.dirs, d)
	}
	close(t.moved)
	t.moved = make(chan struct{})
	if published {
		t.publish(root, key)
	}
}

// publish notes that key is a file now, and what is above it directories.
func (t *tree) publish(root, key string) {
	if _, found := t.noFile[key]; found {
		delete(t.noFile, key)
		t.changes++
	}
	for _, d := range above(root, key) {
		if t.filled[d] {
			continue
		}
		t.filled[d] = true
		delete(t.noDir, d)
		t.changes++ // a listing on its way may have missed it
		parent, name := split(d)
		if l, found := t.listed[parent]; found {
			l.dirs[name] = true
		}
	}
}

// vacant says why a file cannot be put at path: something is there and IfAbsent forbids it, a directory is there, or one of
// the directories above it is a file.
func (a *Artifacts) vacant(ctx context.Context, path string, ifAbsent bool) error {
	key := a.key(path)
	for _, dir := range above(a.root, key) {
		is, err := a.isFile(ctx, dir)
		if err != nil {
			return err
		}
		if is {
			return core.State(path, "%q cannot lie below %q, which is a file", path, strings.TrimPrefix(dir, a.root))
		}
	}
	isDir, err := a.hasDir(ctx, path)
	switch {
	case err != nil:
		return err
	case isDir && ifAbsent:
		return core.Exists("artifact", path)
	case isDir:
		return core.State(path, "there is a directory at %q: a file cannot replace it", path)
	}
	return nil
}

// isFile reports whether there is an object at the key of a directory.
func (a *Artifacts) isFile(ctx context.Context, dir string) (bool, error) {
	known, changes := a.tree.since(a.tree.noFile, dir)
	if known {
		return false, nil
	}
	_, err := a.head(ctx, strings.TrimPrefix(dir, a.root))
	if err == nil {
		return true, nil
	}
	if err = failure(err); !errors.Is(err, errNoKey) {
		return false, err
	}
	a.tree.note(changes, func() { a.tree.noFile[dir] = time.Now() })
	return false, nil
}

// hasDir reports whether there is a directory at path. It lists the directory around it, when that is short, so that the
// files put beside it need no look of their own.
func (a *Artifacts) hasDir(ctx context.Context, path string) (bool, error) {
	dir, name := split(a.key(path))
	l, err := a.around(ctx, dir)
	if err != nil {
		return false, err
	}
	if l.many {
		return a.isDirNow(ctx, path)
	}
	a.tree.mu.Lock()
	defer a.tree.mu.Unlock()
	return l.dirs[name], nil
}

// around is what is known of a directory, asked for when it is not.
func (a *Artifacts) around(ctx context.Context, dir string) (*directory, error) {
	t := a.tree
	t.mu.Lock()
	if asking, others := t.asking[dir]; others { // at once; one answer will do for all, unless something changes
		t.mu.Unlock()
		select {
		case <-asking:
		case <-ctx.Done():
			return nil, core.Interrupted(ctx)
		}
		t.mu.Lock()
	}
	l, found := t.listed[dir]
	if found && time.Since(l.at) < fresh {
		t.mu.Unlock()
		return l, nil
	}
	changes, done := t.changes, make(chan struct{})
	t.asking[dir] = done
	t.mu.Unlock()
	l, err := a.directories(ctx, dir)
	t.mu.Lock()
	if t.asking[dir] == done {
		delete(t.asking, dir)
	}
	t.mu.Unlock()
	if err == nil {
		t.note(changes, func() { t.listed[dir] = l })
	}
	close(done)
	return l, err
}

// isDirNow is isDir for a path in a directory with many entries.
func (a *Artifacts) isDirNow(ctx context.Context, path string) (bool, error) {
	key := a.key(path)
	known, changes := a.tree.since(a.tree.noDir, key)
	if known {
		return false, nil
	}
	isDir, err := a.isDir(ctx, path)
	if err == nil && !isDir {
		a.tree.note(changes, func() { a.tree.noDir[key] = time.Now() })
	}
	return isDir, err
}

// directories lists what directories lie in dir, as far as one request does.
func (a *Artifacts) directories(ctx context.Context, dir string) (*directory, error) {
	input := &s3.ListObjectsV2Input{Bucket: &a.bucket, Delimiter: aws.String("/"), MaxKeys: aws.Int32(mostKeys)}
	if dir != "" {
		dir += "/"
		input.Prefix = &dir
	}
	l := &directory{at: time.Now(), dirs: map[string]bool{}}
	for page, err := range a.pages(ctx, input) {
		if err != nil {
			return nil, err
		}
		l.many = aws.ToBool(page.IsTruncated)
		for _, common := range page.CommonPrefixes {
			l.dirs[strings.TrimSuffix((*common.Prefix)[len(dir):], "/")] = true
		}
		break
	}
	return l, nil
}
