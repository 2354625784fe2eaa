package filter

import (
	"iter"

	"github.com/mlstore/mlstore/core"
)

// Page matches, sorts and cuts what items yields, in any order. It keeps at most limit+1 items in memory. The first error
// of items ends it and comes back as it is. The page's items share maps and slices with those of items.
func (q *Query[T]) Page(items iter.Seq2[T, error]) (core.Page[T], error) {
	c := q.Collect()
	var item T // one for all, since Match lets it escape
	for next, err := range items {
		if err != nil {
			return core.Page[T]{}, err
		}
		item = next
		c.Add(&item)
	}
	return c.Page(), nil
}

// Slice is Page for items in memory. They stay as they are.
func (q *Query[T]) Slice(items []T) core.Page[T] {
	c := q.Collect()
	for i := range items {
		c.Add(&items[i])
	}
	return c.Page()
}
