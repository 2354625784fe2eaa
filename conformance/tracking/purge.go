package tracking

import (
	"context"
	"errors"
	"fmt"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func purgeCases() []entry {
	return []entry{{
		ID: "TS-217", Name: "purge", Level: conformance.Extended, Needs: []core.Capability{"purger"}, Run: purge,
		Rule: "Only what is deleted can be purged; then it is gone with all that it had, and its name is free.",
	}}
}

func purge(t check, e *env) {
	x, sibling := newExperiment(t, e, core.ExperimentSpec{}), newExperiment(t, e, core.ExperimentSpec{})
	gone, kept := newRun(t, e, x.ID, core.RunSpec{}), newRun(t, e, x.ID, core.RunSpec{})
	logMetrics(t, e, gone.ID, point("m", 1, 1))
	p, _ := core.As[core.Purger](e.Store)
	ctx := t.Context()
	conformance.Refused(t, "purging an active run", p.PurgeRun(ctx, gone.ID), core.ErrState, string(gone.ID))
	conformance.Refused(t, "purging an active experiment", p.PurgeExperiment(ctx, x.ID), core.ErrState, string(x.ID))
	conformance.Refused(t, "purging an unknown run", p.PurgeRun(ctx, nobodysRun), core.ErrNotFound, string(nobodysRun))
	conformance.Refused(t, "purging an unknown experiment", p.PurgeExperiment(ctx, "918273645546372819"), core.ErrNotFound)
	sawExperiment(t, e, x)

	changeRun(t, e, gone.ID, core.RunChange{Lifecycle: core.Deleted})
	conformance.NoError(t, "PurgeRun", p.PurgeRun(ctx, gone.ID))
	goneRun(t, e, gone.ID)
	sawRuns(t, e, core.RunQuery{Experiments: []core.ExperimentID{x.ID}, View: core.AllStages}, kept.ID)
	sawRun(t, e, kept)
	conformance.Refused(t, "purging it again", p.PurgeRun(ctx, gone.ID), core.ErrNotFound, string(gone.ID))

	changeExperiment(t, e, x.ID, core.ExperimentChange{Lifecycle: core.Deleted})
	conformance.NoError(t, "PurgeExperiment", p.PurgeExperiment(ctx, x.ID))
	goneRun(t, e, kept.ID)
	e.Observe(t, func(ctx context.Context, s store) error {
		if got, err := s.Experiment(ctx, core.ExperimentRef{ID: x.ID}); !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("got %+v, error %w, want %w", got, err, core.ErrNotFound)
		}
		return nil
	})
	newExperiment(t, e, core.ExperimentSpec{Name: x.Name})
	sawExperiment(t, e, sibling)
	purgeModel(t, e, sibling.ID)
}

func goneRun(t check, e *env, id core.RunID) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		if got, err := s.Run(ctx, id); !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("got %+v, error %w, want %w", got, err, core.ErrNotFound)
		}
		return nil
	})
}

func purgeModel(t check, e *env, in core.ExperimentID) {
	t.Helper()
	if !e.Info.Has("logged_models") {
		return
	}
	p, _ := core.As[core.Purger](e.Store)
	m := newModel(t, e, in, core.LoggedModelSpec{})
	conformance.Refused(t, "purging an active model", p.PurgeLoggedModel(t.Context(), m.ID), core.ErrState, string(m.ID))
	conformance.NoError(t, "DeleteLoggedModel", modelsOf(e.Store).DeleteLoggedModel(t.Context(), m.ID))
	conformance.NoError(t, "PurgeLoggedModel", p.PurgeLoggedModel(t.Context(), m.ID))
	_, err := modelsOf(e.Store).LoggedModel(t.Context(), m.ID)
	conformance.Refused(t, "reading a purged model", err, core.ErrNotFound, string(m.ID))
}
