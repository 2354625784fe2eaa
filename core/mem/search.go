package mem

import (
	"context"
	"iter"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// search returns the page of a query over items, and looks now and then whether ctx has ended. The items may share memory
// with the store, whose lock must be held: the page holds clones.
func search[T any](
	ctx context.Context, q *filter.Query[T], clone func(T) T, items iter.Seq[T],
) (core.Page[T], error) {
	page, err := q.Page(interruptible(ctx, items))
	if err != nil {
		return core.Page[T]{}, err
	}
	for i := range page.Items {
		page.Items[i] = clone(page.Items[i])
	}
	return page, nil
}

// interruptible yields the items until ctx ends, and then its error.
func interruptible[T any](ctx context.Context, items iter.Seq[T]) iter.Seq2[T, error] {
	const stride = 256 // asking a context takes a lock, matching an item less than that
	return func(yield func(T, error) bool) {
		count := 0
		for item := range items {
			if count++; count%stride == 0 {
				if err := core.Interrupted(ctx); err != nil {
					yield(item, err)
					return
				}
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}
