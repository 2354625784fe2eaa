package query

import (
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// term is a key of an order as SQL.
type term struct {
	presence   string // an expression of filter.Presence; empty where a value that is NULL says that it is missing
	value      string // NULL for what is not present
	nullable   bool
	descending bool
	pair       *pair // of a metric that every item has: its rows are an order of the items
}

// term writes a key of the order. Text is sorted by its bytes.
func (c *compiler) term(k filter.OrderKey) term {
	t := term{descending: k.Descending}
	switch {
	case k.Entity == filter.Metric && c.shape.measured != nil:
		m := c.shape.measured(c, k)
		t.presence = "CASE WHEN " + m.value + " IS NOT NULL THEN 0 WHEN " + m.there + " THEN 1 ELSE 2 END"
		t.value, t.nullable = m.value, true
	case k.Entity == filter.Metric:
		p := c.pair(k.Entity, k.Key)
		if p.joined && p.number {
			t.value, t.pair = p.val().expr, p
			break
		}
		t.presence = "COALESCE(" + p.look("CASE WHEN "+p.isNaN()+" THEN 1 WHEN NOT "+p.isNaN()+" THEN 0 END") + ", 2)"
		t.value, t.nullable = p.look("CASE WHEN NOT "+p.isNaN()+" THEN "+p.val().expr+" END"), true
	case k.Entity != filter.Attribute:
		p := c.pair(k.Entity, k.Key)
		t.nullable = !p.joined || !p.inner
		value := p.val().plain()
		if t.nullable && p.nullable {
			value = "CASE WHEN " + p.alias + "." + p.key + " IS NOT NULL THEN " + value + " END"
		}
		t.value = c.bytewise(p.look(value))
	case k.Type == filter.IDType:
		t.value = c.shape.ids[k.Key]
	case k.Type == filter.IntegerType:
		n := c.shape.numbers[k.Key]
		t.value = n.expr
		if n.time {
			t.value, t.nullable = "NULLIF("+n.expr+", 0)", true
		}
	default:
		t.value = c.bytewise(c.shape.texts[k.Key].plain())
	}
	return t
}

// bytewise makes text compare by its bytes, as it does in SQLite anyway.
func (c *compiler) bytewise(expr string) string {
	if c.dialect == sqldb.Postgres {
		return "(" + expr + `) COLLATE "C"`
	}
	return expr
}

// names are the columns of the i-th term.
func termNames(i int) (presence, value string) {
	return "p" + strconv.Itoa(i), "k" + strconv.Itoa(i)
}

func (t term) selected(b *strings.Builder, i int) {
	presence, value := termNames(i)
	if t.presence != "" {
		b.WriteString(", " + t.presence + " AS " + presence)
	} else {
		b.WriteString(", 0 AS " + presence)
	}
	b.WriteString(", " + t.value + " AS " + value)
}

func (t term) ordered(b *strings.Builder, i int) {
	presence, value := termNames(i)
	if t.presence != "" {
		b.WriteString(presence + ", ")
	}
	b.WriteString(value)
	if t.descending {
		b.WriteString(" DESC")
	}
	if t.nullable {
		b.WriteString(" NULLS LAST")
	}
}

// after writes that an item comes behind the cursor.
func (c *compiler) after(terms []term, order []filter.OrderKey, cursor []filter.KeyValue) string {
	condition := never
	for i := len(terms) - 1; i >= 0; i-- {
		if i == 0 && len(terms) > 1 && !terms[0].nullable && cursor[0].Presence == filter.Present {
			return c.afterFirst(terms[0], c.cursor(order[0], cursor[0]), condition)
		}
		later, same := c.beside(terms[i], order[i], cursor[i])
		switch {
		case condition == never:
			condition = later
		case later == never:
			condition = "(" + same + " AND " + condition + ")"
		default:
			condition = "(" + later + " OR " + same + " AND " + condition + ")"
		}
	}
	return condition
}

// afterFirst writes that an item's first value comes behind the cursor's, or is the same and the rest comes behind. It begins
// with what an index can serve. The other half is written so that Postgres expects nearly all items to meet it: else it
// expects few, and sorts them.
func (c *compiler) afterFirst(first term, at, rest string) string {
	return first.value + first.beyond("=") + at + " AND (" + first.value + " <> " + at + " OR " + rest + ")"
}

// beside writes that an item's value for one key comes behind that of the cursor, and that it is the same.
func (c *compiler) beside(t term, k filter.OrderKey, v filter.KeyValue) (later, same string) {
	if v.Presence == filter.Present {
		at := c.cursor(k, v)
		later, same = t.value+t.beyond("")+at, t.value+" = "+at
		switch {
		case t.presence != "":
			later = "(" + later + " OR " + t.presence + " > 0)"
		case t.nullable:
			later = "(" + later + " OR " + t.value + " IS NULL)"
		}
		return later, same
	}
	switch {
	case t.presence != "" && v.Presence == filter.NaN:
		return t.presence + " > 1", t.presence + " = 1"
	case t.presence != "":
		return never, t.presence + " = 2"
	case t.nullable:
		return never, t.value + " IS NULL"
	}
	return never, never
}

func (t term) beyond(orEqual string) string {
	if t.descending {
		return " <" + orEqual + " "
	}
	return " >" + orEqual + " "
}

// cursor adds the value of a cursor.
func (c *compiler) cursor(k filter.OrderKey, v filter.KeyValue) string {
	switch k.Type {
	case filter.IntegerType:
		return c.bind(v.Integer)
	case filter.FloatType:
		return c.bind(v.Float)
	case filter.IDType:
		n, err := strconv.ParseInt(v.Text, 10, 64)
		if err != nil { // the id of another store; what is no number comes behind all that are
			n = c.lastID()
		}
		return c.bind(min(n, c.lastID()))
	case filter.TextType:
	}
	text := v.Text
	if c.storable(text) == nil { // nothing that the database holds lies between a text and what precedes its NUL
		text, _, _ = strings.Cut(text, "\x00")
	}
	return c.bind(text)
}
