package file

import (
	"context"
	"sync"
)

// keeper keeps the folders of the runs that were written to last open, so that the next change finds them so.
type keeper struct {
	mu   sync.Mutex
	runs []*run // the last one comes last
}

// maxKept is how many folders stay open.
const maxKept = 8

// add takes note of a run that keeps its folder open, and closes that of another if there are too many.
func (k *keeper) add(r *run) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.runs = append(k.runs, r)
	for i := 0; len(k.runs) > maxKept && i < len(k.runs)-1; {
		oldest := k.runs[i]
		select {
		case oldest.gate <- struct{}{}:
			oldest.unkeep()
			oldest.gate.leave()
			k.runs = append(k.runs[:i], k.runs[i+1:]...)
		default: // in use
			i++
		}
	}
}

// close closes all folders. Nobody uses them any more.
func (k *keeper) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.runs {
		r.unkeep()
	}
	k.runs = nil
}

func (r *run) unkeep() {
	if r.kept != nil {
		r.kept.close()
		r.kept = nil
	}
}

// acquire opens and locks the folder of a run, whose gate is held; true when another one, or none, is there by now.
func (t *Tracking) acquire(ctx context.Context, r *run, kind int) (*folder, bool, error) {
	if r.kept == nil {
		f, again, err := t.lockFolder(ctx, r.base, kind)
		if f != nil && kind == exclusive {
			r.kept = f
			t.keeper.add(r)
		}
		return f, again, err
	}
	f := r.kept
	if err := lockDir(ctx, f.dir, kind); err != nil {
		r.kept = nil // the folder is closed, or will be
		_ = f.root.Close()
		return nil, false, ioError("lock", r.base, err)
	}
	there, err := stat(t.top.dir, r.base)
	if err != nil || there.Ino != f.id.Ino || there.Dev != f.id.Dev {
		r.unkeep()
		return nil, err == nil, ioError("lock", r.base, err)
	}
	return f, false, nil
}

// release frees the lock of a run's folder.
func (t *Tracking) release(r *run, f *folder) {
	if f == r.kept {
		unlockDir(f.dir)
		return
	}
	f.close()
}
