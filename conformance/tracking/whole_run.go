package tracking

import (
	"context"
	"os"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func wholeRunCases() []entry {
	return []entry{
		{
			ID: "TS-196", Name: "leak/goroutines-and-files", Run: leaveNothingRunning,
			Rule: "A store that was opened, used and closed leaves no goroutine and no open file behind.",
		},
		{
			ID: "TS-197", Name: "sandbox/decoy", Around: plantDecoy,
			Rule: "What the cases do not name stays as it is: a stranger's experiment is the same after the run as before.",
		},
	}
}

func leaveNothingRunning(t check, e *env) {
	const rounds, patience = 40, 10 * time.Second
	label := e.Name("leak")
	before := openFiles()
	pprof.Do(t.Context(), pprof.Labels("conformance", label), func(context.Context) { // goroutines inherit the label
		for range rounds {
			s, x, r := freshRun(t, e)
			for _, c := range append(allCalls(x, r, e.Name("leak")), abilityCalls(e, x, r)...) {
				if c.name != "CreateExperiment" {
					conformance.NoError(t, c.name, c.do(t.Context(), s))
				}
			}
			conformance.NoError(t, "Close", s.Close())
		}
	})
	ticks := time.NewTicker(20 * time.Millisecond)
	defer ticks.Stop()
	for deadline := time.Now().Add(patience); ; {
		goroutines, files := labeled(label), openFiles()-before
		if goroutines == 0 && files < rounds { // files are the whole process's: only a leak in every round is certain
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("after %d stores: %d goroutines run and %d more files are open, want none", rounds, goroutines, files)
			return
		}
		<-ticks.C
	}
}

// labeled counts the goroutines that were started under the label.
func labeled(label string) int {
	var b strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		return 0
	}
	return strings.Count(b.String(), label)
}

// openFiles counts the files that this process has open; 0 where the system does not tell.
func openFiles() int {
	list, err := os.ReadDir("/dev/fd")
	if err != nil {
		return 0
	}
	return len(list)
}

func plantDecoy(t check, e *env) func() {
	x := newExperiment(t, e, core.ExperimentSpec{Tags: map[string]string{"decoy": "yes"}})
	r := newRun(t, e, x.ID, core.RunSpec{Name: "decoy", StartTime: 1})
	logBatch(t, e, r.ID, sized(10, 5, 5))
	gone := newRun(t, e, x.ID, core.RunSpec{Name: "deleted decoy"})
	changeRun(t, e, gone.ID, core.RunChange{Lifecycle: core.Deleted})
	ctx := context.WithoutCancel(t.Context())
	in := []core.ExperimentID{x.ID}
	before, err := everything(ctx, e.Second(), in)
	conformance.NoError(t, "reading the decoy before", err)
	return func() {
		after, err := everything(ctx, e.Second(), in)
		conformance.NoError(t, "reading the decoy after", err)
		conformance.Equal(t, "the decoy", after, before)
	}
}
