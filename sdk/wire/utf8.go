package wire

import (
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// firstNotUTF8 walks through a message to the first text that is not valid UTF-8, which protobuf does not carry, and
// returns the path of its field; empty is none.
func firstNotUTF8(m protoreflect.Message) (path string) {
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		name := string(field.Name())
		switch {
		case field.IsList():
			for i := range v.List().Len() {
				if below := textNotUTF8(field, v.List().Get(i)); below != noFault {
					path = fmt.Sprintf("%s[%d]%s", name, i, below)
					return false
				}
			}
		case field.IsMap():
			v.Map().Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
				if !utf8.ValidString(key.String()) || textNotUTF8(field.MapValue(), v) != noFault {
					path = name
				}
				return path == ""
			})
		default:
			if below := textNotUTF8(field, v); below != noFault {
				path = name + below
			}
		}
		return path == ""
	})
	return path
}

// noFault is what no path is.
const noFault = "-"

// textNotUTF8 looks at one value: it returns noFault, or what to append to the name of the field.
func textNotUTF8(field protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch field.Kind() {
	case protoreflect.StringKind:
		if !utf8.ValidString(v.String()) {
			return ""
		}
	case protoreflect.MessageKind, protoreflect.GroupKind:
		if below := firstNotUTF8(v.Message()); below != "" {
			return "." + below
		}
	default:
	}
	return noFault
}
