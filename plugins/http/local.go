package http

import (
	"context"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// MLflow's servers take filters that say nothing, order models by two keys alone, and older ones take NaN for 0. A query is
// therefore read here first and, where such a server would answer something else than was asked for, evaluated here: what it
// has is walked through, page by page.

// evaluate answers a query by walking through what walk yields.
func evaluate[T any](
	ctx context.Context, q *filter.Query[T], walk func(context.Context, core.PageOptions) (core.Page[T], error),
) (core.Page[T], error) {
	return q.Page(core.All(ctx, walk, core.PageOptions{}))
}

// ordersAlike reports whether MLflow's registry knows every key of an order. A key that is there twice it refuses with a 500.
func ordersAlike(order []string, known ...string) bool {
	for _, o := range order {
		key, _, _ := strings.Cut(strings.TrimSpace(o), " ")
		if !slices.Contains(known, strings.ToLower(key)) {
			return false
		}
	}
	return true
}

// nanCounts reports whether a filter asks for values of metrics.
func nanCounts(text string) bool { return strings.Contains(strings.ToLower(text), "metric") }

// last reports whether a full page is the last one nevertheless: MLflow 2 gives a token then. One more request tells.
func last[T any](
	ctx context.Context, page core.Page[T], limit int, fetch func(context.Context, core.PageOptions) (core.Page[T], error),
) (bool, error) {
	if page.Next == "" || len(page.Items) < limit {
		return false, nil
	}
	more, err := fetch(ctx, core.PageOptions{Limit: 1, Token: page.Next})
	return err == nil && len(more.Items) == 0, err
}
