package tracking

import (
	"context"
	"fmt"

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
	conformance.NoLeak(t, func(ctx context.Context, _ int) error {
		s := e.Fresh(t)
		x, err := s.CreateExperiment(ctx, core.ExperimentSpec{Name: e.Name("leak")})
		if err != nil {
			return err
		}
		forget(t, e, s, x.ID) //nolint:contextcheck // the clean-up outlives the call
		r, err := s.CreateRun(ctx, x.ID, core.RunSpec{})
		if err != nil {
			return err
		}
		for _, c := range append(allCalls(x, r, e.Name("leak")), abilityCalls(e, x, r)...) {
			if c.name == "CreateExperiment" { // one a round is enough
				continue
			}
			if err := c.do(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
		return s.Close()
	})
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
