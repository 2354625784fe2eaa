package file

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// document is the content of a meta.yaml: a flat map, but for tags. Values are string, int64, nil, map[string]string and
// emptyList.
type document map[string]any

type emptyList struct{}

// bytes writes the document as PyYAML's safe dumper does: block style, sorted keys, UTF-8 as it is. Text that YAML 1.1
// would read as something else (numbers, yes, 1:30, dates, =) is quoted.
func (d document) bytes() []byte {
	var b []byte
	for _, key := range slices.Sorted(maps.Keys(d)) {
		b = append(b, key...)
		b = append(b, ':')
		switch value := d[key].(type) {
		case map[string]string:
			b = appendMap(b, value)
		default:
			b = append(b, ' ')
			b = append(b, scalar(value)...)
			b = append(b, '\n')
		}
	}
	return b
}

func appendMap(b []byte, m map[string]string) []byte {
	if len(m) == 0 {
		return append(b, " {}\n"...)
	}
	b = append(b, '\n')
	for _, key := range slices.Sorted(maps.Keys(m)) {
		b = append(b, "  "...)
		b = append(b, quoted(key)...)
		b = append(b, ": "...)
		b = append(b, quoted(m[key])...)
		b = append(b, '\n')
	}
	return b
}

func scalar(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		return quoted(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case emptyList:
		return "[]"
	}
	panic(fmt.Sprintf("a document holds a %T", value)) // the documents are all made in this package
}

func quoted(text string) string {
	switch {
	case plain(text):
		return text
	case !strings.ContainsFunc(text, func(r rune) bool { return !printable(r) }):
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case printable(r):
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02X`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			fmt.Fprintf(&b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// printable reports whether YAML takes a character as it is, inside quotes and within one line.
func printable(r rune) bool {
	switch {
	case r < ' ', r >= 0x7f && r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r >= 0xfffe && r <= 0xffff:
		return false
	}
	return r < 0xe000 || r > 0xf8ff && unicode.IsPrint(r) || r > 0xffff || unicode.IsSpace(r)
}

// plain reports whether text needs no quotes. What it refuses is merely quoted without need.
func plain(text string) bool {
	if text == "" || !plainStart(text[0]) || text[len(text)-1] == ':' {
		return false
	}
	for i := range len(text) {
		if c := text[i]; !plainStart(c) && (c < '0' || c > '9') && !strings.ContainsRune(".-:+@%", rune(c)) {
			return false
		}
	}
	switch strings.ToLower(text) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return false
	}
	return true
}

func plainStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '/'
}
