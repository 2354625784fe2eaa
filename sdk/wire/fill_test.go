package wire_test

import (
	"fmt"
	"reflect"

	"github.com/mlstore/mlstore/core"
)

// filled returns a T of which every field, at every depth, has a value of its own that is not the zero one: a field that
// the wire forgets cannot come back right.
func filled[T any](n *int) T {
	var out T
	fillValue(reflect.ValueOf(&out).Elem(), n)
	return out
}

func fillValue(v reflect.Value, n *int) {
	*n++
	switch value := v.Addr().Interface().(type) {
	case *core.URI:
		parsed, err := core.ParseURI(fmt.Sprintf("xx://user:pass@host-%d/path", *n))
		if err != nil {
			panic(err)
		}
		*value = parsed
		return
	case *core.Secret:
		*value = core.NewSecret(fmt.Sprintf("secret-%d", *n))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text-%d-é", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		if v.Type() != reflect.TypeFor[int]() && v.Kind() == reflect.Int {
			v.SetInt(int64(*n)) // an enumeration
			return
		}
		v.SetInt(int64(*n) + 1<<40)
	case reflect.Uint8:
		v.SetUint(uint64('0' + *n%10))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.25)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillValue(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fillValue(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fillValue(key, n)
			fillValue(value, n)
			if m, ok := value.Addr().Interface().(*core.Metric); ok {
				m.Key = key.String() // the key of a latest point is that of the map
			}
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fillValue(v.Field(i), n)
		}
		if o, ok := v.Addr().Interface().(*core.UploadOptions); ok {
			o.Parts = 2 // as many as slices have
		}
	default:
		panic("no way to fill a " + v.Type().String())
	}
}
