package file_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
)

// parseBare reads and parses a metric file the simple way.
func parseBare(b *testing.B, name string) []core.Metric {
	b.Helper()
	data, err := os.ReadFile(name)
	must(b, err)
	var points []core.Metric
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		timestamp, err := strconv.ParseInt(fields[0], 10, 64)
		must(b, err)
		value, err := strconv.ParseFloat(fields[1], 64)
		must(b, err)
		step, err := strconv.ParseInt(fields[2], 10, 64)
		must(b, err)
		points = append(points, core.Metric{Key: "loss", Timestamp: core.Millis(timestamp), Value: value, Step: step})
	}
	return points
}
