package rest

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/mlstore/mlstore/core"
)

// DecodeQuery reads the arguments of a GET into the struct at which into points, as MLflow's server does: a repeated field
// repeats its name, or its name with [] (1.x), booleans are true or false in any case, unknown arguments are ignored.
func DecodeQuery(query url.Values, into any) error {
	fields := map[string]json.RawMessage{}
	if err := queryFields(query, reflect.TypeOf(into).Elem(), fields); err != nil {
		return err
	}
	return decodeObject(fields, reflect.ValueOf(into).Elem(), "")
}

func queryFields(query url.Values, t reflect.Type, into map[string]json.RawMessage) error {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			if err := queryFields(query, f.Type, into); err != nil {
				return err
			}
			continue
		}
		if _, other := rules(f); other != "" && len(query[other]) > 0 {
			raw, err := queryValue(other, query[other], f.Type)
			if err != nil {
				return err
			}
			into[other] = raw
		}
		values := query[name]
		if f.Type.Kind() == reflect.Slice {
			values = append(values, query[name+"[]"]...)
		}
		if len(values) == 0 {
			continue
		}
		if !utf8.ValidString(strings.Join(values, "")) { // JSON has another text for it
			return core.Invalid(name, "the value of parameter '%s' is not valid UTF-8", name)
		}
		raw, err := queryValue(name, values, f.Type)
		if err != nil {
			return err
		}
		into[name] = raw
	}
	return nil
}

func queryValue(name string, values []string, t reflect.Type) (json.RawMessage, error) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() { //nolint:exhaustive // the others are read from text
	case reflect.Slice:
		return json.Marshal(values)
	case reflect.Bool:
		switch text := strings.ToLower(values[0]); text {
		case "true", "false":
			return json.RawMessage(text), nil
		}
		return nil, core.Invalid(name, "Invalid value %q for parameter '%s' supplied: it must be true or false",
			shown([]byte(values[0])), name)
	}
	return json.Marshal(values[0])
}
