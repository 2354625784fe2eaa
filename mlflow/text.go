package mlflow

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Text is v as the value of a param or tag: what Python's str() gives, so that values compare equal whichever language
// logged them.
//
//	true, false            True, False
//	nil, a nil pointer     None
//	1.0, 1e-5, +Inf, NaN   1.0, 1e-05, inf, nan
//	[]int{64, 32}          [64, 32]
//	map[string]any         {'a': 1, 'b': 'x'}, by key
//
// Strings, and bytes, are taken as they are. Types that say how they look (fmt.Stringer, error) are asked, a pointer stands
// for what it points to, and everything else looks as in fmt.Sprint.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case string:
		return v
	case []byte:
		return string(v)
	}
	return pythonText(v, 0)
}

// mostDepth is where a value that may contain itself is cut off.
const mostDepth = 32

func pythonText(v any, depth int) string {
	value := reflect.ValueOf(v)
	if !value.IsValid() || value.Kind() == reflect.Pointer && value.IsNil() {
		return "None"
	}
	switch v := v.(type) {
	case json.Number: // of MLFLOW_RUN_CONTEXT and the like
		if f, err := v.Float64(); err == nil && strings.ContainsAny(string(v), ".eE") {
			return pythonFloat(f, 64)
		}
		return string(v)
	case fmt.Stringer, error, fmt.Formatter:
		return fmt.Sprint(v)
	}
	if depth > mostDepth {
		return "..."
	}
	switch value.Kind() { //nolint:exhaustive // the others look as fmt.Sprint has them
	case reflect.Bool:
		if value.Bool() {
			return "True"
		}
		return "False"
	case reflect.String:
		return value.String()
	case reflect.Float64:
		return pythonFloat(value.Float(), 64)
	case reflect.Float32:
		return pythonFloat(value.Float(), 32)
	case reflect.Pointer:
		return pythonText(value.Elem().Interface(), depth+1)
	case reflect.Slice, reflect.Array:
		items := make([]string, value.Len())
		for i := range items {
			items[i] = pythonItem(value.Index(i), depth)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case reflect.Map:
		items := make([]string, 0, value.Len())
		for entry := value.MapRange(); entry.Next(); {
			items = append(items, pythonItem(entry.Key(), depth)+": "+pythonItem(entry.Value(), depth))
		}
		slices.Sort(items)
		return "{" + strings.Join(items, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// pythonItem is an element of a list or map: text stands in quotes there.
func pythonItem(value reflect.Value, depth int) string {
	for value.Kind() == reflect.Interface && !value.IsNil() {
		value = value.Elem()
	}
	text := pythonText(value.Interface(), depth+1)
	if _, says := value.Interface().(fmt.Stringer); value.Kind() == reflect.String && !says {
		return pythonQuote(text)
	}
	return text
}

// pythonFloat is Python's repr(float): the shortest digits that give the number back, always with a point or an exponent;
// exponents below -4 and from 16 on. Source: Python, Objects/floatobject.c, float_repr_style.
func pythonFloat(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	short := strconv.FormatFloat(f, 'e', -1, bits)
	digits, power, _ := strings.Cut(short, "e")
	exponent, err := strconv.Atoi(power)
	if err != nil {
		return short
	}
	if exponent < -4 || exponent >= 16 {
		return digits + "e" + power
	}
	plain := strconv.FormatFloat(f, 'f', -1, bits)
	if !strings.Contains(plain, ".") {
		plain += ".0"
	}
	return plain
}

// pythonQuote is Python's repr(str).
func pythonQuote(text string) string {
	quote := '\''
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteRune(quote)
	for _, r := range text {
		switch {
		case r == quote || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
	return b.String()
}
