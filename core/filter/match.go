package filter

import (
	"slices"

	"github.com/mlstore/mlstore/core"
)

// test returns what tests items against a clause. All work that does not depend on the item is done once.
func (r reader[T]) test(c Clause) func(*T) bool {
	switch c.Entity {
	case Metric:
		get, holds := r.metric(c.Key, core.DatasetRef{}), floatTest(c)
		return func(t *T) bool { value, there := get(t); return there && holds(value) }
	case Param:
		return entryTest(r.params, c, false)
	case TagEntity:
		return entryTest(r.tags, c, r.prompts && (c.hidesPrompts() || c.onPrompts(Equal, "false")))
	case DatasetEntity:
		return datasetTest(r.datasets, c)
	case Attribute:
	}
	if integerHolds := integerTest(c); integerHolds != nil {
		get := r.integer(c.Key)
		return func(t *T) bool { value, there := get(t); return there && integerHolds(value) }
	}
	get, holds := r.text(c.Key), textTest(c)
	return func(t *T) bool { return holds(get(t)) }
}

// entryTest tests a param or tag. An item without it is as absent says.
func entryTest[T any](of func(*T) map[string]string, c Clause, absent bool) func(*T) bool {
	key := c.Key
	if c.Op == IsNull || c.Op == IsNotNull {
		want := c.Op == IsNotNull
		return func(t *T) bool { _, there := of(t)[key]; return there == want }
	}
	holds := textTest(c)
	return func(t *T) bool {
		value, there := of(t)[key]
		if !there {
			return absent
		}
		return holds(value)
	}
}

func datasetTest[T any](of func(*T) []core.DatasetInput, c Clause) func(*T) bool {
	holds := textTest(c)
	field := func(d *core.DatasetInput) (string, bool) { return d.Dataset.Name, true }
	switch c.Key {
	case "digest":
		field = func(d *core.DatasetInput) (string, bool) { return d.Dataset.Digest, true }
	case "context":
		field = func(d *core.DatasetInput) (string, bool) {
			tag, there := d.Tags[core.DataContextTag]
			return tag, there
		}
	}
	return func(t *T) bool {
		all := of(t)
		for i := range all {
			if value, there := field(&all[i]); there && holds(value) {
				return true
			}
		}
		return false
	}
}

// textTest returns what tests a text against the clause's operator and value.
func textTest(c Clause) func(string) bool {
	if items, ok := c.Value.(List); ok {
		return listTest(items, c.Op == In)
	}
	text, _ := c.Value.(Text)
	want := string(text)
	switch c.Op {
	case Equal:
		return func(s string) bool { return s == want }
	case NotEqual:
		return func(s string) bool { return s != want }
	case Like, ILike:
		if p, ok := newPattern(want, c.Op == ILike); ok {
			return p.matches
		}
	default:
	}
	return func(string) bool { return false } // there is no such clause: the parser sees to it
}

func listTest(items List, in bool) func(string) bool {
	const few = 8
	if len(items) <= few {
		return func(s string) bool { return slices.Contains(items, s) == in }
	}
	set := make(map[string]struct{}, len(items))
	for _, item := range items {
		set[item] = struct{}{}
	}
	return func(s string) bool { _, there := set[s]; return there == in }
}

// integerTest returns nil for a clause that does not compare with a number.
func integerTest(c Clause) func(int64) bool {
	switch want := c.Value.(type) {
	case Integer:
		return comparison(c.Op, int64(want))
	case Number: // has a fraction and is below 2^53 therefore, where float64(n) decides as n would
		holds := comparison(c.Op, float64(want))
		return func(n int64) bool { return holds(float64(n)) }
	}
	return nil
}

// floatTest tests by the rules of IEEE 754: a NaN matches != alone.
func floatTest(c Clause) func(float64) bool {
	want, _ := c.Value.(Number)
	return comparison(c.Op, float64(want))
}

func comparison[N int64 | float64](op Op, want N) func(N) bool {
	switch op {
	case Equal:
		return func(n N) bool { return n == want }
	case NotEqual:
		return func(n N) bool { return n != want }
	case Greater:
		return func(n N) bool { return n > want }
	case GreaterOrEqual:
		return func(n N) bool { return n >= want }
	case Less:
		return func(n N) bool { return n < want }
	case LessOrEqual:
		return func(n N) bool { return n <= want }
	default:
		return func(N) bool { return false } // there is no such clause: the parser sees to it
	}
}
