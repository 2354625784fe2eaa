package mlflow

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"
)

// The expectations are what CPython 3.11 prints.
func TestTextIsPythons(t *testing.T) {
	t.Parallel()
	type name string
	one := 1.0
	var nothing *int
	var unknown *time.Time
	tests := []struct {
		value any
		want  string
	}{
		{nil, "None"},
		{nothing, "None"},
		{unknown, "None"},
		{&one, "1.0"},
		{true, "True"},
		{false, "False"},
		{"", ""},
		{"it's", "it's"},
		{name("adam"), "adam"},
		{[]byte("raw"), "raw"},
		{-3, "-3"},
		{uint64(math.MaxUint64), "18446744073709551615"},
		{1.0, "1.0"},
		{0.1, "0.1"},
		{-0.5, "-0.5"},
		{math.Copysign(0, -1), "-0.0"},
		{1e-4, "0.0001"},
		{1e-5, "1e-05"},
		{1.5e-7, "1.5e-07"},
		{123456789012345.0, "123456789012345.0"},
		{1e15, "1000000000000000.0"},
		{1e16, "1e+16"},
		{1.2345e22, "1.2345e+22"},
		{1e100, "1e+100"},
		{5e-324, "5e-324"},
		{math.MaxFloat64, "1.7976931348623157e+308"},
		{float32(0.1), "0.1"},
		{math.NaN(), "nan"},
		{math.Inf(1), "inf"},
		{math.Inf(-1), "-inf"},
		{[]int{64, 32}, "[64, 32]"},
		{[]int{}, "[]"},
		{[2]bool{true, false}, "[True, False]"},
		{[]any{"a", 1, nil, 1.0, "it's", `"q" it's`}, `['a', 1, None, 1.0, "it's", '"q" it\'s']`},
		{[]string{"a\nb\t\\", "é\x00"}, `['a\nb\t\\', 'é\x00']`},
		{map[string]any{"b": []int{1}, "a": true}, "{'a': True, 'b': [1]}"},
		{json.Number("12345678901234567890"), "12345678901234567890"},
		{json.Number("1e5"), "100000.0"},
		{[]any{json.Number("1")}, "[1]"},
		{90 * time.Second, "1m30s"},
		{errors.New("no"), "no"},
	}
	for _, test := range tests {
		if got := Text(test.value); got != test.want {
			t.Errorf("Text(%#v) = %s, want %s", test.value, got, test.want)
		}
	}
}

func TestTextEndsOnItself(t *testing.T) {
	t.Parallel()
	loop := make([]any, 1)
	loop[0] = loop
	if got := Text(loop); len(got) > 200 {
		t.Errorf("a list that contains itself has %d characters", len(got))
	}
}
