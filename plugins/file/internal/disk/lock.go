package disk

import (
	"context"
	"errors"
	"os"

	"github.com/mlstore/mlstore/core"
)

// keyed is a lock among the goroutines of this process.
type keyed struct {
	held  chan struct{} // holds one token while the lock is taken
	users int
}

// Lock takes the lock that the file name stands for, and makes the file if needed; the file stays. One holder at a time has
// it, among all goroutines and processes; the end of a process frees its locks. It waits without polling, until ctx ends.
//
// When ctx ends while another process holds the lock, one goroutine waits on until that process lets go, and gives it back.
func (r *Root) Lock(ctx context.Context, name string) (unlock func(), err error) {
	turn, err := r.queue(ctx, name)
	if err != nil {
		return nil, err
	}
	f, err := r.lockCurrent(ctx, name, exclusive)
	if err != nil {
		turn()
		return nil, err
	}
	return func() { _ = f.Close(); turn() }, nil // closing frees the lock of the file
}

// RLock takes the lock together with others that take it by RLock: only Lock excludes them. It makes no file: where there is
// none, nobody has ever taken the lock, and RLock takes nothing.
func (r *Root) RLock(ctx context.Context, name string) (unlock func(), err error) {
	turn, err := r.queue(ctx, name)
	if err != nil {
		return nil, err
	}
	defer turn() // readers queue behind a writer that waits, but do not keep each other
	f, err := r.lockCurrent(ctx, name, shared)
	if errors.Is(err, core.ErrNotFound) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}

// queue waits for the turn among the goroutines of this process.
func (r *Root) queue(ctx context.Context, name string) (leave func(), err error) {
	if err := core.Interrupted(ctx); err != nil {
		return nil, err
	}
	key := r.full(name)
	local := r.state.enter(key)
	select {
	case local.held <- struct{}{}:
		return func() { <-local.held; r.state.leave(key, local) }, nil
	case <-ctx.Done():
		r.state.leave(key, local)
		return nil, core.Interrupted(ctx)
	}
}

// lockCurrent locks the file that has the name when the lock is there.
func (r *Root) lockCurrent(ctx context.Context, name string, kind lockKind) (*os.File, error) {
	for {
		f, err := r.lockFile(ctx, name, kind)
		if err != nil {
			return nil, err
		}
		if r.isCurrent(name, f) {
			return f, nil
		}
		_ = f.Close() // removed or replaced while we waited: that lock excludes nobody
	}
}

func (s *state) enter(key string) *keyed {
	s.mu.Lock()
	defer s.mu.Unlock()
	local, ok := s.locks[key]
	if !ok {
		local = &keyed{held: make(chan struct{}, 1)}
		s.locks[key] = local
	}
	local.users++
	return local
}

func (s *state) leave(key string, local *keyed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if local.users--; local.users == 0 {
		delete(s.locks, key)
	}
}

// lockKind is exclusive or shared.
type lockKind int

const (
	exclusive lockKind = iota
	shared
)

// lockFile opens the file and locks it against other processes.
func (r *Root) lockFile(ctx context.Context, name string, kind lockKind) (*os.File, error) {
	flag := os.O_RDWR | os.O_CREATE
	if kind == shared {
		flag = os.O_RDONLY
	}
	f, err := r.OpenRegular(name, flag, fileMode)
	if err != nil {
		return nil, err
	}
	if tryLock(f, kind) {
		return f, nil
	}
	locked := make(chan error, 1)
	go func() { locked <- waitLock(f, kind) }()
	select {
	case err := <-locked:
		if err != nil {
			_ = f.Close()
			return nil, r.fail("lock", name, err)
		}
		return f, nil
	case <-ctx.Done():
		go func() {
			<-locked //nolint:errcheck // with or without the lock, closing ends it
			_ = f.Close()
		}()
		return nil, core.Interrupted(ctx)
	}
}

func (r *Root) isCurrent(name string, f *os.File) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := r.Stat(name)
	return err == nil && os.SameFile(mine, there)
}
