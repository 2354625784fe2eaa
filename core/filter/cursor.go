package filter

import (
	"cmp"
	"strings"
)

// Cursor is the place of an item in an order: its values for the keys of [Query.Order], one a key.
type Cursor struct {
	Values []KeyValue
}

// KeyValue is an item's value for one key of an order. Which field holds it, the key's Type says.
type KeyValue struct {
	Presence Presence
	Text     string  // TextType, IDType
	Integer  int64   // IntegerType
	Float    float64 // FloatType, never NaN
}

// Presence says whether there is a value. Items are ordered by it first.
type Presence int

// The presences.
const (
	Present Presence = iota
	NaN
	Missing
)

// compareValues orders two items by their values for one key.
func compareValues(k *OrderKey, a, b *KeyValue) int {
	if a.Presence != b.Presence || a.Presence != Present {
		return cmp.Compare(a.Presence, b.Presence)
	}
	var c int
	switch k.Type {
	case IntegerType:
		c = cmp.Compare(a.Integer, b.Integer)
	case FloatType:
		c = cmp.Compare(a.Float, b.Float)
	case IDType:
		c = compareIDs(a.Text, b.Text)
	case TextType:
		c = strings.Compare(a.Text, b.Text)
	}
	if k.Descending {
		return -c
	}
	return c
}

// compareIDs orders decimal numbers by their value and before all other text.
func compareIDs(a, b string) int {
	number := func(id string) bool { return id != "" && digits(id) == len(id) }
	switch aNumber, bNumber := number(a), number(b); {
	case aNumber && bNumber:
		short, other := strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(short), len(other)), strings.Compare(short, other), strings.Compare(a, b))
	case aNumber:
		return -1
	case bNumber:
		return 1
	}
	return strings.Compare(a, b)
}

// compareKeys orders two items by all keys of an order.
func compareKeys(order []OrderKey, a, b []KeyValue) int {
	for i := range order {
		if c := compareValues(&order[i], &a[i], &b[i]); c != 0 {
			return c
		}
	}
	return 0
}
