package tracking

import (
	"context"
	"fmt"
	"sync"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func repeatCases() []entry {
	return []entry{
		{
			ID: "TS-185", Name: "repeat/create-run", Level: conformance.Extended, Needs: []core.Capability{core.IdempotentCreate},
			Run:  repeatCreation,
			Rule: "Creating a run again with the same idempotency key returns the first one, and another key makes another run (D-17).",
		},
		{
			ID: "TS-186", Name: "repeat/batch", Level: conformance.Extended, Run: repeatBatch,
			Rule: "A batch may always be repeated, as after a lost answer: the run is as after one (D-17).",
		},
	}
}

func repeatCreation(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	spec := core.RunSpec{Name: "once", StartTime: 5, Tags: map[string]string{"a": "1"}, IdempotencyKey: e.Name("key")}
	first := newRun(t, e, x.ID, spec)
	for range 3 {
		conformance.Equal(t, "the run", newRun(t, e, x.ID, spec).ID, first.ID)
	}
	var mu sync.Mutex
	seen := map[core.RunID]bool{}
	raced := core.RunSpec{StartTime: 4, IdempotencyKey: e.Name("key")}
	together(t, 8, func(int) error {
		r, err := e.Store.CreateRun(t.Context(), x.ID, raced)
		mu.Lock()
		defer mu.Unlock()
		seen[r.ID] = true
		return err
	})
	if len(seen) != 1 || seen[first.ID] {
		t.Fatalf("got the runs %v from one other key, want one other run than %s", seen, first.ID)
	}
	var second core.RunID
	for id := range seen {
		second = id
	}
	sawRun(t, e, first)
	sawRuns(t, e, core.RunQuery{Experiments: []core.ExperimentID{x.ID}}, first.ID, second)
	unkeyed := spec
	unkeyed.IdempotencyKey = ""
	one, two := newRun(t, e, x.ID, unkeyed), newRun(t, e, x.ID, unkeyed)
	if one.ID == two.ID {
		t.Error("got one run twice without a key, want two")
	}
}

func repeatBatch(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	for range 5 {
		batch := randomBatch(e)
		once, often := newRun(t, e, x.ID, core.RunSpec{}), newRun(t, e, x.ID, core.RunSpec{})
		logBatch(t, e, once.ID, batch)
		together(t, 4, func(int) error { return e.Store.LogBatch(t.Context(), often.ID, batch) })
		logBatch(t, e, often.ID, batch)
		sameContent(t, e, often.ID, once.ID)
	}
}

func durabilityCases() []entry {
	return []entry{{
		ID: "TS-193", Name: "durability/reopen", Run: readAfterReopen,
		Rule: "What was confirmed before Close is there, the same, after the store is opened anew.",
	}}
}

func readAfterReopen(t check, e *env) {
	s, x, r := freshRun(t, e)
	ctx := t.Context()
	conformance.NoError(t, "ChangeExperimentTags", s.ChangeExperimentTags(ctx, x.ID,
		core.TagChange{Set: map[string]string{"a": "line\n"}}))
	batch := randomBatch(e)
	conformance.NoError(t, "LogBatch", s.LogBatch(ctx, r.ID, batch))
	gone, err := s.CreateRun(ctx, x.ID, core.RunSpec{Name: "gone"})
	conformance.NoError(t, "CreateRun", err)
	_, err = s.UpdateRun(ctx, gone.ID, core.RunChange{Lifecycle: core.Deleted})
	conformance.NoError(t, "UpdateRun", err)
	_, err = s.UpdateRun(ctx, r.ID, core.RunChange{Name: "renamed", Status: core.Finished, EndTime: ptr(core.Millis(9))})
	conformance.NoError(t, "UpdateRun", err)
	other := newExperimentIn(t, e, s, core.ExperimentSpec{})
	conformance.NoError(t, "UpdateExperiment", s.UpdateExperiment(ctx, other.ID, core.ExperimentChange{Lifecycle: core.Deleted}))

	before, err := everything(ctx, s, []core.ExperimentID{x.ID, other.ID})
	conformance.NoError(t, "reading before", err)
	after, err := everything(ctx, e.Reopen(t, s), []core.ExperimentID{x.ID, other.ID})
	conformance.NoError(t, "reading after", err)
	conformance.Equal(t, "after reopening", after, before)
	if len(before.Runs) != 2 || len(before.Histories) == 0 {
		t.Errorf("got %d runs and %d histories before, want 2 and some", len(before.Runs), len(before.Histories))
	}
}

// contents is all that a store has of some experiments.
type contents struct {
	Experiments []core.Experiment
	Runs        []core.Run
	Histories   map[string][]core.Metric // by run and key
}

func everything(ctx context.Context, s store, in []core.ExperimentID) (contents, error) {
	c := contents{Histories: map[string][]core.Metric{}}
	for _, id := range in {
		x, err := s.Experiment(ctx, core.ExperimentRef{ID: id})
		if err != nil {
			return c, err
		}
		c.Experiments = append(c.Experiments, x)
	}
	runs, err := searchRuns(ctx, s, core.RunQuery{Experiments: in, View: core.AllStages, OrderBy: []string{"run_id"}})
	if err != nil {
		return c, err
	}
	c.Runs = runs
	for _, r := range runs {
		for key := range r.Metrics {
			if c.Histories[fmt.Sprintf("%s %s", r.ID, key)], err = history(ctx, s, r.ID, key, 0); err != nil {
				return c, err
			}
		}
	}
	return c, nil
}
