package names

import (
	"path"
	"strings"
	"unicode/utf8"
)

// Key checks the key of a metric, a param or a tag.
//
// Allowed are letters, numbers and underscores of any script and the characters slash, dot, dash, space and colon. Because a
// store may keep a key as a relative file name, the key must already be in normal form: not absolute, no leading "..", no
// empty or dot segments. Blanks, also at either end, are kept.
//
// Source: MLflow, mlflow/utils/validation.py; full match as since MLflow 3.18.
func Key(key string) error {
	return verdict("key", key, keyRule(key))
}

func keyRule(key string) string {
	switch {
	case key == "":
		return ruleEmpty
	case !utf8.ValidString(key):
		return ruleUTF8
	case !only(key, isKeyRune):
		return "may only contain letters, numbers, underscores, dashes, dots, spaces, colons and slashes"
	}
	return pathFormRule(key)
}

func isKeyRune(r rune) bool { return strings.ContainsRune("/.-: ", r) || isWord(r) }

// pathFormRule is MLflow's rule for text that may become a relative file name: it must not resolve to another name.
func pathFormRule(s string) string {
	switch {
	case strings.HasPrefix(s, "/"):
		return `must not start with "/"`
	case strings.HasPrefix(s, ".."):
		return `must not start with ".."`
	case s == "." || path.Clean(s) != s:
		return `must not resolve to another name when read as a path: no ".", ".." or empty segments, no "/" at the end`
	default:
		return ""
	}
}
