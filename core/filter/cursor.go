package filter

// Cursor is the place of an item in an order: its value for each key of [Query.Order].
type Cursor struct {
	Values []KeyValue
}

// KeyValue is the value of one key of an order.
type KeyValue struct {
	Presence Presence
	Text     string
	Integer  int64
	Float    float64
}

// Presence says whether there is a value. Its order is that of the items.
type Presence int

// The presences.
const (
	Present Presence = iota
	NaN
	Missing
)
