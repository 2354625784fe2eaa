package rest

import (
	"bytes"
	"errors"
	"math"
	"strconv"
)

// Int is an int64 that reads what protobuf's JSON reads: an integer, an integral float such as 1e3, or decimal text.
type Int int64

var errInt = errors.New("not an integer of 64 bits")

// UnmarshalJSON reads an Int.
func (i *Int) UnmarshalJSON(text []byte) error {
	s := string(bytes.Trim(text, `"`))
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		*i = Int(n)
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || f < -1<<63 || f >= 1<<63 {
		return errInt
	}
	*i = Int(f)
	return nil
}

// Float is a float64 whose NaN and infinities are the text "NaN", "Infinity" and "-Infinity". It reads a number, such
// a text, "inf", "-inf" and a number as text.
type Float float64

var errFloat = errors.New("not a number")

// UnmarshalJSON reads a Float.
func (f *Float) UnmarshalJSON(text []byte) error {
	switch string(text) {
	case `"NaN"`:
		*f = Float(math.NaN())
		return nil
	case `"Infinity"`, `"inf"`:
		*f = Float(math.Inf(1))
		return nil
	case `"-Infinity"`, `"-inf"`:
		*f = Float(math.Inf(-1))
		return nil
	case "true":
		*f = 1
		return nil
	case "false":
		*f = 0
		return nil
	}
	n, err := strconv.ParseFloat(string(bytes.Trim(text, `"`)), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return errFloat
	}
	*f = Float(n)
	return nil
}

// bareSpecial reports a number that JSON has not, as Python's json writes it, outside of strings.
func bareSpecial(body []byte) bool {
	for len(body) > 0 {
		if bytes.HasPrefix(body, []byte("NaN")) || bytes.HasPrefix(body, []byte("Infinity")) {
			return true
		}
		n := 1
		if body[0] == '"' {
			n = stringLength(body)
		}
		body = body[n:]
	}
	return false
}

// stringLength is the length of the JSON string that text begins with, quotes included; that of text when it does not end.
func stringLength(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// MarshalJSON writes a Float.
func (f Float) MarshalJSON() ([]byte, error) { return f.AppendJSON(nil), nil }

// AppendJSON writes a Float at the end of b.
func (f Float) AppendJSON(b []byte) []byte {
	switch v := float64(f); {
	case math.IsNaN(v):
		return append(b, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(b, `"-Infinity"`...)
	default:
		return strconv.AppendFloat(b, v, 'g', -1, 64)
	}
}
