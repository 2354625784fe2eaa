package filter

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mlstore/mlstore/core"
)

// source is a text that is being read. It makes the errors that show where reading stopped.
type source struct {
	field string // the parameter that the text came in
	text  string
}

// fault returns an ErrInvalid with the message, the token at fault and its place.
func (s source) fault(at token, format string, args ...any) error {
	place := utf8.RuneCountInString(s.text[:at.start]) + 1
	return core.Invalid(s.field, "%s (near %s, at character %d of %s)", fmt.Sprintf(format, args...), at, place, s.field)
}

// check refuses text that no reader should get: what is too long, or not text at all.
func (s source) check(limit int) error {
	if len(s.text) > limit {
		return core.Invalid(s.field, "Invalid %s: it has %d bytes, more than the %d that are read", s.field, len(s.text), limit)
	}
	if !utf8.ValidString(s.text) {
		return core.Invalid(s.field, "Invalid %s: it is not valid UTF-8", s.field)
	}
	return nil
}

// show prepares what an error repeats of its input: short, and without characters that do not print.
func show(text string) string {
	const most = 100
	rest := ""
	if len(text) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		text, rest = text[:cut], "…"
	}
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		escaped := strconv.QuoteRune(r)
		b.WriteString(escaped[1 : len(escaped)-1])
	}
	return b.String() + rest
}
