package core

import (
	"context"
	"iter"
)

// Page is one page of a listing or search. Next is the token of the page that follows; empty means that this is the last.
// A page may be shorter than asked for, even empty, and still have a Next.
type Page[T any] struct {
	Items []T
	Next  string
}

// PageOptions choose a page. The zero value asks for the first page at the store's default length.
type PageOptions struct {
	Limit int    // most items in the page; 0 is the store's default, below 0 or above its maximum is ErrInvalid (D-21)
	Token string // Next of the page before; empty is the first page. Bound to its query (D-10)
}

// All walks every page of fetch and yields each item. It stops after the first error, which it yields with a zero item. A
// store whose tokens go in a circle is such an error, so that no walk is endless.
func All[T any](
	ctx context.Context, fetch func(context.Context, PageOptions) (Page[T], error), o PageOptions,
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		// Brent's way to find a circle of any length: the token is compared with one before it, and that one moves up after
		// 1, 2, 4, 8 … pages.
		o, landmark, steps, span := o, o.Token, 0, 1
		for {
			page, err := fetch(ctx, o)
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			if page.Next == landmark {
				var zero T
				yield(zero, Errorf(Internal, "the store's page tokens go in a circle: %q leads to itself", page.Next))
				return
			}
			if steps++; steps == span {
				landmark, steps, span = page.Next, 0, 2*span
			}
			o.Token = page.Next
		}
	}
}

// Bound is the range of page lengths that a store takes for one kind of page.
type Bound struct {
	Default int // length of a page when the caller asks for 0
	Max     int // longest page that may be asked for
}

// CheckPage returns the page length to use for o, or ErrInvalid when its Limit is negative or above the maximum.
func CheckPage(o PageOptions, b Bound) (int, error) {
	switch {
	case o.Limit < 0:
		return 0, Invalid("max_results",
			"Invalid value %d for parameter 'max_results' supplied. It must be a positive integer", o.Limit)
	case o.Limit > b.Max:
		return 0, Invalid("max_results",
			"Invalid value %d for parameter 'max_results' supplied. It must be at most %d", o.Limit, b.Max)
	case o.Limit == 0:
		return b.Default, nil
	}
	return o.Limit, nil
}
