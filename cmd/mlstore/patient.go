package main

import (
	"runtime"
	"runtime/debug"
)

// beginPatiently has the first collection of garbage wait until 16 MiB are in use, where the runtime would begin at 4. Most
// commands end before; collecting took them a seventh of their time. From the first collection on all is as usual. Who has
// set GOGC gets what it says.
func beginPatiently(env func(string) string) {
	if env("GOGC") != "" {
		return
	}
	const first = 400 // percent of the runtime's least heap, 4 MiB
	usual := debug.SetGCPercent(first)
	runtime.AddCleanup(new([64]byte), func(percent int) { debug.SetGCPercent(percent) }, usual)
}
