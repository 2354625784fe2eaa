package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/mlstore/mlstore/core"
)

const seeDocs = " See the API docs for more information about request parameters."

// Decode reads the JSON body of a request into the struct at which into points, as MLflow's server does
// (mlflow/server/handlers.py, _get_request_message; protobuf's JSON):
//   - an empty body, null, and text that is no JSON object count as {}, a string is decoded once more;
//   - a byte order mark in front is passed over; NaN, Infinity and -Infinity without quotes, as Python's json writes them, are
//     ErrInvalid;
//   - unknown fields are ignored, null is absent, names may be written in camel case, but not in both ways at once;
//   - a field tagged `rest:"required"` that is absent or empty text, or has the wrong type, is ErrInvalid with MLflow's
//     message; `rest:"required,or=run_uuid"` names a field that may come in its place.
//
// Depth is limited to 64 (R13).
func Decode(body []byte, into any) error {
	if f, ok := into.(selfReader); ok {
		if f.readFast(body) {
			return nil
		}
		reflect.ValueOf(into).Elem().SetZero()
	}
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if err := checkDepth(body); err != nil {
		return err
	}
	fields := objectOf(body)
	if fields == nil && bareSpecial(body) {
		return core.Invalid("", `NaN, Infinity and -Infinity are no JSON: write them in quotes, as "NaN"`)
	}
	return decodeObject(fields, reflect.ValueOf(into).Elem(), "")
}

// objectOf returns the fields of the JSON object in body; none when it is something else.
func objectOf(body []byte) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) == nil {
		return fields
	}
	var inner string
	if json.Unmarshal(body, &inner) == nil {
		if json.Unmarshal([]byte(inner), &fields) != nil {
			return nil
		}
	}
	return fields
}

func decodeObject(fields map[string]json.RawMessage, v reflect.Value, at string) error {
	for f, value := range v.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			if err := decodeObject(fields, value, at); err != nil {
				return err
			}
			continue
		}
		if name == "-" || name == "" {
			continue
		}
		raw, err := fieldOf(fields, f, name)
		if err != nil {
			return err
		}
		if required, _ := rules(f); required && blank(raw) {
			return missing(at + name)
		}
		if absent(raw) {
			continue
		}
		if err := decodeValue(raw, value, at+name); err != nil {
			return err
		}
	}
	return nil
}

// fieldOf finds the value of a field, under its own or its other name.
func fieldOf(fields map[string]json.RawMessage, f reflect.StructField, name string) (json.RawMessage, error) {
	raw, err := lookup(fields, name)
	if _, other := rules(f); err == nil && other != "" && blank(raw) {
		return lookup(fields, other)
	}
	return raw, err
}

// rules are what the tag rest says of a field: whether it is required, and under which other name it may come.
func rules(f reflect.StructField) (required bool, other string) {
	rule, or, _ := strings.Cut(f.Tag.Get("rest"), ",")
	return rule == "required", strings.TrimPrefix(or, "or=")
}

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// blank is what counts as absent where a field is required.
func blank(raw json.RawMessage) bool { return absent(raw) || string(raw) == `""` }

func missing(field string) error {
	return core.Invalid(field, "Missing value for required parameter '%s'."+seeDocs, field)
}

func lookup(fields map[string]json.RawMessage, name string) (json.RawMessage, error) {
	raw, ok := fields[name]
	if !strings.Contains(name, "_") {
		return raw, nil
	}
	camel := camelCase(name)
	other, both := fields[camel]
	switch {
	case ok && both:
		return nil, core.Invalid(name, "the body names a field twice, as '%s' and as '%s'", name, camel)
	case both:
		return other, nil
	}
	return raw, nil
}

func camelCase(snake string) string {
	var b strings.Builder
	upper := false
	for _, r := range snake {
		switch {
		case r == '_':
			upper = true
		case upper:
			b.WriteRune(unicode.ToUpper(r))
			upper = false
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func decodeValue(raw json.RawMessage, v reflect.Value, at string) error {
	if _, own := v.Addr().Interface().(json.Unmarshaler); !own {
		switch v.Kind() { //nolint:exhaustive // the others are what encoding/json reads
		case reflect.Struct:
			var fields map[string]json.RawMessage
			if json.Unmarshal(raw, &fields) != nil {
				return wrongType(raw, at)
			}
			return decodeObject(fields, v, at+".")
		case reflect.Slice:
			var items []json.RawMessage
			if json.Unmarshal(raw, &items) != nil {
				return wrongType(raw, at)
			}
			list := reflect.MakeSlice(v.Type(), len(items), len(items))
			for i, item := range items {
				if err := decodeValue(item, list.Index(i), fmt.Sprintf("%s[%d]", at, i)); err != nil {
					return err
				}
			}
			v.Set(list)
			return nil
		case reflect.Pointer:
			v.Set(reflect.New(v.Type().Elem()))
			return decodeValue(raw, v.Elem(), at)
		}
	}
	if json.Unmarshal(raw, v.Addr().Interface()) != nil {
		return wrongType(raw, at)
	}
	return nil
}

// wrongType words what MLflow says of a value of the wrong type. What it shows of the value is cut to 200 bytes (R12).
func wrongType(raw json.RawMessage, at string) error {
	name, _, _ := strings.Cut(at, "[")
	return core.Invalid(at, "Invalid value %s for parameter '%s' supplied:  Hint: Value was of type '%s'."+seeDocs,
		shown(raw), name, pythonType(raw))
}

func shown(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		b.Write(raw)
	}
	if b.Len() > 200 {
		return strings.ToValidUTF8(b.String()[:200], "") + "…"
	}
	return b.String()
}

func pythonType(raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		return "str"
	case '{':
		return "dict"
	case '[':
		return "list"
	case 't', 'f':
		return "bool"
	case 'n':
		return "NoneType"
	}
	if bytes.ContainsAny(raw, ".eE") {
		return "float"
	}
	return "int"
}

// checkDepth refuses what nests deeper than 64 levels (R13).
func checkDepth(body []byte) error {
	const most = 64
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > most {
				return core.Invalid("", "the body nests deeper than %d levels", most)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}
