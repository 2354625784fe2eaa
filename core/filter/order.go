package filter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// mostKeys is how many keys an order may have, and mostKeyBytes how long the text of one may be.
const (
	mostKeys     = 100
	mostKeyBytes = 4 << 10
)

// OrderKey is one key of an order. Within a key what has a value comes first, then NaN, then what has none, in both
// directions (D-14).
type OrderKey struct {
	Entity     Entity
	Key        string
	Type       Type // of its values
	Descending bool
	Dataset    core.DatasetRef // of metrics of logged models: which measurements count; empty is all
}

// Type is the type of the values of a key.
type Type int

// The types.
const (
	TextType    Type = iota // ordered by its bytes
	IntegerType             // a time or a number of a version
	FloatType               // a metric; the two zeros are equal
	IDType                  // text: decimal numbers by their value, before everything else by its bytes
)

// key makes the key of an attribute.
func key(name string, t Type, descending bool) OrderKey {
	return OrderKey{Key: name, Type: t, Descending: descending}
}

// String returns the key in MLflow's language.
func (k OrderKey) String() string {
	direction := " ASC"
	if k.Descending {
		direction = " DESC"
	}
	var b strings.Builder
	c := Clause{Entity: k.Entity, Key: k.Key}
	c.renderKey(&b)
	return b.String() + direction
}

// parseOrder reads the items of an order.
func parseOrder(items []string, g grammar) ([]OrderKey, error) {
	if len(items) > mostKeys {
		return nil, core.Invalid("order_by", "Invalid order_by: it has %d keys, more than %d", len(items), mostKeys)
	}
	var order []OrderKey
	for i, item := range items {
		s := source{field: fmt.Sprintf("order_by[%d]", i), text: item}
		if err := s.check(mostKeyBytes); err != nil {
			return nil, err
		}
		k, at, err := parseKey(s, g)
		if err != nil {
			return nil, err
		}
		if named(order, k) {
			return nil, s.fault(at, "`order_by` contains duplicate fields: '%s'", show(k.Key))
		}
		order = append(order, k)
	}
	return order, nil
}

// named reports whether an order has the key already, in whatever direction.
func named(order []OrderKey, k OrderKey) bool {
	return slices.ContainsFunc(order, func(other OrderKey) bool {
		return other.Entity == k.Entity && other.Key == k.Key && other.Dataset == k.Dataset
	})
}

// complete adds those of ties that the order does not name.
func complete(order []OrderKey, ties ...OrderKey) []OrderKey {
	order = slices.Clip(order)
	for _, k := range ties {
		if !named(order, k) {
			order = append(order, k)
		}
	}
	return order
}

// parseKey reads one item: identifier [ASC|DESC].
func parseKey(s source, g grammar) (OrderKey, token, error) {
	l := lexer{text: s.text}
	unread := func(t token) (OrderKey, token, error) {
		return OrderKey{}, t, s.fault(t, "Invalid order_by clause '%s'. Could not be parsed.", show(s.text))
	}
	id, ok := l.identifier()
	if !ok {
		return unread(id.token)
	}
	t, end := l.next(), token{}
	if t.kind == wordToken {
		end = l.next()
	}
	switch {
	case t.kind != endToken && t.kind != wordToken:
		return unread(t)
	case end.kind != endToken:
		return unread(end)
	case t.kind == wordToken && !t.is("ASC") && !t.is("DESC"):
		return OrderKey{}, t, s.fault(t, "Invalid ordering key in order_by clause '%s'.", show(s.text))
	}
	k, err := s.orderKey(id, g)
	k.Descending = t.is("DESC")
	return k, id.token, err
}

// orderKey finds what an identifier stands for in an order.
func (s source) orderKey(id identifier, g grammar) (OrderKey, error) {
	k := OrderKey{Key: id.key}
	if id.entity.kind != endToken {
		entity, known := g.entity(id.entity)
		if !known {
			return k, s.fault(id.token, "Invalid entity type '%s'. Valid values are %s", show(id.entity.text), g.entityNames())
		}
		k.Entity = entity
	}
	switch {
	case k.Entity == DatasetEntity || k.Entity != Attribute && g.onlyAttributes:
		return k, s.fault(id.token, "Invalid order_by entity: %s", k.Entity)
	case k.Entity == Metric:
		k.Type = FloatType
	case k.Entity == Attribute:
		col, known := lookup(g.orders, id.key)
		if !known {
			return k, s.fault(id.token, "Invalid attribute key '%s' specified: invalid order by key. Valid keys are '%s'",
				show(id.key), columnNames(g.orders))
		}
		k.Key, k.Type = col.names[0], col.class.ordered()
	}
	return k, nil
}

// ordered returns the type of an attribute's values in an order.
func (c class) ordered() Type {
	switch c {
	case whole, wholeOrText, numeric:
		return IntegerType
	case decimal:
		return IDType
	case textual:
	}
	return TextType
}
