package http

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// search is one page of a search on its way to the server.
type search struct {
	query string // what the token is bound to: everything but the page
	limit int
	token string
}

// newSearch checks the page of a query, at which page points within a copy of the query's own.
func newSearch[Q any](q Q, page *core.PageOptions, bound core.Bound) (search, error) {
	limit, err := core.CheckPage(*page, bound)
	if err != nil {
		return search{}, err
	}
	sealed := page.Token
	query, err := json.Marshal(bare(q))
	if err != nil {
		return search{}, core.Invalid("query", "the query cannot be written as JSON: %w", err)
	}
	s := search{query: fmt.Sprintf("%T %s", q, query), limit: limit}
	s.token, err = unseal(s.query, sealed)
	return s, err
}

// bare is a query without its page.
func bare(q any) any {
	switch q := q.(type) {
	case core.ExperimentQuery:
		q.PageOptions = core.PageOptions{}
		return q
	case core.RunQuery:
		q.PageOptions, q.Fields = core.PageOptions{}, 0
		return q
	case core.ModelQuery:
		q.PageOptions = core.PageOptions{}
		return q
	case core.VersionQuery:
		q.PageOptions = core.PageOptions{}
		return q
	case core.LoggedModelQuery:
		q.PageOptions = core.PageOptions{}
		return q
	}
	return q
}

// next is the token of the page that follows.
func (s search) next(token string) string { return seal(s.query, token) }

// pages are the pages of a list.
type pages[T any] func(context.Context, core.PageOptions) (core.Page[T], error)

// pass asks a server that answers what it was asked.
func pass[T any](ctx context.Context, s search, ask pages[T]) (core.Page[T], error) {
	page, err := ask(ctx, core.PageOptions{Limit: s.limit, Token: s.token})
	page.Next = s.next(page.Next)
	return page, err
}

// question is a search that an MLflow server is asked. Such servers take filters that say nothing, order models by few keys,
// and know fewer comparisons the older they are. A query is therefore read here first and, where the server would answer
// something else or refuses a query that is right, evaluated here: all that it has is walked through.
type question[T any] struct {
	read func(core.PageOptions) (*filter.Query[T], error) // how the query is understood here
	ask  pages[T]                                         // the server's answer
	all  func(context.Context) iter.Seq2[T, error]        // what the server has, and may be found
	here bool                                             // the server would answer something else
}

// evaluated marks the tokens of queries that are evaluated here.
const evaluated = "here "

// answer is a page of the search.
func (q question[T]) answer(ctx context.Context, s search) (page core.Page[T], err error) {
	own, here := strings.CutPrefix(s.token, evaluated)
	if !here {
		own = ""
	}
	query, err := q.read(core.PageOptions{Limit: s.limit, Token: own})
	if err != nil {
		return page, err
	}
	if !here && !q.here {
		page, err = q.ask(ctx, core.PageOptions{Limit: s.limit, Token: s.token})
		if err == nil || core.CodeOf(err) != core.InvalidArgument || s.token != "" {
			page.Next = s.next(page.Next)
			return page, err
		}
	}
	if page, err = query.Page(q.all(ctx)); err == nil && page.Next != "" {
		page.Next = s.next(evaluated + page.Next)
	}
	return page, err
}
