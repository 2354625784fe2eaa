package filter

import (
	"strconv"
	"strings"
)

// String returns the filter in MLflow's language. What one of this package's functions has read, reads back as the same
// filter.
func (f Filter) String() string {
	var b strings.Builder
	for i, clause := range f {
		if i > 0 {
			b.WriteString(" AND ")
		}
		clause.render(&b)
	}
	return b.String()
}

// String returns the clause in MLflow's language.
func (c Clause) String() string {
	var b strings.Builder
	c.render(&b)
	return b.String()
}

func (c Clause) render(b *strings.Builder) {
	c.renderKey(b)
	b.WriteString(" " + c.Op.String())
	switch v := c.Value.(type) {
	case Text:
		b.WriteByte(' ')
		quote(b, string(v), c.quote(1, textQuote(string(v))))
	case Number:
		text := strconv.FormatFloat(float64(v), 'g', -1, 64)
		b.WriteString(" " + strings.Replace(text, "e+", "e", 1)) // MLflow reads no plus
	case Integer:
		b.WriteString(" " + strconv.FormatInt(int64(v), 10))
	case List:
		b.WriteString(" (")
		for i, item := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			quote(b, item, c.quote(1+i, textQuote(item)))
		}
		b.WriteByte(')')
	case Null: // all in the operator
	}
}

func (c Clause) renderKey(b *strings.Builder) {
	plural := [...]string{"", "metrics.", "params.", "tags.", "datasets."}
	if c.Entity > Attribute && int(c.Entity) < len(plural) {
		b.WriteString(plural[c.Entity])
	}
	switch {
	case c.Entity == Attribute || c.Entity == DatasetEntity:
		b.WriteString(c.Key) // one of a few plain words
	case !strings.Contains(c.Key, "`"):
		quote(b, c.Key, '`')
	default:
		quote(b, c.Key, c.quote(0, '"'))
	}
}

// quote returns the quote that the clause was read with in the i-th place, or other for a clause that was made by hand.
func (c Clause) quote(i int, other byte) byte {
	if i < len(c.quotes) && c.quotes[i] != bare {
		return c.quotes[i]
	}
	return other
}

// textQuote chooses a quote for text that was not read: the language has no way to write text that needs both.
func textQuote(text string) byte {
	if strings.Contains(text, "'") {
		return '"'
	}
	return '\''
}

func quote(b *strings.Builder, text string, mark byte) {
	b.WriteByte(mark)
	b.WriteString(text)
	b.WriteByte(mark)
}
