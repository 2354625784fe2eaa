package rest

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
	"unsafe"
)

// A request that is asked for often reads itself, many times faster than by reflection, when it is written as clients write it:
// in snake case, each field once, nothing unknown, nothing null or of a strange type. Else it reports false and is left in
// an undefined state, and Decode reads it the long way, which knows every leniency and every message.
type selfReader interface{ readFast(body []byte) bool }

// cursor reads JSON from left to right. After the first thing that it does not expect it is not ok, and reads no more.
type cursor struct {
	text []byte
	at   int
	bad  bool
	last string // the last text that was read, which often comes again
}

// next skips white space and returns the next character, which it stays at; 0 at the end.
func (c *cursor) next() byte {
	for ; c.at < len(c.text); c.at++ {
		switch c.text[c.at] {
		case ' ', '\n', '\t', '\r':
		default:
			return c.text[c.at]
		}
	}
	return 0
}

// take moves over a character that must be next.
func (c *cursor) take(want byte) {
	if c.bad || c.next() != want {
		c.bad = true
		return
	}
	c.at++
}

// object reads an object: field is called at the value of each field, with a bit of its own in seen when it is known.
func (c *cursor) object(field func(name []byte) (bit uint)) (seen uint) {
	c.take('{')
	for first := true; !c.bad; first = false {
		if c.next() == '}' && first {
			c.at++
			return seen
		}
		name := c.raw()
		c.take(':')
		if c.bad {
			return 0
		}
		bit := field(name)
		if bit == 0 || seen&bit != 0 {
			c.bad = true
			return 0
		}
		seen |= bit
		if c.next() == '}' {
			c.at++
			return seen
		}
		c.take(',')
	}
	return 0
}

// list reads a list: item is called at each item.
func (c *cursor) list(item func()) {
	c.take('[')
	for first := true; !c.bad; first = false {
		if c.next() == ']' && first {
			c.at++
			return
		}
		item()
		if c.next() == ']' {
			c.at++
			return
		}
		c.take(',')
	}
}

// raw reads a text without escapes and returns its bytes.
func (c *cursor) raw() []byte {
	c.take('"')
	start := c.at
	for !c.bad && c.at < len(c.text) {
		switch b := c.text[c.at]; {
		case b == '"':
			c.at++
			return c.text[start : c.at-1]
		case b == '\\' || b < ' ' || b >= utf8.RuneSelf:
			c.bad = true
		}
		c.at++
	}
	c.bad = true
	return nil
}

// str reads a text.
func (c *cursor) str() string {
	c.take('"')
	start, plain := c.at, true
	for !c.bad && c.at < len(c.text) {
		b := c.text[c.at]
		c.at++
		switch {
		case b == '"':
			return c.string(start, plain)
		case b == '\\':
			plain = false
			c.at++
		case b < ' ':
			c.bad = true
		case b >= utf8.RuneSelf:
			plain = false
		}
	}
	c.bad = true
	return ""
}

// string makes the text between start and the quote before the cursor.
func (c *cursor) string(start int, plain bool) string {
	text := c.text[start : c.at-1]
	if plain {
		if string(text) != c.last {
			c.last = string(text)
		}
		return c.last
	}
	var s string
	c.bad = json.Unmarshal(c.text[start-1:c.at], &s) != nil
	return s
}

// scalar reads a number or a text without escapes, as it stands there.
func (c *cursor) scalar() []byte {
	first := c.next() // which moves to it
	start := c.at
	if first == '"' {
		c.raw()
		return c.text[start:c.at]
	}
	for c.at < len(c.text) {
		switch b := c.text[c.at]; {
		case b >= '0' && b <= '9', b == '-', b == '+', b == '.', b == 'e', b == 'E':
			c.at++
			continue
		}
		break
	}
	if !number(c.text[start:c.at]) {
		c.bad = true
	}
	return c.text[start:c.at]
}

// number reports whether the characters of numbers are one (RFC 8259, section 6), as strconv takes more.
func number(text []byte) bool {
	if len(text) > 0 && text[0] == '-' {
		text = text[1:]
	}
	digits := func() bool {
		n := 0
		for n < len(text) && text[n] >= '0' && text[n] <= '9' {
			n++
		}
		text = text[n:]
		return n > 0
	}
	if zero := len(text) > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9'; zero || !digits() {
		return false
	}
	if len(text) > 0 && text[0] == '.' {
		text = text[1:]
		if !digits() {
			return false
		}
	}
	if len(text) > 0 && (text[0] == 'e' || text[0] == 'E') {
		text = text[1:]
		if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
			text = text[1:]
		}
		if !digits() {
			return false
		}
	}
	return len(text) == 0
}

func (c *cursor) int(into *Int) {
	text := c.scalar()
	if c.bad {
		return
	}
	if n, err := strconv.ParseInt(view(text), 10, 64); err == nil {
		*into = Int(n)
		return
	}
	c.bad = into.UnmarshalJSON(text) != nil
}

func (c *cursor) float(into *Float) {
	text := c.scalar()
	if c.bad {
		return
	}
	if text[0] != '"' {
		n, err := strconv.ParseFloat(view(text), 64)
		*into, c.bad = Float(n), err != nil
		return
	}
	c.bad = into.UnmarshalJSON(text) != nil
}

// view is bytes as text for as long as nobody writes to them: strconv keeps what it is given in errors alone.
func view(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // nobody writes to a body that is being read
}

// done reports whether all was read and expected.
func (c *cursor) done() bool { return !c.bad && c.next() == 0 && c.at == len(c.text) }
