package mlflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/mlstore/mlstore/core"
)

// encodeDict writes a value in the format that a file name's extension asks for.
func encodeDict(value any, extension string) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return nil, core.Invalid("dictionary", "the value cannot be written as JSON: %w", err)
	}
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if extension != ".yml" && extension != ".yaml" {
		return asciiJSON(text), nil
	}
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&tree); err != nil {
		return nil, core.Invalid("dictionary", "the value cannot be written as YAML: %w", err)
	}
	var y yamlWriter
	y.node(tree, 0)
	return []byte(strings.TrimLeft(y.String(), " \n") + "\n"), nil
}

// asciiJSON escapes what is not ASCII, all of which stands in strings.
func asciiJSON(text []byte) []byte {
	var b bytes.Buffer
	for _, r := range string(text) {
		switch {
		case r < 0x80:
			b.WriteByte(byte(r))
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		}
	}
	return b.Bytes()
}

// yamlWriter writes what JSON can hold as block style YAML that readers of YAML 1.1 (PyYAML) and 1.2 understand alike.
type yamlWriter struct{ strings.Builder }

// node writes a value after a key or a dash: a scalar on the same line, everything else below.
func (y *yamlWriter) node(value any, indent int) {
	blanks := strings.Repeat(" ", indent)
	switch value := value.(type) {
	case map[string]any:
		if len(value) == 0 {
			y.WriteString(" {}")
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			y.WriteString("\n" + blanks + yamlText(key) + ":")
			y.node(value[key], indent+2)
		}
	case []any:
		if len(value) == 0 {
			y.WriteString(" []")
		}
		for _, item := range value {
			y.WriteString("\n" + blanks + "-")
			y.node(item, indent+2)
		}
	case string:
		y.WriteString(" " + yamlText(value))
	case json.Number:
		y.WriteString(" " + yamlNumber(value))
	case bool:
		y.WriteString(" " + strconv.FormatBool(value))
	default:
		y.WriteString(" null")
	}
}

// yamlNumber writes a float with a point: YAML 1.1 takes 1e-05 for text.
func yamlNumber(n json.Number) string {
	mantissa, exponent, found := strings.Cut(strings.ToLower(n.String()), "e")
	if !found || strings.Contains(mantissa, ".") {
		return n.String()
	}
	return mantissa + ".0e" + exponent
}

// yamlText leaves a plain word as it is and puts everything that could mean something else in quotes. What is escaped there
// is as in JSON, but for characters beyond the 16 bits of \u, which stay.
func yamlText(text string) string {
	plain := text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return r >= 0x80 || r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) && unicode.IsLetter(rune(text[0]))
	if plain && !slices.Contains([]string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}, strings.ToLower(text)) {
		return text
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
