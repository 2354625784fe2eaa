package query

import "github.com/mlstore/mlstore/core/filter"

// shape is where the values of one kind of item are in MLflow's schema. SQL in it is ours, never a user's.
type shape struct {
	from     string // the table of the items and its alias
	id       string // the column that the columns of a page are fetched by, after its items have been found; empty is at once
	newest   string // the attribute by which, descending, an index of ours has the items; empty is none
	texts    map[string]text
	numbers  map[string]number
	ids      map[string]string // columns of integers that are ids of decimal digits
	tables   map[filter.Entity]*table
	prompts  bool   // items without the tag of prompts are none
	datasets string // where datasets are, bound to the item, as a FROM with its WHERE
	measured func(c *compiler, key filter.OrderKey) measurement
}

// text is an attribute of text.
type text struct {
	expr     string
	nullable bool // NULL is empty text
}

// plain is the attribute as SQL that is never NULL.
func (t text) plain() string {
	if t.nullable {
		return "COALESCE(" + t.expr + ", '')"
	}
	return t.expr
}

// number is an attribute that is an integer.
type number struct {
	expr string
	time bool // NULL and 0 are none
}

// table holds keys and values of items: at most one row a key and item.
type table struct {
	name     string
	item     []string // conditions that bind a row to its item; each begins with a column of the table
	key      string
	value    string
	nullable bool   // a value of NULL is empty text
	nan      string // the column that says whether a metric is NaN
	short    bool   // an index by key and value has the short values, see schema.ShortValue
}

// measurement is a metric of a logged model as two expressions: its value, NULL for NaN and for none, and a condition
// that there is one.
type measurement struct{ value, there string }
