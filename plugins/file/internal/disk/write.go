package disk

import (
	"io/fs"
	"os"
)

// WriteAtomic replaces the content of the file name, or makes it. Readers see the old or the new content, also after a
// crash. After an error without core.OutcomeUnknown the old content is still there.
func (r *Root) WriteAtomic(name string, data []byte, d Durability) error {
	return r.WriteVia(dirOf(name), name, data, d)
}

// WriteVia is WriteAtomic with the temporary file in the directory dir, for directories of which each file counts.
func (r *Root) WriteVia(dir, name string, data []byte, d Durability) error {
	if name == "." || !fs.ValidPath(name) {
		return r.fail("write", name, fs.ErrInvalid)
	}
	t, err := r.CreateTemp(dir)
	if err != nil {
		return err
	}
	defer t.Abort()
	if _, err := t.Write(data); err != nil {
		return r.fail("write", name, err)
	}
	return t.Commit(name, d)
}

// Append adds data to the end of the file name with one write, so that several appending processes do not mix their lines,
// and makes the file first if needed. When the disk is full, nothing of data stays, as far as nobody appended meanwhile.
func (r *Root) Append(name string, data []byte, d Durability) error {
	at, err := r.parent("append to", name)
	if err != nil {
		return err
	}
	defer at.release()
	if d == Sync && r.state.hasFailed(r.full(name)) {
		return r.fail("append to", name, errFlushed)
	}
	f, existed, err := openRegular(at, os.O_WRONLY|os.O_APPEND|os.O_CREATE, fileMode)
	if err != nil {
		return r.fail("append to", name, err)
	}
	err = r.appendTo(f, name, data, d)
	if closed := f.Close(); err == nil && closed != nil {
		err = Unsure(r.fail("append to", name, closed))
	}
	if err == nil && !existed && d == Sync {
		err = Unsure(r.fail("append to", name, r.state.flushDirectory(r.full(dirOf(name)), &at)))
	}
	return err
}

func (r *Root) appendTo(f *os.File, name string, data []byte, d Durability) error {
	before, err := f.Stat()
	if err != nil {
		return r.fail("append to", name, err)
	}
	if n, err := f.Write(data); err != nil {
		err = r.fail("append to", name, err)
		if n == 0 {
			return err
		}
		// Take the torn part back, unless somebody has appended after it.
		if now, statErr := f.Stat(); statErr == nil && now.Size() == before.Size()+int64(n) &&
			f.Truncate(before.Size()) == nil {
			return err
		}
		return Unsure(err)
	}
	if d == Relaxed {
		return nil
	}
	if err := f.Sync(); err != nil {
		r.state.markFailed(r.full(name))
		return Unsure(r.fail("append to", name, err))
	}
	return nil
}

// SyncFile flushes a file that was written at Relaxed durability.
func (r *Root) SyncFile(name string) error {
	if r.state.hasFailed(r.full(name)) {
		return r.fail("flush", name, errFlushed)
	}
	f, err := r.OpenRegular(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := f.Sync(); err != nil {
		r.state.markFailed(r.full(name))
		return Unsure(r.fail("flush", name, err))
	}
	return nil
}

// The kernel forgets what it could not write once it has reported so: a second flush would succeed, and a reader would see
// the lost content in the cache. A file stays marked until it is replaced.

func (s *state) markFailed(full string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed[full] = struct{}{}
}

func (s *state) hasFailed(full string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, failed := s.failed[full]
	return failed
}

// renewed forgets what is known of full after it has been replaced.
func (s *state) renewed(full string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.failed, full)
}
