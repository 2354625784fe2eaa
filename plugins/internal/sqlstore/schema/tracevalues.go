package schema

import (
	"encoding/json"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// decimal is how Python writes and reads numbers; longer ones are none that anybody counts.
var decimal = regexp.MustCompile(`^[+-]?(\d{1,40}\.?\d{0,40}|\.\d{1,40})([eE][+-]?\d{1,3})?$`)

// jsonObject reads a JSON object; anything else is an empty one. Its numbers are json.Number.
func jsonObject(text *string) map[string]any {
	if text == nil {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(*text))
	decoder.UseNumber()
	var object map[string]any
	if decoder.Decode(&object) != nil || decoder.More() {
		return nil
	}
	return object
}

// tokens reads a count of tokens: a whole number of 64 bits, as a JSON number or text. Anything else is none.
func tokens(value any) *int64 {
	switch v := value.(type) {
	case json.Number:
		text := v.String()
		if strings.ContainsAny(text, ".eE") {
			f, err := v.Float64()
			if err != nil {
				return nil
			}
			return tokensOfMetric(&f)
		}
		return whole(text)
	case string:
		return whole(strings.TrimSpace(v))
	}
	return nil
}

// tokensOfMetric is tokens of a metric's value: what its shortest decimal form says.
func tokensOfMetric(value *float64) *int64 {
	if value == nil {
		return nil
	}
	return whole(strconv.FormatFloat(*value, 'g', -1, 64))
}

func whole(text string) *int64 {
	if !decimal.MatchString(text) {
		return nil
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok || !r.IsInt() || !r.Num().IsInt64() {
		return nil
	}
	n := r.Num().Int64()
	return &n
}

// finite reads a finite number, as a JSON number or text. Anything else is none.
func finite(value any) *float64 {
	var text string
	switch v := value.(type) {
	case json.Number:
		text = v.String()
	case string:
		text = strings.TrimSpace(v)
	}
	if !decimal.MatchString(text) {
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return nil
	}
	if f == 0 {
		f = 0 // a zero has no sign here
	}
	return &f
}

// aggregateOf is the value of an assessment that can be averaged, and whether it is a number by itself: true and yes
// count as 1, false and no as 0.
func aggregateOf(text string) (value *float64, numeric bool) {
	number := func(f float64) *float64 { return &f }
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil || decoder.More() {
		v = text
	}
	switch v := v.(type) {
	case bool:
		if v {
			return number(1), false
		}
		return number(0), false
	case json.Number:
		f, err := v.Float64()
		if err != nil || math.IsInf(f, 0) {
			return nil, false
		}
		return &f, true
	case string:
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "yes":
			return number(1), false
		case "no":
			return number(0), false
		}
	}
	return nil, false
}

// atMost cuts a text to a number of code points.
func atMost(text *string, most int) *string {
	if text == nil {
		return nil
	}
	runes := []rune(*text)
	cut := string(runes[:min(len(runes), most)])
	return &cut
}
