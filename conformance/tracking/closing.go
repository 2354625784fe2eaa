package tracking

import (
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func closingCases() []entry {
	return []entry{
		{
			ID: "TS-178", Name: "conc/close-under-load", Run: closeUnderLoad,
			Rule: "Closing a store while calls run lets them end, well or with an error: no panic, no hang.",
		},
		{
			ID: "TS-179", Name: "conc/use-after-close", Run: useAfterClose,
			Rule: "After Close every call fails with ErrClosed, and a second Close succeeds.",
		},
	}
}

// freshRun opens a store of the case's own with an experiment and a run.
func freshRun(t check, e *env) (store, core.Experiment, core.Run) {
	t.Helper()
	s := e.Fresh(t)
	x := newExperimentIn(t, e, s, core.ExperimentSpec{})
	r, err := s.CreateRun(t.Context(), x.ID, core.RunSpec{StartTime: 1_000})
	conformance.NoError(t, "CreateRun", err)
	return s, x, r
}

func closeUnderLoad(t check, e *env) {
	const patience = 20 * time.Second
	s, _, r := freshRun(t, e)
	running := make(chan struct{}, 8)
	conformance.Within(t, patience, "calls and Close", func() {
		together(t, 9, func(i int) error {
			if i == 8 {
				for range 8 {
					<-running
				}
				return s.Close()
			}
			for n := 0; ; n++ {
				err := s.LogBatch(t.Context(), r.ID, metrics(point("m", 1, int64(n*8+i))))
				if n == 0 {
					running <- struct{}{}
				}
				if err != nil {
					return nil //nolint:nilerr // that it ends, with whatever error, is what is asked for
				}
			}
		})
	})
}

func useAfterClose(t check, e *env) {
	s, x, r := freshRun(t, e)
	conformance.NoError(t, "Close", s.Close())
	for _, c := range append(allCalls(x, r, e.Name("late")), abilityCalls(e, x, r)...) {
		err := c.do(t.Context(), s)
		conformance.Refused(t, c.name+" after Close", err, core.ErrClosed)
		conformance.Refused(t, c.name+" after Close", err, core.ErrState)
	}
	conformance.NoError(t, "a second Close", s.Close())
}
