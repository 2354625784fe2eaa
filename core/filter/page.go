package filter

import (
	"container/heap"
	"iter"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// Page matches, sorts and cuts what items yields, in any order. It keeps at most limit+1 items in memory. The first error
// of items ends it and comes back as it is. The page's items share maps and slices with those of items.
func (q *Query[T]) Page(items iter.Seq2[T, error]) (core.Page[T], error) {
	c := q.collect()
	var item T // one for all, since Match lets it escape
	for next, err := range items {
		if err != nil {
			return core.Page[T]{}, err
		}
		item = next
		c.add(&item)
	}
	return c.page(), nil
}

// Slice is Page for items in memory. They stay as they are.
func (q *Query[T]) Slice(items []T) core.Page[T] {
	c := q.collect()
	for i := range items {
		c.add(&items[i])
	}
	return c.page()
}

// collector keeps the first limit+1 items behind the cursor. It is a heap whose top is the last of them.
type collector[T any] struct {
	query   *Query[T]
	kept    []placed[T]
	scratch []KeyValue
	heaped  bool
}

type placed[T any] struct {
	item   T
	values []KeyValue
}

func (q *Query[T]) collect() *collector[T] {
	return &collector[T]{query: q, scratch: make([]KeyValue, len(q.order))}
}

func (c *collector[T]) add(item *T) {
	q := c.query
	if !q.Match(item) {
		return
	}
	q.place(item, c.scratch)
	switch {
	case q.after != nil && compareKeys(q.order, c.scratch, q.after) <= 0:
	case len(c.kept) <= q.limit:
		c.kept = append(c.kept, placed[T]{*item, slices.Clone(c.scratch)})
	default:
		if !c.heaped {
			heap.Init(c)
			c.heaped = true
		}
		if top := &c.kept[0]; compareKeys(q.order, c.scratch, top.values) < 0 {
			top.item = *item
			copy(top.values, c.scratch)
			heap.Fix(c, 0)
		}
	}
}

func (c *collector[T]) page() core.Page[T] {
	q := c.query
	slices.SortFunc(c.kept, func(a, b placed[T]) int { return compareKeys(q.order, a.values, b.values) })
	var p core.Page[T]
	if len(c.kept) > q.limit {
		c.kept = c.kept[:q.limit]
		p.Next = encodeToken(c.kept[q.limit-1].values, q.id, q.order)
	}
	if len(c.kept) > 0 {
		p.Items = make([]T, len(c.kept))
	}
	for i := range c.kept {
		p.Items[i] = c.kept[i].item
	}
	return p
}

// Len is part of heap.Interface.
func (c *collector[T]) Len() int { return len(c.kept) }

// Less is part of heap.Interface: what is later is nearer the top.
func (c *collector[T]) Less(i, j int) bool {
	return compareKeys(c.query.order, c.kept[i].values, c.kept[j].values) > 0
}

// Swap is part of heap.Interface.
func (c *collector[T]) Swap(i, j int) { c.kept[i], c.kept[j] = c.kept[j], c.kept[i] }

// Push is part of heap.Interface; nothing calls it.
func (c *collector[T]) Push(any) {}

// Pop is part of heap.Interface; nothing calls it.
func (c *collector[T]) Pop() any { return nil }
