package file

import (
	"math"
	"strconv"
	"strings"
)

// appendFloat writes a number as Python's repr does: the shortest text that reads back as the same number, 1.0 and not 1,
// 1e+22 and 1e-07.
func appendFloat(to []byte, value float64) []byte {
	switch {
	case math.IsNaN(value):
		return append(to, "nan"...)
	case math.IsInf(value, 1):
		return append(to, "inf"...)
	case math.IsInf(value, -1):
		return append(to, "-inf"...)
	}
	start := len(to)
	if size := math.Abs(value); size != 0 && (size < 1e-4 || size >= 1e16) {
		return strconv.AppendFloat(to, value, 'e', -1, 64)
	}
	to = strconv.AppendFloat(to, value, 'f', -1, 64)
	if !strings.ContainsRune(string(to[start:]), '.') {
		to = append(to, ".0"...)
	}
	return to
}

// parseFloat reads what Python's float reads of what MLflow writes. Hexadecimal text, which only Go knows, is refused.
func parseFloat(text string) (float64, bool) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(value, 0) { // out of range is infinite for Python too
		return 0, false
	}
	if strings.ContainsAny(text, "xX_") {
		return 0, false
	}
	return value, true
}
