package filter

import (
	"math"

	"github.com/mlstore/mlstore/core"
)

// reader reads the values of one kind of item. Fields of entities that the items do not have are nil.
type reader[T any] struct {
	text     func(attribute string) func(*T) string
	integer  func(attribute string) func(*T) (int64, bool)
	metric   func(key string, of core.DatasetRef) func(*T) (float64, bool)
	params   func(*T) map[string]string
	tags     func(*T) map[string]string
	datasets func(*T) []core.DatasetInput
	prompts  bool // an item without the tag of prompts is as if it said false, where it is asked whether it does
}

// value returns what reads the items' value for a key of an order.
func (r reader[T]) value(k OrderKey) func(*T) KeyValue {
	switch {
	case k.Entity == Metric:
		get := r.metric(k.Key, k.Dataset)
		return func(t *T) KeyValue {
			switch value, there := get(t); {
			case !there:
				return KeyValue{Presence: Missing}
			case math.IsNaN(value):
				return KeyValue{Presence: NaN}
			default:
				return KeyValue{Float: value}
			}
		}
	case k.Entity == Param:
		return entry(r.params, k.Key)
	case k.Entity == TagEntity:
		return entry(r.tags, k.Key)
	case k.Type == IntegerType:
		get := r.integer(k.Key)
		return func(t *T) KeyValue {
			value, there := get(t)
			if !there {
				return KeyValue{Presence: Missing}
			}
			return KeyValue{Integer: value}
		}
	}
	get := r.text(k.Key)
	return func(t *T) KeyValue { return KeyValue{Text: get(t)} }
}

func entry[T any](of func(*T) map[string]string, key string) func(*T) KeyValue {
	return func(t *T) KeyValue {
		value, there := of(t)[key]
		if !there {
			return KeyValue{Presence: Missing}
		}
		return KeyValue{Text: value}
	}
}

// moment is how times are read: 0 is none.
func moment(m core.Millis) (int64, bool) { return int64(m), m != 0 }
