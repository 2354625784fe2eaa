package tracking

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func contextCases() []entry {
	return []entry{
		{
			ID: "TS-180", Name: "ctx/canceled-before", Run: canceledBefore,
			Rule: "A call whose context has been canceled returns that error and has no effect, whatever the method.",
		},
		{
			ID: "TS-181", Name: "ctx/deadline-before", Run: deadlineBefore,
			Rule: "A call whose deadline has passed returns that error and has no effect, whatever the method.",
		},
		{
			ID: "TS-182", Name: "ctx/cancel-during-search", Run: cancelDuringSearch,
			Rule: "A search ends within a second of the end of its context.",
		},
		{
			ID: "TS-183", Name: "ctx/canceled-batch-all-or-nothing", Level: conformance.Extended,
			Needs: []core.Capability{core.AtomicBatch}, Run: cancelDuringBatch,
			Rule: "A batch whose context ends at any moment is written whole or not at all, and never reported as done when it is not.",
		},
		{
			ID: "TS-184", Name: "ctx/values-not-required", Run: bareContext,
			Rule: "A store needs nothing from the context: an empty one will do.",
		},
	}
}

func canceledBefore(t check, e *env) {
	endedContext(t, e, context.Canceled, func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return ctx, cancel
	})
}

func deadlineBefore(t check, e *env) {
	endedContext(t, e, context.DeadlineExceeded, func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithDeadline(ctx, time.Unix(1, 0))
	})
}

// endedContext makes every call with a context that has ended.
func endedContext(
	t check, e *env, want error, end func(context.Context) (context.Context, context.CancelFunc),
) {
	t.Helper()
	r := loggedRun(t, e)
	x, err := e.Store.Experiment(t.Context(), core.ExperimentRef{ID: r.ExperimentID})
	conformance.NoError(t, "Experiment", err)
	name := e.Name("late")
	ctx, cancel := end(t.Context())
	defer cancel()
	for _, c := range append(allCalls(x, r, name), abilityCalls(e, x, r)...) {
		err := c.do(ctx, e.Store)
		conformance.Refused(t, c.name, err, want)
		conformance.Equal(t, c.name+": code", core.CodeOf(err), core.CodeOf(want))
	}
	missingByName(t, e, name)
	sawExperiment(t, e, x)
	sawRun(t, e, r)
	sawRuns(t, e, core.RunQuery{Experiments: []core.ExperimentID{x.ID}}, r.ID)
}

func cancelDuringSearch(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	for i := range 300 {
		newRun(t, e, x.ID, core.RunSpec{StartTime: core.Millis(i)})
	}
	const moments = 10
	for i := range moments {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*200*time.Microsecond)
		var err error
		ended := conformance.Within(t, time.Second+moments*time.Millisecond, "a search whose context has ended", func() {
			_, err = e.Store.SearchRuns(ctx, core.RunQuery{
				Experiments: []core.ExperimentID{x.ID},
				Filter:      "metrics.m > 1 AND tags.t LIKE '%x%'",
			})
		})
		cancel()
		if !ended {
			return
		}
		if err != nil {
			conformance.Refused(t, "SearchRuns", err, context.DeadlineExceeded)
		}
	}
}

func cancelDuringBatch(t check, e *env) {
	r := newRunAlone(t, e)
	state := int64(-1)         // the last batch that is known to be written
	unsure := map[int64]bool{} // batches of which nobody knows: one may still be under way behind a wire, and be written later
	for n := range int64(100) {
		var batch core.Batch
		for i := range 20 {
			batch.Metrics = append(batch.Metrics, point("m"+strconv.Itoa(i), float64(n), n))
			batch.Tags = append(batch.Tags, core.Tag{Key: "t" + strconv.Itoa(i), Value: strconv.FormatInt(n, 10)})
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(e.Rand.IntN(300))*time.Microsecond)
		err := e.Store.LogBatch(ctx, r.ID, batch)
		cancel()
		if err == nil {
			state = n
		} else {
			conformance.Refused(t, "LogBatch", err, context.DeadlineExceeded)
			e, ok := errors.AsType[*core.Error](err)
			unsure[n] = ok && e.Outcome == core.OutcomeUnknown
		}
		e.Observe(t, func(ctx context.Context, s store) error {
			got, readErr := s.Run(ctx, r.ID)
			written := int64(-1)
			if m, there := got.Metrics["m0"]; there {
				written = m.Step
			}
			if err == nil && written != n || written != state && written != n && !unsure[written] {
				return fmt.Errorf("LogBatch %d answered %v, the run has batch %d: %w", n, core.CodeOf(err), written, orNone(readErr))
			}
			state = written
			return errors.Join(readErr, torn(ctx, s, r.ID))
		})
	}
}

func bareContext(t check, e *env) {
	ctx := context.TODO() // bare on purpose
	x := newExperiment(t, e, core.ExperimentSpec{})
	r := newRun(t, e, x.ID, core.RunSpec{})
	name := e.Name("bare")
	for _, c := range append(allCalls(x, r, name), abilityCalls(e, x, r)...) {
		conformance.NoError(t, c.name, c.do(ctx, e.Store))
	}
	created, err := e.Store.Experiment(ctx, core.ExperimentRef{Name: name})
	conformance.NoError(t, "Experiment", err)
	forget(t, e, e.Store, created.ID)
}
