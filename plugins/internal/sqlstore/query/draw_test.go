package query_test

import (
	"math"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"github.com/mlstore/mlstore/core"
)

// What searches are made of: few values, so that clauses are met, and those that databases and Go like to see differently.
var (
	texts = []string{
		"", "a", "A", "ab", "aB", "b", "ä", "Ä", "s", "S", "ſ", "k", "K", "\u212a", "ı", "İ", "i", "%", "_", "a%", "x*?[", "[a]", `\%`,
		"a\nb", "日本", "^$", "a.b", "true", "false", "'", "{1}", "(a|b)+", "ß", "ẞ", "σ", "ς", "-", "]",
	}
	pieces = []string{
		"a", "A", "b", "%", "%", "_", "ſ", "s", "\u212a", "k", "ä", "*", "?", "[", "]", `\x`, "\n", ".", "(", "{", "^", "i", "σ", "-",
	}
	floats = []float64{
		0, 1, 1.5, -1, 0.1, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 1 << 53,
	}
	moments = []int64{0, 1, 2, 3, 1 << 53, 1<<53 + 1, -1, math.MaxInt64}
	keys    = []string{"a", "b", "A", "c d", "ä"}
)

func text(t *rapid.T, name string) string { return rapid.SampledFrom(texts).Draw(t, name) }

func number(t *rapid.T, name string) float64 { return rapid.SampledFrom(floats).Draw(t, name) }

func moment(t *rapid.T, name string) int64 { return rapid.SampledFrom(moments).Draw(t, name) }

// some draws a map over keys.
func some[V any](t *rapid.T, name string, value func(*rapid.T, string) V) map[string]V {
	all := map[string]V{}
	for _, key := range keys[:3] {
		if rapid.Bool().Draw(t, name+" has "+key) {
			all[key] = value(t, name)
		}
	}
	return all
}

// field is something that a filter can ask for, and the operators it knows.
type field struct {
	name string
	kind byte // t text, p text without lists, T text also with NULL, n number, i integer, d id of digits, s status
}

// clause draws one clause on a field.
func clause(t *rapid.T, fields []field) string {
	f := rapid.SampledFrom(fields).Draw(t, "field")
	compare := func(literal string) string {
		return f.name + rapid.SampledFrom([]string{" = ", " != ", " > ", " >= ", " < ", " <= "}).Draw(t, "op") + literal
	}
	switch f.kind {
	case 'n':
		value := number(t, "number")
		return compare(strings.Replace(strconv.FormatFloat(value, 'g', -1, 64), "e+", "e", 1))
	case 'i':
		literal := strconv.FormatInt(moment(t, "moment"), 10)
		return compare(literal)
	case 'f':
		literal := strconv.FormatInt(rapid.SampledFrom(moments[:4]).Draw(t, "moment"), 10)
		return compare(literal + rapid.SampledFrom([]string{"", ".5"}).Draw(t, "fraction"))
	}
	ops := map[byte][]string{
		't': {"=", "!=", "LIKE", "ILIKE", "IN", "NOT IN"}, 'p': {"=", "!=", "LIKE", "ILIKE"},
		'T': {"=", "!=", "LIKE", "ILIKE", "IS NULL", "IS NOT NULL"}, 'd': {"=", "!=", "IN", "NOT IN"}, 's': {"=", "!=", "IN"},
	}
	value := func() string {
		switch f.kind {
		case 'd':
			return quoted(rapid.SampledFrom([]string{"0", "1", "2", "3", "99999999999", "99999999999999999999"}).Draw(t, "id"))
		case 's':
			return quoted(rapid.SampledFrom([]string{"PENDING", "READY", "FAILED"}).Draw(t, "status"))
		}
		return quoted(text(t, "literal"))
	}
	switch op := rapid.SampledFrom(ops[f.kind]).Draw(t, "op"); op {
	case "LIKE", "ILIKE":
		return f.name + " " + op + " " + quoted(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 5).Draw(t, "pattern"), ""))
	case "IN", "NOT IN":
		return f.name + " " + op + " (" + value() + ", " + value() + ", " + value() + ")"
	case "IS NULL", "IS NOT NULL":
		return f.name + " " + op
	default:
		return f.name + " " + op + " " + value()
	}
}

func quoted(text string) string {
	if strings.Contains(text, "'") {
		return `"` + text + `"`
	}
	return "'" + text + "'"
}

// filterOf draws a filter of a few clauses, rarely of more than are joined.
func filterOf(t *rapid.T, fields []field) string {
	most := rapid.SampledFrom([]int{0, 1, 1, 2, 3, 12}).Draw(t, "clauses")
	clauses := make([]string, most)
	for i := range clauses {
		clauses[i] = clause(t, fields)
	}
	return strings.Join(clauses, " AND ")
}

// orderOf draws an order of a few keys, rarely of more than are joined.
func orderOf(t *rapid.T, names []string) []string {
	n := min(rapid.SampledFrom([]int{0, 1, 1, 2, 3, 9}).Draw(t, "keys"), len(names))
	order := rapid.Permutation(names).Draw(t, "order")[:n:n]
	for i := range order {
		order[i] += rapid.SampledFrom([]string{"", " ASC", " DESC"}).Draw(t, "direction")
	}
	return order
}

// orNull stands for text that may be kept as NULL when it is empty.
func orNull(t *rapid.T, text string) any {
	if text == "" && rapid.Bool().Draw(t, "NULL") {
		return nil
	}
	return text
}

// timeOrNull stands for a time that may be kept as NULL when it is none.
func timeOrNull(t *rapid.T, m core.Millis) any {
	if m == 0 && rapid.Bool().Draw(t, "NULL") {
		return nil
	}
	return int64(m)
}
