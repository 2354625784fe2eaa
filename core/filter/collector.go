package filter

import (
	"container/heap"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// Collector makes a page of the items that it is shown, in any order. It keeps no more than a page and one. It is for one
// goroutine at a time.
type Collector[T any] struct {
	query   *Query[T]
	kept    latest[T]
	scratch []KeyValue
	heaped  bool
}

// Collect begins a page.
func (q *Query[T]) Collect() *Collector[T] {
	return &Collector[T]{query: q, kept: latest[T]{order: q.order}, scratch: make([]KeyValue, len(q.order))}
}

// Add shows it an item, which it copies when that may be on the page.
func (c *Collector[T]) Add(item *T) {
	q := c.query
	if !q.Match(item) {
		return
	}
	q.place(item, c.scratch)
	switch {
	case q.after != nil && compareKeys(q.order, c.scratch, q.after) <= 0:
	case len(c.kept.items) <= q.limit:
		c.kept.items = append(c.kept.items, placed[T]{*item, slices.Clone(c.scratch)})
	default:
		if !c.heaped {
			heap.Init(&c.kept)
			c.heaped = true
		}
		if top := &c.kept.items[0]; compareKeys(q.order, c.scratch, top.values) < 0 {
			top.item = *item
			copy(top.values, c.scratch)
			heap.Fix(&c.kept, 0)
		}
	}
}

// Hopeless reports whether an item cannot be on the page, whatever its attributes and datasets are: for its metrics, params and
// tags alone it does not match, or comes before the page or behind what is there. So a caller can leave the rest unread.
func (c *Collector[T]) Hopeless(item *T) bool {
	q := c.query
	for i, clause := range q.filter {
		if clause.Entity.keyed() && !q.tests[i](item) {
			return true
		}
	}
	known := 0
	for known < len(q.order) && q.order[known].Entity.keyed() {
		c.scratch[known] = q.values[known](item)
		known++
	}
	order, values := q.order[:known], c.scratch[:known]
	if q.after != nil && compareKeys(order, values, q.after) < 0 {
		return true
	}
	return c.heaped && compareKeys(order, values, c.kept.items[0].values) > 0
}

// keyed reports whether entities of this kind are the metrics, params or tags of another.
func (e Entity) keyed() bool { return e == Metric || e == Param || e == TagEntity }

// Page returns the page, and ends the collecting.
func (c *Collector[T]) Page() core.Page[T] {
	q, kept := c.query, c.kept.items
	slices.SortFunc(kept, func(a, b placed[T]) int { return compareKeys(q.order, a.values, b.values) })
	var p core.Page[T]
	if len(kept) > q.limit {
		kept = kept[:q.limit]
		p.Next = encodeToken(kept[q.limit-1].values, q.id, q.order)
	}
	if len(kept) > 0 {
		p.Items = make([]T, len(kept))
	}
	for i := range kept {
		p.Items[i] = kept[i].item
	}
	return p
}

// latest is a heap of items whose top is the last of them.
type latest[T any] struct {
	order []OrderKey
	items []placed[T]
}

type placed[T any] struct {
	item   T
	values []KeyValue
}

// Len is part of heap.Interface.
func (l *latest[T]) Len() int { return len(l.items) }

// Less is part of heap.Interface: what is later is nearer the top.
func (l *latest[T]) Less(i, j int) bool {
	return compareKeys(l.order, l.items[i].values, l.items[j].values) > 0
}

// Swap is part of heap.Interface.
func (l *latest[T]) Swap(i, j int) { l.items[i], l.items[j] = l.items[j], l.items[i] }

// Push is part of heap.Interface; nothing calls it.
func (l *latest[T]) Push(any) {}

// Pop is part of heap.Interface; nothing calls it.
func (l *latest[T]) Pop() any { return nil }
