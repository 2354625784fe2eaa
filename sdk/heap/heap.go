// Package heap says when a program collects its garbage.
package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// How many bytes may be in use before garbage is collected, for [Patient].
const (
	Served  = 8 << 20  // in a program that serves: a long answer then takes less than 16 MiB more
	Command = 16 << 20 // in a command: most end before
)

const (
	runtimes = 4 << 20 // what the runtime begins at, times GOGC / 100
	usual    = 100
)

// Patient has garbage collected when so many bytes are in use, or twice what was live last time, whichever is more. The runtime
// would begin at 4 MiB: a server of small answers that holds 3 MiB spent a seventh of its time on collecting them. A program
// with GOGC or GOMEMLIMIT in its environment gets what they say. It is for main functions, once.
func Patient(least int64) {
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if os.Getenv(name) != "" {
			return
		}
	}
	s := &setting{least: least}
	s.tell(s.most())
	s.watch()
}

// setting is what the runtime was told last.
type setting struct {
	least   int64
	percent int
}

// most is the percentage that makes the runtime begin at the least.
func (s *setting) most() int { return int(usual * s.least / runtimes) }

func (s *setting) tell(percent int) {
	if percent != s.percent {
		s.percent = percent
		debug.SetGCPercent(percent)
	}
}

// watch adjusts the setting after each collection.
func (s *setting) watch() {
	runtime.AddCleanup(new([64]byte), func(s *setting) {
		s.tell(s.after(live()))
		s.watch()
	}, s)
}

// after is by how many percent a heap that holds so many live bytes grows until the next collection. It goes in steps, since the
// world stops to change it.
func (s *setting) after(live int64) int {
	if live == 0 {
		return s.most()
	}
	const step = 25
	grow := (s.least - live) * 100 / live
	return int(min(max(grow/step*step, usual), int64(s.most())))
}

// live is how many bytes the last collection has left.
func live() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
