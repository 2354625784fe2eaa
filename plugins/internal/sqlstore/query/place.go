package query

import (
	"strconv"

	"github.com/mlstore/mlstore/core/filter"
)

// Place receives the place of a row in the order of a search.
type Place struct {
	order  []filter.OrderKey
	values []cell
}

// cell receives the value of one key.
type cell struct {
	presence int64
	text     *string
	integer  *int64
	float    *float64
}

// Place returns what receives the places of the rows.
func (s Search) Place() *Place {
	return &Place{order: s.order, values: make([]cell, len(s.order))}
}

// Dest returns pointers for Rows.Scan, for the columns behind those that the caller asked for.
func (p *Place) Dest() []any {
	dest := make([]any, 0, 2*len(p.values))
	for i := range p.values {
		v := &p.values[i]
		dest = append(dest, &v.presence)
		switch p.order[i].Type {
		case filter.IntegerType, filter.IDType:
			dest = append(dest, &v.integer)
		case filter.FloatType:
			dest = append(dest, &v.float)
		case filter.TextType:
			dest = append(dest, &v.text)
		}
	}
	return dest
}

// Cursor is the place that was received last, for filter.Query.TokenAt.
func (p *Place) Cursor() filter.Cursor {
	c := filter.Cursor{Values: make([]filter.KeyValue, len(p.values))}
	for i, v := range p.values {
		c.Values[i] = v.key(p.order[i].Type)
	}
	return c
}

func (v cell) key(t filter.Type) filter.KeyValue {
	k := filter.KeyValue{Presence: filter.Presence(v.presence)}
	switch {
	case t == filter.IntegerType && v.integer != nil:
		k.Integer = *v.integer
	case t == filter.IDType && v.integer != nil:
		k.Text = strconv.FormatInt(*v.integer, 10)
	case t == filter.FloatType && v.float != nil:
		k.Float = *v.float
	case t == filter.TextType && v.text != nil:
		k.Text = *v.text
	case k.Presence == filter.Present:
		k.Presence = filter.Missing
	}
	return k
}
