package filter

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// value takes what a clause compares with.
func (p *parser) value(c *Clause, col column) error {
	var err error
	switch {
	case nulls.has(c.Op):
		c.Value = Null{}
		return nil
	case lists.has(c.Op):
		c.Value, err = p.listValue(c, col)
		return err
	}
	t := p.next()
	if t.kind == openToken {
		return p.fault(t, "Invalid clause(s) in filter string: %s. A quote does not close", t)
	}
	switch col.class {
	case numeric:
		c.Value, err = p.numberValue(t, *c)
	case whole, wholeOrText:
		c.Value, err = p.integerValue(t, *c, col.class)
	case textual, decimal:
		c.Value, err = p.textValue(t, c, col)
	}
	return err
}

// textValue reads a quoted literal.
func (p *parser) textValue(t token, c *Clause, col column) (Value, error) {
	switch t.kind {
	case textToken:
	case wordToken, tickedToken:
		return nil, p.fault(t, "Parameter value is either not quoted or unidentified quote types used for string value %s. "+
			"Use either single or double quotes", show(t.text))
	default:
		return nil, p.fault(t, "Expected a quoted string value for %s (e.g. 'my-value'). Got value %s", c.Entity, t)
	}
	text, err := p.item(t, c, col)
	if err != nil {
		return nil, err
	}
	if c.Op == Like || c.Op == ILike {
		if _, ok := newPattern(text, c.Op == ILike); !ok {
			return nil, p.fault(t, "Invalid pattern: it has more than %d characters between two %%", mostBetween)
		}
	}
	return Text(text), nil
}

// item reads a quoted literal that stands alone or in a list.
func (p *parser) item(t token, c *Clause, col column) (string, error) {
	text := t.inner()
	c.quotes += t.text[:1]
	switch {
	case col.class == decimal && (text == "" || digits(text) != len(text)):
		return "", p.fault(t, "Invalid value '%s' for '%s': it must be an integer in quotes", show(text), c.Key)
	case col.class == decimal:
		text = strings.TrimLeft(text[:len(text)-1], "0") + text[len(text)-1:]
	case col.values != nil && !slices.Contains(col.values, text):
		return "", p.fault(t, "Unknown %s '%s': it must be one of '%s'", c.Key, show(text), strings.Join(col.values, "', '"))
	}
	return text, nil
}

// numberValue reads the literal of a metric, or of a time that may have a fraction.
func (p *parser) numberValue(t token, c Clause) (Value, error) {
	if t.kind != numberToken {
		return nil, p.expectedNumber(t, c)
	}
	n, err := strconv.ParseFloat(t.text, 64)
	if err != nil {
		return nil, p.fault(t, "Invalid number %s: it is out of range", t)
	}
	if c.Entity == Metric {
		return Number(n), nil
	}
	if n == math.Trunc(n) {
		return p.integerValue(t, c, numeric)
	}
	return Number(n), nil
}

// integerValue reads the literal of a numeric attribute.
func (p *parser) integerValue(t token, c Clause, of class) (Value, error) {
	text := t.text
	switch {
	case t.kind == textToken && of == wholeOrText:
		text = t.inner()
	case t.kind != numberToken:
		return nil, p.expectedNumber(t, c)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err == nil {
		return Integer(n), nil
	}
	if float, ferr := strconv.ParseFloat(text, 64); of == numeric && ferr == nil && math.Abs(float) < 1<<63 &&
		strings.ContainsAny(text, ".eE") {
		return Integer(float), nil // 1e12
	}
	return nil, p.fault(t, "Expected an integer of 64 bits for numeric attribute: %s. Found %s", c.Key, t)
}

func (p *parser) expectedNumber(t token, c Clause) error {
	if c.Entity == Metric {
		return p.fault(t, "Expected numeric value type for metric. Found %s", t)
	}
	return p.fault(t, "Expected numeric value type for numeric attribute: %s. Found %s", c.Key, t)
}

// listValue reads the list of IN.
func (p *parser) listValue(c *Clause, col column) (Value, error) {
	if t := p.next(); t.text != "(" {
		return nil, p.fault(t, "While parsing a list in the query, expected '(', but got %s", t)
	}
	var items List
	for {
		t := p.next()
		switch {
		case t.text == ")" && len(items) == 0:
			return nil, p.fault(t, "While parsing a list in the query, expected a non-empty list of string values, but got empty list")
		case t.text == ")": // one comma may end the list, as Python writes a tuple of one: ('a',)
			return items, nil
		case t.kind != textToken:
			return nil, p.fault(t, "While parsing a list in the query, expected string value, punctuation, or whitespace, "+
				"but got different type in list: %s", t)
		case len(items) == mostItems:
			return nil, p.fault(t, "While parsing a list in the query, found more than %d values", mostItems)
		}
		text, err := p.item(t, c, col)
		if err != nil {
			return nil, err
		}
		items = append(items, text)
		switch t = p.next(); t.text {
		case ",":
		case ")":
			return items, nil
		default:
			return nil, p.fault(t, "While parsing a list in the query, expected ',' or ')', but got %s", t)
		}
	}
}
