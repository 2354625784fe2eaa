package filter

import (
	"github.com/mlstore/mlstore/core"
)

// Query is a search that has been read and found valid. It does not change and may be used by many goroutines at once.
type Query[T any] struct {
	filter Filter
	order  []OrderKey
	limit  int
	after  []KeyValue // nil for the first page
	id     fingerprint

	shows  func(*T) bool // view and experiments
	tests  []func(*T) bool
	values []func(*T) KeyValue // one a key of the order
}

// search is what makes a Query.
type search[T any] struct {
	grammar grammar
	reader  reader[T]
	filter  string
	order   []OrderKey // complete
	shows   func(*T) bool
	scope   []string // what else the results depend on
	page    core.PageOptions
	bound   core.Bound
}

func (s search[T]) query() (*Query[T], error) {
	limit, err := core.CheckPage(s.page, s.bound)
	if err != nil {
		return nil, err
	}
	if limit < 1 {
		return nil, core.Errorf(core.Internal, "the store announces no page length for %s", s.grammar.kind)
	}
	f, err := parseFilter(s.filter, s.grammar)
	if err != nil {
		return nil, err
	}
	q := &Query[T]{
		filter: f, order: s.order, limit: limit, shows: s.shows,
		id: fingerprintOf(append([]string{s.grammar.kind}, s.scope...), f, s.order),
	}
	for _, clause := range f {
		q.tests = append(q.tests, s.reader.test(clause))
	}
	for _, k := range s.order {
		q.values = append(q.values, s.reader.value(k))
	}
	if s.page.Token != "" {
		q.after, err = decodeToken(s.page.Token, q.id, q.order)
	}
	return q, err
}

// Match reports whether the search finds item: filter, view and experiments. It allocates nothing.
func (q *Query[T]) Match(item *T) bool {
	if !q.shows(item) {
		return false
	}
	for _, holds := range q.tests {
		if !holds(item) {
			return false
		}
	}
	return true
}

// Filter returns the clauses, among them the one that hides prompts from searches of models and versions. There a clause
// on the tag mlflow.prompt.is_prompt takes an item without it as if it said 'false', when it is != 'true' or = 'false'.
// Callers must not change the filter.
func (q *Query[T]) Filter() Filter { return q.filter }

// Order returns the whole order, tie-breakers included, so that no two items are equal. Callers must not change it.
func (q *Query[T]) Order() []OrderKey { return q.order }

// Limit is the page's length, above 0.
func (q *Query[T]) Limit() int { return q.limit }

// After returns the place behind which the page begins; false for the first page.
func (q *Query[T]) After() (Cursor, bool) { return Cursor{Values: q.after}, q.after != nil }

// Token returns the token of the page behind an item, for stores that page by themselves.
func (q *Query[T]) Token(last *T) string {
	values := make([]KeyValue, len(q.order))
	q.place(last, values)
	return encodeToken(values, q.id, q.order)
}

// TokenAt is Token for a store that knows the place of the page's last item and need not have read the item.
func (q *Query[T]) TokenAt(last Cursor) string { return encodeToken(last.Values, q.id, q.order) }

// place fills in the item's values for the order.
func (q *Query[T]) place(item *T, values []KeyValue) {
	for i, value := range q.values {
		values[i] = value(item)
	}
}
