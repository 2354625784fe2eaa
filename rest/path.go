package rest

import (
	"net/url"
	"reflect"
	"strings"
)

// A field tagged `rest:"path=model_id"` is the parameter of that name in the path of a call, and in its body nowhere.
const pathRule = "path="

// SetPath fills the fields of the struct at which into points that stand in the path of a call; value finds a parameter by
// its name.
func SetPath(into any, value func(name string) string) {
	setPath(reflect.ValueOf(into).Elem(), value)
}

func setPath(v reflect.Value, value func(name string) string) {
	if v.Kind() != reflect.Struct {
		return
	}
	for f, field := range v.Fields() {
		if name, found := strings.CutPrefix(f.Tag.Get("rest"), pathRule); found {
			field.SetString(value(name))
		} else if f.Anonymous {
			setPath(field, value)
		}
	}
}

// PathOf is the path of a call with the parameters that the request has for it, escaped.
func PathOf(e Endpoint, request any) string {
	path := e.Path()
	fillPath(&path, reflect.ValueOf(request))
	return path
}

func fillPath(path *string, v reflect.Value) {
	if v.Kind() != reflect.Struct {
		return
	}
	for f, field := range v.Fields() {
		if name, found := strings.CutPrefix(f.Tag.Get("rest"), pathRule); found {
			escaped := url.PathEscape(field.String())
			*path = strings.ReplaceAll(strings.ReplaceAll(*path, "{"+name+"}", escaped), "{"+name+"...}", escaped)
		} else if f.Anonymous {
			fillPath(path, field)
		}
	}
}
