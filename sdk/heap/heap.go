// Package heap says when a program collects its garbage.
package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// Least is how many bytes are in use when garbage is collected for the first time, and the least later on.
	Least = 16 << 20

	runtimes = 4 << 20 // what the runtime begins at, times GOGC / 100
	usual    = 100
	most     = usual * Least / runtimes
)

// Patient has garbage collected when [Least] bytes are in use, or twice what was live last time, whichever is more. The runtime
// would begin at 4 MiB: a server of small answers that holds 3 MiB spent a seventh of its time on collecting them. A program
// with GOGC or GOMEMLIMIT in its environment gets what they say. It is for main functions.
func Patient() {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if os.Getenv(name) != "" {
			return
		}
	}
	setting := &setting{percent: most}
	debug.SetGCPercent(most)
	setting.watch()
}

// setting is what the runtime was told last.
type setting struct{ percent int }

// watch adjusts the setting after each collection.
func (s *setting) watch() {
	runtime.AddCleanup(new([64]byte), func(s *setting) {
		if want := percent(live()); want != s.percent {
			s.percent = want
			debug.SetGCPercent(want)
		}
		s.watch()
	}, s)
}

// percent is by how much a heap that holds so many live bytes grows until the next collection. It goes in steps, since the
// world stops to change it.
func percent(live uint64) int {
	if live == 0 {
		return most
	}
	const step = 50
	grow := (int64(Least) - int64(live)) * 100 / int64(live)
	return int(min(max(grow/step*step, usual), most))
}

// live is how many bytes the last collection has left.
func live() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
