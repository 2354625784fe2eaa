package file

import (
	"errors"
	"maps"
	"path"
	"slices"
	"sync"
	"time"
)

// checkpoint remembers which journals hold changes whose files have not been flushed, and flushes them in the background:
// soon after the first, and by Close.
type checkpoint struct {
	flush func(names map[journalName]int64, files map[string]bool) error

	mu      sync.Mutex
	names   map[journalName]int64 // how long each journal was
	files   map[string]bool       // relaxed: files that were appended to without a journal
	retired map[journalName]bool  // journals that are empty now; the files stay for the next change, until Close
	running bool
	closed  bool
	stop    chan struct{}
	idle    chan struct{} // closed when the background has ended
	err     error         // of the last flush in the background
}

type journalName struct{ kind, id string }

// interval is how long changes may wait for their files to be flushed.
const interval = 800 * time.Millisecond

func (c *checkpoint) add(kind, id string, size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.names == nil {
		c.names = map[journalName]int64{}
	}
	c.names[journalName{kind, id}] = size
	c.start()
}

// addFile notes a file that was appended to, to be flushed.
func (c *checkpoint) addFile(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files == nil {
		c.files = map[string]bool{}
	}
	c.files[path] = true
	c.start()
}

// start starts the background. The lock is held.
func (c *checkpoint) start() {
	if c.running || c.closed {
		return
	}
	c.running = true
	c.stop, c.idle = make(chan struct{}), make(chan struct{})
	go c.run(c.stop, c.idle)
}

func (c *checkpoint) run(stop, idle chan struct{}) {
	defer close(idle)
	timer := time.NewTimer(interval)
	defer timer.Stop()
	for {
		select {
		case <-stop:
			return
		case <-timer.C:
		}
		err := c.once()
		c.mu.Lock()
		c.err = err
		if len(c.names)+len(c.files) == 0 || c.closed {
			c.running = false
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		timer.Reset(interval)
	}
}

// once flushes what has gathered.
func (c *checkpoint) once() error {
	c.mu.Lock()
	names, files := c.names, c.files
	c.names, c.files = nil, nil
	c.mu.Unlock()
	if len(names)+len(files) == 0 {
		return nil
	}
	err := c.flush(names, files)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.names == nil {
		c.names = map[journalName]int64{}
	}
	for name, size := range names { // what flush left, for the next time
		if _, newer := c.names[name]; !newer {
			c.names[name] = size
		}
	}
	return err
}

// close ends the background and flushes the rest.
func (c *checkpoint) close() error {
	c.mu.Lock()
	c.closed = true
	stop, idle, running := c.stop, c.idle, c.running
	c.mu.Unlock()
	if running {
		close(stop)
		<-idle
	}
	return c.once()
}

func (c *checkpoint) retire(name journalName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.retired == nil {
		c.retired = map[journalName]bool{}
	}
	c.retired[name] = true
}

// checkpoint flushes the files that journals have changed and removes the journals, as far as nobody is using them. What
// remains in names is for the next time.
func (t *Tracking) checkpoint(names map[journalName]int64, paths map[string]bool) error {
	settled := map[journalName]int64{}
	if paths == nil {
		paths = map[string]bool{}
	}
	for _, name := range slices.SortedFunc(maps.Keys(names), compareJournals) {
		size, busy, err := t.settled(name, paths)
		switch {
		case err != nil:
			return err
		case busy:
			continue
		case size == 0:
			delete(names, name)
		default:
			settled[name] = size
		}
	}
	if len(paths) == 0 {
		return nil
	}
	if err := t.flushPaths(paths); err != nil {
		return err // the journals stay: they are what is durable
	}
	for name, size := range settled {
		gone, err := t.retire(name, size)
		if err != nil {
			return err
		}
		if gone {
			delete(names, name)
		}
	}
	return nil
}

func compareJournals(a, b journalName) int {
	switch {
	case a == b:
		return 0
	case a.kind < b.kind, a.kind == b.kind && a.id < b.id:
		return -1
	}
	return 1
}

// settled adds the paths that a journal has changed and returns its length: 0 when there is none.
func (t *Tracking) settled(name journalName, paths map[string]bool) (size int64, busy bool, err error) {
	free, base, busy, err := t.tryJournal(name)
	if busy || err != nil {
		return 0, busy, err
	}
	defer free()
	j, err := t.openJournal(name.kind, name.id, false)
	if j == nil || err != nil {
		return 0, false, err
	}
	defer j.close()
	if j.size == 0 || base == "" {
		return 0, false, t.forgetJournal(name.kind, name.id)
	}
	if j.pending() {
		return 0, true, nil // the next who locks it finishes it
	}
	records, _, err := j.records(0)
	if err != nil {
		return 0, false, err
	}
	for _, r := range records {
		for _, o := range r.ops {
			at := base
			if id, below, ok := splitModel(o.path); ok {
				m, err := t.findModel(id)
				if err != nil {
					continue // removed since
				}
				at, o.path = m.base, below
			}
			addPaths(paths, at, o)
		}
	}
	return j.size, false, nil
}

func addPaths(paths map[string]bool, base string, o op) {
	p := path.Join(base, o.path)
	switch o.kind {
	case opWrite, opPoints:
		paths[p] = true
		paths[path.Dir(p)] = true
		paths[path.Dir(path.Dir(p))] = true
	case opRemove:
		paths[path.Dir(p)] = true
	case opMkdir, opCreate, opDelete, opRevive:
		paths[p] = true
		paths[path.Dir(p)] = true
	}
}

// tryJournal locks the folder that a journal belongs to unless somebody else has. base is empty when it is not there.
func (t *Tracking) tryJournal(name journalName) (free func(), base string, busy bool, err error) {
	base, err = t.journalBase(name)
	if base == "" || err != nil {
		return func() {}, "", false, err
	}
	f, err := openFolder(t.top.root, "", base)
	if absent(err) {
		return nil, "", true, nil
	}
	if err != nil {
		return nil, "", false, err
	}
	if !tryLockDir(f.dir, exclusive) {
		f.close()
		return nil, "", true, nil
	}
	return f.close, base, false, nil
}

// maxFlushed is how many files are flushed one by one; for more the whole file system is.
const maxFlushed = 64

func (t *Tracking) flushPaths(paths map[string]bool) error {
	if len(paths) > maxFlushed {
		if err := syncAll(t.top.dir); !errors.Is(err, errors.ErrUnsupported) {
			return ioError("flush", ".", err)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		if err := t.top.flush(p); err != nil && !absent(err) {
			return ioError("flush", p, err)
		}
	}
	return nil
}

// retire empties a journal whose files have been flushed, unless it has grown since. The file stays: making files is slow.
func (t *Tracking) retire(name journalName, size int64) (bool, error) {
	free, _, busy, err := t.tryJournal(name)
	if busy || err != nil {
		return false, err
	}
	defer free()
	j, err := t.openJournal(name.kind, name.id, false)
	if j == nil || err != nil {
		return err == nil, err
	}
	defer j.close()
	if j.size != size || j.pending() {
		return false, nil
	}
	t.dirty.retire(name)
	return true, j.drop(0)
}

// removeRetired removes the empty journals that are not needed any more.
func (t *Tracking) removeRetired() error {
	var errs []error
	for name := range t.dirty.retired {
		free, _, busy, err := t.tryJournal(name)
		if busy || err != nil {
			errs = append(errs, err)
			continue
		}
		if at, err := stat(t.top.dir, hiddenName+"/"+name.kind+"/"+name.id); err == nil && !at.absent() && at.Size == 0 {
			errs = append(errs, t.forgetJournal(name.kind, name.id))
		}
		free()
	}
	return errors.Join(errs...)
}
