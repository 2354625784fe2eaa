package http

import (
	"encoding/json"
	"fmt"

	"github.com/mlstore/mlstore/core"
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
