package names

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Rules that several kinds of name share.
const (
	ruleEmpty   = "must not be empty"
	ruleBlank   = "must not be blank"
	ruleUTF8    = "must be valid UTF-8"
	ruleNUL     = "must not contain NUL"
	ruleControl = "must not contain control characters"
)

// isWord reports whether r is a word character in the sense of Python's \w on text: a letter, a number or the underscore, in
// any script. Combining marks are not word characters (Python: Lib/re, str.isalnum).
func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r)
}

// isWordOrDash is the alphabet of ids, aliases and stages.
func isWordOrDash(r rune) bool { return r == '-' || isWord(r) }

// isASCIIAlnum reports whether b is one of a–z, A–Z, 0–9.
func isASCIIAlnum(b byte) bool { return isASCIILetter(b) || b >= '0' && b <= '9' }

func isASCIILetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }

// only reports whether every character of the valid text s satisfies ok.
func only(s string, ok func(rune) bool) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !ok(r) }) < 0
}

// isSpace is white space as Python's str.strip sees it: Unicode white space and the four ASCII information separators.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

func isBlank(s string) bool { return strings.TrimFunc(s, isSpace) == "" }

// hasControl reports a character of Unicode category Cc, NUL among them.
func hasControl(s string) bool { return strings.IndexFunc(s, unicode.IsControl) >= 0 }
