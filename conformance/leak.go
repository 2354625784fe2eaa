package conformance

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"runtime/pprof"
	"strings"
	"time"
)

const (
	kept      = 20       // goroutines or files that a store may keep for itself, for a pool of connections say
	leakAfter = 3 * kept // rounds, after which what leaks once a round shows
	leakPause = 20 * time.Millisecond
	leakWait  = 2 * time.Second
)

// NoLeak calls use many times and reports the goroutines and open files that are left of it. The goroutines that a store
// starts inherit a label, so that what else runs in the process does not disturb the count. use must not stop the case.
func NoLeak(t T, use func(ctx context.Context, round int) error) {
	t.Helper()
	label := t.Name() + " " + rand.Text()
	files, countable := openFiles()
	var failed error
	pprof.Do(t.Context(), pprof.Labels("conformance", label), func(ctx context.Context) {
		for round := 0; round < leakAfter && failed == nil; round++ {
			failed = use(ctx, round)
		}
	})
	NoError(t, "using the store again and again", failed)
	ticks := time.NewTicker(leakPause)
	defer ticks.Stop()
	for deadline := time.Now().Add(leakWait); ; <-ticks.C {
		goroutines := labeled(label)
		now, _ := openFiles()
		// Files are everybody's: what runs beside this case may hold some more for a while.
		if goroutines <= kept && (!countable || now-files < leakAfter-kept) {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("after %d rounds of calls %d goroutines and %d open files are left", leakAfter, goroutines, now-files)
			return
		}
	}
}

// labeled counts the goroutines that carry the label. Its source is the text form of the profile (runtime/pprof, debug=1):
// records, parted by empty lines, that begin with a count and an @.
func labeled(label string) int {
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		return 0
	}
	_, records, _ := strings.Cut(b.String(), "\n") // without the heading
	total := 0
	for record := range strings.SplitSeq(records, "\n\n") {
		n := 0
		if strings.Contains(record, fmt.Sprintf("%q:%q", "conformance", label)) {
			_, _ = fmt.Sscanf(strings.TrimSpace(record), "%d @", &n) // a record without a count counts 0
		}
		total += n
	}
	return total
}

// openFiles counts the descriptors of this process, where the system shows them.
func openFiles() (int, bool) {
	entries, err := os.ReadDir("/proc/self/fd")
	return len(entries), err == nil
}
