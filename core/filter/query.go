package filter

import (
	"iter"

	"github.com/mlstore/mlstore/core"
)

// Query is a search that has been read and found valid. It does not change and may be used by many goroutines at once.
type Query[T any] struct {
	filter Filter
	order  []OrderKey
	limit  int
}

// Match reports whether the search finds item: filter, view and experiments.
func (q *Query[T]) Match(item *T) bool { return false }

// Page matches, sorts and cuts what items yields. It keeps at most limit+1 items in memory. The first error ends it.
func (q *Query[T]) Page(items iter.Seq2[T, error]) (core.Page[T], error) {
	return core.Page[T]{}, core.Errorf(core.Unimplemented, "search is not there yet")
}

// Slice is Page for items in memory, which stay as they are.
func (q *Query[T]) Slice(items []T) core.Page[T] { return core.Page[T]{} }

// Filter returns the clauses. Callers must not change them.
func (q *Query[T]) Filter() Filter { return q.filter }

// Order returns the whole order, tie-breakers included. Callers must not change it.
func (q *Query[T]) Order() []OrderKey { return q.order }

// Limit is the page's length, above 0.
func (q *Query[T]) Limit() int { return q.limit }

// After returns the place behind which the page begins; false for the first page.
func (q *Query[T]) After() (Cursor, bool) { return Cursor{}, false }
