package sqlstore_test

import (
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// BenchmarkHistoryMemory says by how much the memory of the process grows, at its worst, while it reads a history of 100,000
// points in the longest pages. What the database caches has been read before. It fails above 16 MiB.
func BenchmarkHistoryMemory(b *testing.B) {
	const most = 16 << 10 // KiB
	for _, d := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		b.Run(d.String(), func(b *testing.B) {
			s, _ := newHistory(b, d, 0)
			walk := func() {
				if n, err := walkHistory(b.Context(), s, 50_000); err != nil || n != points {
					b.Fatalf("%d points, %v", n, err)
				}
			}
			walk()
			worst := 0
			for b.Loop() {
				debug.FreeOSMemory()
				if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // forget the peak; proc(5)
					b.Fatal(err)
				}
				before := memory(b, "VmRSS:")
				walk()
				worst = max(worst, memory(b, "VmHWM:")-before)
			}
			b.ReportMetric(float64(worst)/1024, "MiB")
			b.ReportMetric(0, "ns/op")
			if worst > most {
				b.Errorf("the process grew by %d KiB, want at most %d", worst, most)
			}
		})
	}
}

// memory reads one number, in KiB, of what Linux says about the process.
func memory(b *testing.B, name string) int {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), name)
	var n int
	if _, err := fmt.Sscan(rest, &n); err != nil {
		b.Fatal(err)
	}
	return n
}
