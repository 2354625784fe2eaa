package query

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// Bounds of a pattern as the databases take it: SQLite refuses longer ones, and Postgres needs ever more time to read a
// regular expression.
const (
	mostGlob  = 50_000 // bytes
	mostRegex = 1000   // code points of a pattern that ignores case
)

// like compares with a pattern of LIKE: nothing escapes, and case counts. SQLite's own LIKE ignores case, so it gets GLOB.
func (c *compiler) like(expr, pattern string) string {
	if c.dialect == sqldb.Postgres {
		return expr + " LIKE " + c.bind(pattern) + " ESCAPE ''"
	}
	return c.glob(expr, pattern, false)
}

// ilike is like without regard to case. Every code point becomes the set of those that are equal to it under Unicode's
// simple folding, since neither database's own ILIKE knows that.
func (c *compiler) ilike(expr, pattern string) string {
	if c.dialect == sqldb.SQLite {
		return c.glob(expr, pattern, true)
	}
	if n := utf8.RuneCountInString(pattern); n > mostRegex {
		c.refuse("Invalid pattern: it has %d characters; this store takes %d for ILIKE", n, mostRegex)
		return never
	}
	var b strings.Builder
	b.WriteByte('^')
	for _, r := range pattern {
		equal := equals(r)
		switch {
		case r == '%':
			b.WriteString(".*")
		case r == '_':
			b.WriteByte('.')
		case len(equal) > 1:
			b.WriteString("[" + string(equal) + "]")
		case strings.ContainsRune(`\.+*?()|[]{}^$`, r):
			b.WriteString(`\` + string(r))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('$')
	return expr + " ~ " + c.bind(b.String())
}

// glob writes a pattern for SQLite's GLOB, which counts code points and in which case counts.
func (c *compiler) glob(expr, pattern string, folds bool) string {
	if strings.Contains(pattern, "\x00") {
		c.refuse("Invalid pattern: this store takes none with a NUL")
		return never
	}
	var b strings.Builder
	for _, r := range pattern {
		equal := equals(r)
		switch {
		case r == '%':
			b.WriteByte('*')
		case r == '_':
			b.WriteByte('?')
		case folds && len(equal) > 1:
			b.WriteString("[" + string(equal) + "]")
		case strings.ContainsRune("*?[", r):
			b.WriteString("[" + string(r) + "]")
		default:
			b.WriteRune(r)
		}
	}
	if b.Len() > mostGlob {
		c.refuse("Invalid pattern: it has %d bytes, more than this store takes", len(pattern))
		return never
	}
	return expr + " GLOB " + c.bind(b.String())
}

// equals lists the code points that are r but for their case, r among them.
func equals(r rune) []rune {
	all := []rune{r}
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		all = append(all, other)
	}
	return all
}

func (c *compiler) refuse(format string, args ...any) {
	if c.fault == nil {
		c.fault = core.Invalid("filter", format, args...)
	}
}
