package query

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// Search is one page of a search as SQL. It finds one row more than the page has when another page follows.
type Search struct {
	SQL   string
	Args  []any
	order []filter.OrderKey
}

// mostJoins is how many tables a search joins with that of its items. What lies beyond them is looked up row by row:
// SQLite joins 64 tables at most, and Postgres plans no more than 8 in all orders.
const mostJoins = 6

// compiler writes one search.
type compiler struct {
	dialect sqldb.Dialect
	shape   shape
	args    []any
	where   []string
	pairs   []*pair
	aliases int
	slim    bool   // no columns are wanted that would have to be fetched
	most    string // a condition that most items are searched, where both ways to find them are worth writing; see either
	fault   error  // the first thing that the database cannot do
}

// bind adds an argument and returns its placeholder.
func (c *compiler) bind(value any) string {
	c.args = append(c.args, value)
	return "$" + strconv.Itoa(len(c.args))
}

// in writes that the expression is one of the values of a slice.
func (c *compiler) in(expr string, values any) string {
	c.args = append(c.args, values)
	return c.dialect.In(expr, len(c.args))
}

func (c *compiler) require(condition string) { c.where = append(c.where, condition) }

// query is what the compiler reads of a filter.Query of any kind.
type query interface {
	Filter() filter.Filter
	Order() []filter.OrderKey
	Limit() int
	After() (filter.Cursor, bool)
}

// search writes the whole statement. The conditions of view and experiments are in c.where already.
func (c *compiler) search(q query, columns string) (Search, error) {
	for _, clause := range q.Filter() {
		c.require(c.clause(clause))
	}
	order := q.Order()
	terms := make([]term, len(order))
	for i, key := range order {
		terms[i] = c.term(key)
	}
	if cursor, there := q.After(); there {
		c.require(c.after(terms, order, cursor.Values))
	}
	if c.fault != nil {
		return Search{}, c.fault
	}
	var b strings.Builder
	if c.shape.id == "" || c.slim || c.indexed(order) {
		c.selected(&b, columns, terms)
		c.found(&b, terms, nil, strconv.Itoa(q.Limit()+1))
	} else {
		c.fetched(&b, columns, terms, strconv.Itoa(q.Limit()+1))
	}
	return Search{SQL: b.String(), Args: c.args, order: order}, nil
}

// indexed reports whether an index of ours leads through the items in the order asked for, so that looking at a whole item at
// once costs less than finding its id first.
func (c *compiler) indexed(order []filter.OrderKey) bool {
	first := order[0]
	return len(c.pairs) == 0 && first.Entity == filter.Attribute && first.Descending && first.Key == c.shape.newest
}

// selected writes what is selected: columns, and the values of the order.
func (c *compiler) selected(b *strings.Builder, columns string, terms []term) {
	b.WriteString("SELECT " + columns)
	for i, t := range terms {
		t.selected(b, i)
	}
}

// found writes which items are found, and in which order. It begins with the rows of first, if there is one.
func (c *compiler) found(b *strings.Builder, terms []term, first *pair, limit string) {
	b.WriteString(" FROM ")
	rest := c.joined()
	if first == nil {
		b.WriteString(c.shape.from)
	} else {
		b.WriteString(first.table.name + " " + first.alias)
		rest = slices.DeleteFunc(rest, func(p *pair) bool { return p == first })
		for len(rest) > 0 && rest[0].sharp { // they leave few items, so that few are looked at
			b.WriteString(c.inner() + rest[0].table.name + " " + rest[0].alias + " ON " + rest[0].beside(first))
			rest = rest[1:]
		}
		b.WriteString(c.inner() + c.shape.from + " ON " + first.on())
	}
	for _, p := range rest {
		b.WriteString(c.join(p))
	}
	if len(c.where) > 0 {
		b.WriteString(" WHERE " + strings.Join(c.where, " AND "))
	}
	orderBy(b, terms)
	b.WriteString(" LIMIT " + limit)
}

// fetched writes a search that finds ids first, for which indexes may suffice, and then fetches the columns of one page.
func (c *compiler) fetched(b *strings.Builder, columns string, terms []term, limit string) {
	b.WriteString("SELECT " + columns)
	for i := range terms {
		presence, value := termNames(i)
		b.WriteString(", f." + presence + ", f." + value)
	}
	b.WriteString(" FROM (")
	if first := terms[0].pair; first != nil && c.most != "" {
		c.either(b, terms, first, limit)
	} else {
		c.selected(b, c.shape.id+" AS id", terms)
		c.found(b, terms, nil, limit)
	}
	b.WriteString(") f" + c.inner() + c.shape.from + " ON " + c.shape.id + " = f.id")
	orderBy(b, terms)
}

// orderBy writes the order by the names of its terms.
func orderBy(b *strings.Builder, terms []term) {
	b.WriteString(" ORDER BY ")
	for i, t := range terms {
		if i > 0 {
			b.WriteString(", ")
		}
		t.ordered(b, i)
	}
}
