package sqlstore

import (
	"slices"
	"sync"
)

// queue holds what callers wait for, in the order in which they came, until one of them takes it to do it for all. The zero
// value is empty.
type queue[T comparable] struct {
	mu      sync.Mutex
	waiting []T
}

func (q *queue[T]) add(item T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, item)
}

// remove takes back what nobody has taken yet.
func (q *queue[T]) remove(item T) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, item)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return true
}

// take takes what choose chooses of all that waits.
func (q *queue[T]) take(choose func([]T) (taken, left []T)) []T {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken, left := choose(q.waiting)
	q.waiting = left
	return taken
}

// isClosed reports whether what somebody waits for has happened.
func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
