package tracking

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func contextCases() []entry {
	return []entry{
		{ID: "TS-180", Name: "ctx/canceled-before", Run: canceledBefore, Rule: "A call whose context has been canceled returns that error and has no effect, whatever the method."},
		{ID: "TS-181", Name: "ctx/deadline-before", Run: deadlineBefore, Rule: "A call whose deadline has passed returns that error and has no effect, whatever the method."},
		{ID: "TS-182", Name: "ctx/cancel-during-search", Run: cancelDuringSearch, Rule: "A search ends within a second of the end of its context."},
		{
			ID: "TS-183", Name: "ctx/canceled-batch-all-or-nothing", Level: conformance.Extended, Needs: []core.Capability{core.AtomicBatch}, Run: cancelDuringBatch,
			Rule: "A batch whose context ends at any moment is written whole or not at all, and never reported as done when it is not.",
		},
		{ID: "TS-184", Name: "ctx/values-not-required", Run: bareContext, Rule: "A store needs nothing from the context: an empty one will do."},
	}
}

func canceledBefore(t check, e *env) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	endedContext(t, e, ctx, context.Canceled, core.Canceled)
}

func deadlineBefore(t check, e *env) {
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	endedContext(t, e, ctx, context.DeadlineExceeded, core.DeadlineExceeded)
}

func endedContext(t check, e *env, ctx context.Context, want error, code core.Code) { //nolint:revive // ctx is the subject, not the caller's
	t.Helper()
	r := loggedRun(t, e)
	x, err := e.Store.Experiment(t.Context(), core.ExperimentRef{ID: r.ExperimentID})
	conformance.NoError(t, "Experiment", err)
	name := e.Name("late")
	for _, c := range append(allCalls(x, r, name), abilityCalls(e, x, r)...) {
		err := c.do(ctx, e.Store)
		conformance.Refused(t, c.name, err, want)
		conformance.Equal(t, c.name+": code", core.CodeOf(err), code)
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
			_, err = e.Store.SearchRuns(ctx, core.RunQuery{Experiments: []core.ExperimentID{x.ID}, Filter: "metrics.m > 1 AND tags.t LIKE '%x%'"})
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
	state := int64(-1) // the last batch that is known to be written
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
		}
		e.Observe(t, func(ctx context.Context, s store) error {
			got, readErr := s.Run(ctx, r.ID)
			written := int64(-1)
			if m, there := got.Metrics["m0"]; there {
				written = m.Step
			}
			if err == nil && written != n || written != state && written != n {
				return errors.Join(readErr, errors.New("LogBatch answered "+orNone(err).Error()+", the run has batch "+strconv.FormatInt(written, 10)))
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
