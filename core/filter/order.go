package filter

import "github.com/mlstore/mlstore/core"

// OrderKey is one key of an order. Within a key what has a value comes first, then NaN, then what has none, in both
// directions (D-14).
type OrderKey struct {
	Entity     Entity
	Key        string
	Descending bool
	Dataset    core.DatasetRef // of logged models' metrics: which measurements count; empty is all
}
