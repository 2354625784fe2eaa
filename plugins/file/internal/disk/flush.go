package disk

import "sync"

// flusher lets callers that wait for a flush of one directory share it: a flush serves all who asked before it began.
type flusher struct {
	mu      sync.Mutex
	ended   *sync.Cond
	users   int
	begun   int // flushes so far, by number
	done    int // the last one that has ended
	failed  int // the last one that has failed, and its error
	failure error
	running bool
}

// flush calls do, or waits for a call that began after this one.
func (f *flusher) flush(do func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	mine := f.begun + 1 // the first that sees all that we have done
	for f.done < mine {
		if f.running {
			f.ended.Wait()
			continue
		}
		f.running = true
		f.begun++
		number := f.begun
		f.mu.Unlock()
		err := do()
		f.mu.Lock()
		f.running = false
		f.done = number
		if err != nil {
			f.failed, f.failure = number, err
		}
		f.ended.Broadcast()
	}
	// The kernel reports a failure once: a flush after the failed one proves nothing for those who waited for that.
	if f.failed >= mine {
		return f.failure
	}
	return nil
}

// flushDirectory flushes the entries of the directory at, whose name from the first root is full.
func (s *state) flushDirectory(full string, at *place) error {
	s.mu.Lock()
	f, ok := s.flushers[full]
	if !ok {
		f = &flusher{}
		f.ended = sync.NewCond(&f.mu)
		s.flushers[full] = f
	}
	f.users++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if f.users--; f.users == 0 {
			delete(s.flushers, full)
		}
	}()
	return f.flush(func() error {
		dir, err := at.file()
		if err != nil {
			return err
		}
		return flushDir(dir)
	})
}
