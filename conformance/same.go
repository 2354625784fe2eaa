package conformance

import (
	"fmt"
	"math"
	"reflect"
)

// Same compares two values as the contract does: floats bit by bit, but for NaN, of which there is one (D-2); nil and
// empty lists and maps are equal (D-20); pointers by what they point to.
func Same[V any](a, b V) bool { return Difference(a, b) == "" }

// Difference says where two values that are not the Same first differ, such as `.Tags["a"]: got "x", want "y"`. It is
// empty for values that are.
func Difference[V any](got, want V) string {
	return difference("", reflect.ValueOf(&got).Elem(), reflect.ValueOf(&want).Elem())
}

func difference(path string, got, want reflect.Value) string {
	if got.IsValid() != want.IsValid() || got.IsValid() && got.Type() != want.Type() {
		return mismatch(path, got, want)
	}
	switch got.Kind() {
	case reflect.Invalid:
		return ""
	case reflect.Float32, reflect.Float64:
		x, y := got.Float(), want.Float()
		if math.Float64bits(x) == math.Float64bits(y) || math.IsNaN(x) && math.IsNaN(y) {
			return ""
		}
	case reflect.Slice, reflect.Array:
		return differentItems(path, got, want)
	case reflect.Map:
		return differentEntries(path, got, want)
	case reflect.Pointer:
		if got.Pointer() == want.Pointer() {
			return ""
		}
		return difference(path, got.Elem(), want.Elem())
	case reflect.Interface:
		return difference(path, got.Elem(), want.Elem())
	case reflect.Struct:
		for i := range got.NumField() {
			if d := difference(path+"."+got.Type().Field(i).Name, got.Field(i), want.Field(i)); d != "" {
				return d
			}
		}
		return ""
	default:
		if got.Comparable() && got.Equal(want) {
			return ""
		}
	}
	return mismatch(path, got, want)
}

func differentItems(path string, got, want reflect.Value) string {
	for i := range min(got.Len(), want.Len()) {
		if d := difference(fmt.Sprintf("%s[%d]", path, i), got.Index(i), want.Index(i)); d != "" {
			if got.Len() != want.Len() {
				d = fmt.Sprintf("%s (%d items instead of %d)", d, got.Len(), want.Len())
			}
			return d
		}
	}
	if got.Len() == want.Len() {
		return ""
	}
	return fmt.Sprintf("%s: got %d items, want %d: got %s, want %s", path, got.Len(), want.Len(), display(got), display(want))
}

func differentEntries(path string, got, want reflect.Value) string {
	for _, key := range want.MapKeys() {
		at := fmt.Sprintf("%s[%s]", path, display(key))
		value := got.MapIndex(key)
		if !value.IsValid() {
			return fmt.Sprintf("%s: got nothing, want %s", at, display(want.MapIndex(key)))
		}
		if d := difference(at, value, want.MapIndex(key)); d != "" {
			return d
		}
	}
	for _, key := range got.MapKeys() {
		if !want.MapIndex(key).IsValid() {
			return fmt.Sprintf("%s[%s]: got %s, want nothing", path, display(key), display(got.MapIndex(key)))
		}
	}
	return ""
}

func mismatch(path string, got, want reflect.Value) string {
	return fmt.Sprintf("%s: got %s, want %s", path, display(got), display(want))
}

// display prints a value for a message, cut to a length that can be read.
func display(v reflect.Value) string {
	const most = 600
	text := fmt.Sprintf("%+v", v)
	if v.Kind() == reflect.String {
		text = fmt.Sprintf("%q", v.String())
	}
	if len(text) > most {
		return text[:most] + fmt.Sprintf("… (%d bytes)", len(text))
	}
	return text
}
