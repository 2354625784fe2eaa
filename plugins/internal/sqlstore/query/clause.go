package query

import (
	"math"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

const (
	always = "TRUE"
	never  = "FALSE"
)

// clause writes a clause of a filter as a condition.
func (c *compiler) clause(f filter.Clause) string {
	switch f.Entity {
	case filter.Metric:
		return c.metric(f)
	case filter.Param, filter.TagEntity:
		return c.entry(f)
	case filter.DatasetEntity:
		return c.dataset(f)
	case filter.Attribute:
	}
	if column, is := c.shape.ids[f.Key]; is {
		return c.id(column, f)
	}
	if n, is := c.shape.numbers[f.Key]; is {
		return c.number(n, f)
	}
	return c.text(c.shape.texts[f.Key], f)
}

// entry compares a param or tag. On the tag of prompts an item without it is as if it said 'false', where filter.Query
// says so.
func (c *compiler) entry(f filter.Clause) string {
	if f.Entity == filter.TagEntity && f.Key == core.PromptTag && c.shape.prompts {
		for _, hiding := range []filter.Clause{{Op: filter.NotEqual, Value: filter.Text("true")}, {Value: filter.Text("false")}} {
			if f.Op == hiding.Op && f.Value == hiding.Value {
				p := c.lone(f.Entity, f.Key)
				return "NOT " + p.exists("NOT ("+c.text(text{expr: p.val().plain()}, f)+")")
			}
		}
	}
	if f.Op == filter.IsNull {
		return "NOT " + c.lone(f.Entity, f.Key).exists(always)
	}
	p := c.pair(f.Entity, f.Key)
	if f.Op == filter.IsNotNull {
		return p.holds(always)
	}
	p.sharp = p.sharp || p.joined && f.Op == filter.Equal
	return p.holds(c.text(p.val(), f) + p.indexed(f))
}

// metric compares the latest value. NaN differs from every number and is in no order with any.
func (c *compiler) metric(f filter.Clause) string {
	value, _ := f.Value.(filter.Number)
	if c.shape.measured != nil {
		m := c.shape.measured(c, filter.OrderKey{Entity: filter.Metric, Key: f.Key})
		if f.Op == filter.NotEqual {
			return "(" + m.there + " AND " + m.value + " IS DISTINCT FROM " + c.bind(float64(value)) + ")"
		}
		return m.value + comparison(f.Op) + c.bind(float64(value))
	}
	p := c.pair(filter.Metric, f.Key)
	if f.Op == filter.NotEqual {
		return p.holds("(" + p.isNaN() + " OR " + p.val().expr + " <> " + c.bind(float64(value)) + ")")
	}
	p.number = true
	return p.holds("NOT " + p.isNaN() + " AND " + p.val().expr + comparison(f.Op) + c.bind(float64(value)))
}

// dataset asks for any dataset that meets the clause.
func (c *compiler) dataset(f filter.Clause) string {
	switch f.Key {
	case "name":
		return "EXISTS (SELECT 1 " + c.shape.datasets + " AND " + c.text(text{expr: "d.name"}, f) + ")"
	case "digest":
		return "EXISTS (SELECT 1 " + c.shape.datasets + " AND " + c.text(text{expr: "d.digest"}, f) + ")"
	}
	return "EXISTS (SELECT 1 " + c.shape.datasets + " AND EXISTS (SELECT 1 FROM input_tags t WHERE t.input_uuid = i.input_uuid" +
		" AND t.name = '" + core.DataContextTag + "' AND " + c.text(text{expr: "t.value"}, f) + "))"
}

// number compares an integer. What has a fraction is between two integers.
func (c *compiler) number(n number, f filter.Clause) string {
	var condition string
	switch value := f.Value.(type) {
	case filter.Integer:
		condition = n.expr + comparison(f.Op) + c.bind(int64(value))
	case filter.Number:
		below := int64(math.Floor(float64(value)))
		switch f.Op {
		case filter.Greater, filter.GreaterOrEqual:
			condition = n.expr + " > " + c.bind(below)
		case filter.Less, filter.LessOrEqual:
			condition = n.expr + " <= " + c.bind(below)
		case filter.NotEqual:
			condition = n.expr + " IS NOT NULL"
		default:
			condition = never
		}
	default:
		return never
	}
	if n.time {
		condition += " AND " + n.expr + " <> 0"
	}
	return condition
}

// comparison is an operator that compares numbers; it also compares texts where it is = or !=.
func comparison(op filter.Op) string {
	if op == filter.NotEqual {
		return " <> "
	}
	return " " + op.String() + " "
}

// id compares a column of integers with ids as text. An id that is no number of the database's is that of no item.
func (c *compiler) id(column string, f filter.Clause) string {
	var known []int64
	items, isList := f.Value.(filter.List)
	if one, isText := f.Value.(filter.Text); isText {
		items = filter.List{string(one)}
	}
	for _, item := range items {
		if n, ok := c.integer(item); ok {
			known = append(known, n)
		}
	}
	condition := never
	switch {
	case isList && len(known) > 0:
		condition = c.in(column, known)
	case len(known) > 0:
		condition = column + " = " + c.bind(known[0])
	}
	if f.Op == filter.NotEqual || f.Op == filter.NotIn {
		return "NOT (" + condition + ")"
	}
	return condition
}

// integer reads an id that the database could have given.
func (c *compiler) integer(id string) (int64, bool) {
	bits := 64
	if c.dialect == sqldb.Postgres {
		bits = 32
	}
	n, err := strconv.ParseInt(id, 10, bits)
	return n, err == nil && strconv.FormatInt(n, 10) == id
}

// text compares text. It never writes a condition that is NULL for a column that can be.
func (c *compiler) text(t text, f filter.Clause) string {
	if items, is := f.Value.(filter.List); is {
		return c.list(t, f.Op, items)
	}
	value, _ := f.Value.(filter.Text)
	want := string(value)
	if c.storable(want) == nil { // what the database holds can only differ from it
		if f.Op == filter.NotEqual {
			return always
		}
		return never
	}
	switch f.Op {
	case filter.Equal:
		if want != "" {
			return t.expr + " = " + c.bind(want) // an index can serve it
		}
		return t.plain() + " = " + c.bind(want)
	case filter.NotEqual:
		return t.plain() + " <> " + c.bind(want)
	case filter.Like:
		return c.like(t.plain(), want)
	case filter.ILike:
		return c.ilike(t.plain(), want)
	default:
		return never // there is no such clause: the parser sees to it
	}
}

func (c *compiler) list(t text, op filter.Op, items filter.List) string {
	known := make([]string, 0, len(items))
	for _, item := range items {
		if c.storable(item) != nil {
			known = append(known, strings.Clone(item))
		}
	}
	condition := c.in(t.plain(), known)
	if op == filter.NotIn {
		return "NOT (" + condition + ")"
	}
	return condition
}
