package query

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// pair is the row of a table that holds one key of an item: its metric, param or tag of that name.
type pair struct {
	*table
	entity filter.Entity
	name   string // the key that it has
	bound  string // the placeholder of the key
	alias  string
	joined bool
	inner  bool // items without the row are not found
	sharp  bool // items are found that have one value of the key
	number bool // items whose metric is NaN are not found
}

// pair finds or adds the row of a key.
func (c *compiler) pair(entity filter.Entity, key string) *pair {
	for _, p := range c.pairs {
		if p.entity == entity && p.name == key {
			return p
		}
	}
	p := c.lone(entity, key)
	p.joined = len(c.pairs) < mostJoins
	c.pairs = append(c.pairs, p)
	return p
}

// lone is the row of a key for one look that no other shares.
func (c *compiler) lone(entity filter.Entity, key string) *pair {
	c.aliases++
	return &pair{
		table: c.shape.tables[entity], entity: entity, name: key, bound: c.bind(c.storable(key)),
		alias: "x" + strconv.Itoa(c.aliases),
	}
}

// storable is text as an argument; nil, which equals nothing, for text that the database cannot hold.
func (c *compiler) storable(text string) any {
	if c.dialect == sqldb.Postgres && strings.Contains(text, "\x00") {
		return nil
	}
	return text
}

// on is what makes a row that of the key and the item.
func (p *pair) on() string {
	conditions := p.alias + "." + p.key + " = " + p.bound
	for _, item := range p.item {
		conditions += " AND " + p.alias + "." + item
	}
	return conditions
}

// beside is what makes a row that of the key and of another pair's item.
func (p *pair) beside(other *pair) string {
	conditions := p.alias + "." + p.key + " = " + p.bound
	for _, item := range p.item {
		column, _, _ := strings.Cut(item, " ")
		conditions += " AND " + p.alias + "." + column + " = " + other.alias + "." + column
	}
	return conditions
}

// joined are the pairs of the FROM clause, those first that leave the fewest items.
func (c *compiler) joined() []*pair {
	rank := func(p *pair) int {
		switch {
		case p.sharp:
			return 0
		case p.inner:
			return 1
		}
		return 2
	}
	joined := slices.DeleteFunc(slices.Clone(c.pairs), func(p *pair) bool { return !p.joined })
	slices.SortStableFunc(joined, func(a, b *pair) int { return cmp.Compare(rank(a), rank(b)) })
	return joined
}

// join is the pair's part of the FROM clause.
func (c *compiler) join(p *pair) string {
	join := c.inner()
	if !p.inner {
		join = " LEFT JOIN "
	}
	return join + p.table.name + " " + p.alias + " ON " + p.on()
}

// inner joins two tables. Postgres knows which to begin with, by its statistics; SQLite does not, and must begin with the
// first: the items, which are those of an experiment, however much else is stored.
func (c *compiler) inner() string {
	if c.dialect == sqldb.SQLite {
		return " CROSS JOIN "
	}
	return " JOIN "
}

// holds writes that the item has the key, and that its row meets a condition.
func (p *pair) holds(condition string) string {
	if p.joined {
		p.inner = true
		return condition
	}
	return p.exists(condition)
}

// exists is holds without a join.
func (p *pair) exists(condition string) string {
	return "EXISTS (SELECT 1 FROM " + p.table.name + " " + p.alias + " WHERE " + p.on() + " AND " + condition + ")"
}

// indexed is what a clause must say besides, if an index by the value is to serve it: values that are too long for one are
// not in it.
func (p *pair) indexed(f filter.Clause) string {
	value, isText := f.Value.(filter.Text)
	if !p.short || f.Op != filter.Equal || !isText || len(value) > schema.MostShort { // bytes, so never too many characters
		return ""
	}
	return " AND " + schema.ShortValue(p.val().expr)
}

// look writes an expression of the row's columns; NULL for an item without it.
func (p *pair) look(expr string) string {
	if p.joined {
		return expr
	}
	return "(SELECT " + expr + " FROM " + p.table.name + " " + p.alias + " WHERE " + p.on() + ")"
}

// val is the column of the value.
func (p *pair) val() text { return text{p.alias + "." + p.value, p.nullable} }

// isNaN is the column that says so.
func (p *pair) isNaN() string { return p.alias + "." + p.nan }
