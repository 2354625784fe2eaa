package http

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
)

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

// ended takes the token from a full page that is the last one, which MLflow 2 gives nevertheless. One more request tells.
func ended[T any](ask pages[T]) pages[T] {
	return func(ctx context.Context, o core.PageOptions) (core.Page[T], error) {
		page, err := ask(ctx, o)
		if err != nil || page.Next == "" || len(page.Items) < o.Limit {
			return page, err
		}
		more, err := ask(ctx, core.PageOptions{Limit: 1, Token: page.Next})
		if len(more.Items) == 0 {
			page.Next = ""
		}
		return page, err
	}
}

// registered lists all that an MLflow registry has. Since prompts exist (2.21) it leaves them out unless a filter asks for them.
func registered[T any](ctx context.Context, p *profile, asked string, list func(string) pages[T]) iter.Seq2[T, error] {
	filters := []string{""}
	if p.since(2, 21) && strings.Contains(asked, core.PromptTag) {
		filters = append(filters, "tags.`"+core.PromptTag+"` = 'true'")
	}
	return func(yield func(T, error) bool) {
		for _, text := range filters {
			for item, err := range core.All(ctx, list(text), core.PageOptions{}) {
				if !yield(item, err) {
					return
				}
			}
		}
	}
}
