package file

import (
	"fmt"
	"strconv"

	"github.com/mlstore/mlstore/core"
)

// fields reads the fields of a document one by one and remembers the first that is not as it must be.
type fields struct {
	doc document
	err error
}

func (f *fields) fail(key, format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf("the field %s %s", key, fmt.Sprintf(format, args...))
	}
}

// text returns a text field; empty when it is absent or null. A number is its digits: ids were numbers once.
func (f *fields) text(key string) string {
	switch value := f.doc[key].(type) {
	case nil:
		return ""
	case string:
		return value
	case int64:
		return strconv.FormatInt(value, 10)
	}
	f.fail(key, "is no text")
	return ""
}

// need is text that must be there.
func (f *fields) need(key string) string {
	if f.doc[key] == nil {
		f.fail(key, "is missing")
	}
	return f.text(key)
}

// number returns a whole number; 0 when it is absent or null.
func (f *fields) number(key string) int64 {
	switch value := f.doc[key].(type) {
	case nil:
		return 0
	case int64:
		return value
	case string:
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return n
		}
	}
	f.fail(key, "is no whole number")
	return 0
}

// millis returns a time; 0 when it is absent or null.
func (f *fields) millis(key string) core.Millis {
	if text, ok := f.doc[key].(string); ok {
		if n, err := parseMillis(text); err == nil {
			return core.Millis(n)
		}
	}
	return core.Millis(f.number(key))
}

func (f *fields) lifecycle(key string) core.Lifecycle {
	switch text := f.text(key); core.Lifecycle(text) {
	case core.Active, "":
		return core.Active
	case core.Deleted:
		return core.Deleted
	default:
		f.fail(key, "is %q: it must be active or deleted", text)
		return core.Active
	}
}

// orNull is a text of a document, null when there is none.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// timeOrNull is a time of a document, null when there is none.
func timeOrNull(t core.Millis) any {
	if t == 0 {
		return nil
	}
	return int64(t)
}
