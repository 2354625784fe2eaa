package file

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxYAML bounds the size of a meta.yaml.
const maxYAML = 1 << 20

// maxDatasetYAML bounds that of a dataset, which holds a schema and a profile.
const maxDatasetYAML = 80 << 20

var errEmptyYAML = errors.New("it is empty")

// parseYAML reads a document as PyYAML's safe loader does, that is as YAML 1.1. Text stays text, whole numbers become int64;
// of what the store has no use for (floats, booleans, dates, lists) the text is kept. The simple lines that MLflow and we
// write are read without a parser, everything else by one.
func parseYAML(data []byte) (document, error) {
	text := string(data)
	if strings.TrimSpace(text) == "" {
		return nil, errEmptyYAML
	}
	if d, ok := parseSimple(text); ok {
		return d, nil
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, fmt.Errorf("it is no YAML: %w", err)
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("it is no YAML map")
	}
	return mapOf(root.Content[0])
}

// parseSimple reads a document whose every line is a key and a simple value; false when one is not.
func parseSimple(text string) (document, bool) {
	d := make(document, 16)
	for text != "" {
		line, rest, found := strings.Cut(text, "\n")
		if !found {
			return nil, false // cut short?
		}
		text = rest
		key, value, found := strings.Cut(line, ": ")
		if !found || !plain(key) || strings.ContainsAny(key, ":/") {
			return nil, false
		}
		if _, twice := d[key]; twice {
			return nil, false
		}
		parsed, ok := simpleValue(value)
		if !ok {
			return nil, false
		}
		d[key] = parsed
	}
	return d, true
}

func simpleValue(text string) (any, bool) {
	switch {
	case text == "null":
		return nil, true
	case text == "[]":
		return emptyList{}, true
	case text == "{}":
		return map[string]string{}, true
	case plain(text):
		return text, true
	case len(text) >= 2 && text[0] == '\'' && strings.IndexByte(text[1:], '\'') == len(text)-2:
		inner := text[1 : len(text)-1]
		return inner, !strings.ContainsFunc(inner, func(r rune) bool { return !printable(r) })
	}
	if hexID(text) {
		return text, true
	}
	if text == "" || text[0] < '1' || text[0] > '9' {
		return int64(0), text == "0"
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// hexID reports whether text looks like the id of a run that begins with a digit, and cannot be a number: it has a letter, no
// dot, which a float of YAML 1.1 must have, and does not begin as a binary or hexadecimal number.
func hexID(text string) bool {
	letter := false
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 'a' && c <= 'f':
			letter = true
		case c < '0' || c > '9':
			return false
		}
	}
	return letter && len(text) > 8 && !strings.HasPrefix(text, "0b")
}

func mapOf(node *yaml.Node) (document, error) {
	d := document{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: a key is no text", key.Line)
		}
		if _, twice := d[key.Value]; twice {
			return nil, fmt.Errorf("line %d: the key %q comes twice", key.Line, key.Value)
		}
		parsed, err := valueOf(value)
		if err != nil {
			return nil, err
		}
		d[key.Value] = parsed
	}
	return d, nil
}

func valueOf(node *yaml.Node) (any, error) {
	switch node.Kind {
	case yaml.ScalarNode:
		return scalarOf(node), nil
	case yaml.SequenceNode:
		return emptyList{}, nil // nothing that we read is in a list
	case yaml.MappingNode:
		inner := map[string]string{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			if key.Kind == yaml.ScalarNode && value.Kind == yaml.ScalarNode {
				inner[key.Value] = value.Value
			}
		}
		return inner, nil
	case yaml.DocumentNode, yaml.AliasNode:
	}
	return nil, fmt.Errorf("line %d: aliases are not read", node.Line)
}

const quotedStyle = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

func scalarOf(node *yaml.Node) any {
	if node.Style&quotedStyle != 0 || node.Style&yaml.TaggedStyle != 0 && node.Tag == "!!str" {
		return node.Value
	}
	switch node.Value {
	case "", "~", "null", "Null", "NULL":
		return nil
	}
	if n, ok := yamlInt(node.Value); ok {
		return n
	}
	return node.Value
}

// yamlInt reads a whole number of YAML 1.1: 017 is 15, 1_000 is 1000 and 1:30 is 90 (https://yaml.org/type/int.html).
func yamlInt(text string) (int64, bool) {
	digits := strings.ReplaceAll(text, "_", "")
	sign := ""
	if digits != "" && (digits[0] == '-' || digits[0] == '+') {
		sign, digits = digits[:1], digits[1:]
	}
	if digits == "" || text[0] == '_' || digits[0] < '0' || digits[0] > '9' {
		return 0, false
	}
	base := 10
	switch {
	case strings.HasPrefix(digits, "0b"), strings.HasPrefix(digits, "0x"):
		base = 0
	case strings.Contains(digits, ":"):
		return sexagesimal(sign, digits)
	case digits[0] == '0' && len(digits) > 1:
		base = 8
	}
	n, err := strconv.ParseInt(sign+digits, base, 64)
	return n, err == nil
}

func sexagesimal(sign, digits string) (int64, bool) {
	var n int64
	for i, part := range strings.Split(digits, ":") {
		value, err := strconv.ParseInt(part, 10, 32)
		if err != nil || i == 0 && part[0] == '0' || i > 0 && (value > 59 || len(part) > 2) || n > 1<<50 {
			return 0, false
		}
		n = n*60 + value
	}
	if sign == "-" {
		n = -n
	}
	return n, true
}
