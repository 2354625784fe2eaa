package tracking

import (
	"context"
	"fmt"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// malformedIDs cannot be ids in any store.
func malformedIDs() []string {
	return []string{"", " ", "..", "../x", "a/b", `a\b`, "/abs", "a\x00b", "\xff", "%", "'; --", strings.Repeat("a", 300)}
}

func experimentChangeCases() []entry {
	return []entry{
		{ID: "TS-014", Name: "exp/get-missing", Run: getMissingExperiment, Rule: "An unknown experiment is ErrNotFound, with its id."},
		{
			ID: "TS-015", Name: "exp/get-malformed-id", Run: getMalformedExperiment,
			Rule: "An id that cannot be one is ErrInvalid or ErrNotFound, never an accident of the store.",
		},
		{
			ID: "TS-016", Name: "exp/get-by-name", Run: getExperimentByName,
			Rule: "Looking an experiment up by name gives what its id gives.",
		},
		{ID: "TS-017", Name: "exp/get-by-name-missing", Run: getMissingName, Rule: "An unknown name is ErrNotFound, with the name."},
		{
			ID: "TS-018", Name: "exp/get-by-name-deleted", Run: getDeletedByName,
			Rule: "A deleted experiment is found by its name and says that it is deleted.",
		},
		{
			ID: "TS-019", Name: "exp/rename", Run: renameExperiment,
			Rule: "Renaming moves the name and the time of the last change, and nothing else.",
		},
		{
			ID: "TS-020", Name: "exp/rename-to-taken", Run: renameToTaken,
			Rule: "Renaming to a taken name is ErrExists; both experiments stay as they were.",
		},
		{
			ID: "TS-021", Name: "exp/rename-to-own-name", Run: renameToOwn,
			Rule: "Renaming an experiment to the name that it has succeeds.",
		},
		{ID: "TS-022", Name: "exp/rename-deleted", Run: renameDeleted, Rule: "A deleted experiment cannot be renamed: ErrState."},
		{
			ID: "TS-023", Name: "exp/delete", Run: deleteExperiment,
			Rule: "Deleting an experiment deletes its runs with it, and no others, and takes it out of the default view.",
		},
		{
			ID: "TS-024", Name: "exp/delete-twice", Run: deleteExperimentTwice,
			Rule: "Deleting a deleted experiment is ErrNotFound, without effect (D-5).",
		},
		{
			ID: "TS-025", Name: "exp/delete-missing", Run: deleteMissingExperiment,
			Rule: "Deleting, restoring or renaming an unknown experiment is ErrNotFound, with its id.",
		},
		{
			ID: "TS-026", Name: "exp/restore", Run: restoreExperiment,
			Rule: "Restoring an experiment restores all its runs, also those that had been deleted one by one (D-4).",
		},
		{
			ID: "TS-028", Name: "exp/restore-active", Run: restoreActive,
			Rule: "Restoring an active experiment is ErrNotFound, without effect (D-5).",
		},
		{
			ID: "TS-033", Name: "exp/default-exists", Level: conformance.Extended, Needs: []core.Capability{core.DefaultExperiment},
			Run: defaultExperiment, Rule: "The default experiment is there, active, and cannot be deleted.",
		},
		{
			ID: "TS-218", Name: "exp/change-of-one-thing", Run: changeOneThing,
			Rule: "A change of an experiment does exactly one thing; none, two or an unknown one is ErrInvalid, without effect.",
		},
	}
}

func getMissingExperiment(t check, e *env) {
	const id = "918273645546372819"
	_, err := e.Store.Experiment(t.Context(), core.ExperimentRef{ID: id})
	conformance.Refused(t, "Experiment", err, core.ErrNotFound, id)
}

func getMalformedExperiment(t check, e *env) {
	for _, id := range append(malformedIDs(), e.Malformed.Experiments...) {
		_, err := e.Store.Experiment(t.Context(), core.ExperimentRef{ID: core.ExperimentID(id)})
		conformance.RefusedAs(t, fmt.Sprintf("Experiment(%.40q)", id), err, core.ErrInvalid, core.ErrNotFound)
	}
	_, err := e.Store.Experiment(t.Context(), core.ExperimentRef{})
	conformance.Refused(t, "Experiment without id and name", err, core.ErrInvalid)
	_, err = e.Store.Experiment(t.Context(), core.ExperimentRef{ID: "0", Name: "Default"})
	conformance.Refused(t, "Experiment with id and name", err, core.ErrInvalid)
}

func getExperimentByName(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{Name: e.Name(`it's "odd" % _ \ /`), Tags: map[string]string{"a": "b"}})
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := s.Experiment(ctx, core.ExperimentRef{Name: x.Name})
		return differs("Experiment by name", got, x, err)
	})
}

func getMissingName(t check, e *env) {
	name := e.Name("nobody")
	_, err := e.Store.Experiment(t.Context(), core.ExperimentRef{Name: name})
	conformance.Refused(t, "Experiment by name", err, core.ErrNotFound, name)
}

func getDeletedByName(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	changeExperiment(t, e, x.ID, core.ExperimentChange{Lifecycle: core.Deleted})
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := s.Experiment(ctx, core.ExperimentRef{Name: x.Name})
		if err == nil && (got.ID != x.ID || got.Lifecycle != core.Deleted) {
			return fmt.Errorf("got %+v, want the deleted experiment %s", got, x.ID)
		}
		return err
	})
}

// movedExperiment is want, with the later time of change that the store shows.
func movedExperiment(t check, e *env, want core.Experiment) core.Experiment {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := s.Experiment(ctx, core.ExperimentRef{ID: want.ID})
		if err == nil && got.UpdatedAt < want.UpdatedAt {
			return fmt.Errorf("UpdatedAt: got %d, want a time not before %d", got.UpdatedAt, want.UpdatedAt)
		}
		want.UpdatedAt = got.UpdatedAt
		return differs("Experiment", got, want, err)
	})
	return want
}

func renameExperiment(t check, e *env) {
	began := core.Now()
	x := newExperiment(t, e, core.ExperimentSpec{Tags: map[string]string{"a": "b"}})
	old := x.Name
	x.Name = e.Name("renamed")
	changeExperiment(t, e, x.ID, core.ExperimentChange{Name: &x.Name})
	e.CheckTime(t, "UpdatedAt", movedExperiment(t, e, x).UpdatedAt, began)
	missingByName(t, e, old)
	newExperiment(t, e, core.ExperimentSpec{Name: old}) // the old name is free
}

func renameToTaken(t check, e *env) {
	one, two := newExperiment(t, e, core.ExperimentSpec{}), newExperiment(t, e, core.ExperimentSpec{})
	err := e.Store.UpdateExperiment(t.Context(), one.ID, core.ExperimentChange{Name: &two.Name})
	conformance.Refused(t, "UpdateExperiment", err, core.ErrExists, two.Name)
	sawExperiment(t, e, one)
	sawExperiment(t, e, two)
	changeExperiment(t, e, two.ID, core.ExperimentChange{Lifecycle: core.Deleted})
	err = e.Store.UpdateExperiment(t.Context(), one.ID, core.ExperimentChange{Name: &two.Name})
	conformance.Refused(t, "UpdateExperiment to the name of a deleted one", err, core.ErrExists, two.Name)
}

func renameToOwn(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	changeExperiment(t, e, x.ID, core.ExperimentChange{Name: &x.Name})
	movedExperiment(t, e, x)
}

func renameDeleted(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	changeExperiment(t, e, x.ID, core.ExperimentChange{Lifecycle: core.Deleted})
	err := e.Store.UpdateExperiment(t.Context(), x.ID, core.ExperimentChange{Name: ptr(e.Name("renamed"))})
	conformance.Refused(t, "UpdateExperiment", err, core.ErrState, string(x.ID))
	x.Lifecycle = core.Deleted
	movedExperiment(t, e, x)
}

func deleteExperiment(t check, e *env) {
	x, other := newExperiment(t, e, core.ExperimentSpec{}), newExperiment(t, e, core.ExperimentSpec{})
	active, deleted := newRun(t, e, x.ID, core.RunSpec{}), newRun(t, e, x.ID, core.RunSpec{})
	stranger := newRun(t, e, other.ID, core.RunSpec{})
	changeRun(t, e, deleted.ID, core.RunChange{Lifecycle: core.Deleted})
	changeExperiment(t, e, x.ID, core.ExperimentChange{Lifecycle: core.Deleted})
	x.Lifecycle, active.Lifecycle, deleted.Lifecycle = core.Deleted, core.Deleted, core.Deleted
	movedExperiment(t, e, x)
	sawRun(t, e, active)
	sawRun(t, e, deleted)
	sawRun(t, e, stranger)
	sawExperiment(t, e, other)
	sawExperiments(t, e, core.ExperimentQuery{Filter: "name = '" + x.Name + "'"})
}

func deleteExperimentTwice(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	changeExperiment(t, e, x.ID, core.ExperimentChange{Lifecycle: core.Deleted})
	x.Lifecycle = core.Deleted
	x = movedExperiment(t, e, x)
	err := e.Store.UpdateExperiment(t.Context(), x.ID, core.ExperimentChange{Lifecycle: core.Deleted})
	conformance.Refused(t, "UpdateExperiment", err, core.ErrNotFound, string(x.ID))
	sawExperiment(t, e, x)
}

func deleteMissingExperiment(t check, e *env) {
	const id = "918273645546372819"
	for _, change := range []core.ExperimentChange{
		{Lifecycle: core.Deleted}, {Lifecycle: core.Active}, {Name: ptr(e.Name("renamed"))},
	} {
		err := e.Store.UpdateExperiment(t.Context(), id, change)
		conformance.Refused(t, fmt.Sprintf("UpdateExperiment(%+v)", change), err, core.ErrNotFound, id)
	}
}

func restoreExperiment(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{Tags: map[string]string{"a": "b"}})
	active, deleted := newRun(t, e, x.ID, core.RunSpec{}), newRun(t, e, x.ID, core.RunSpec{})
	changeRun(t, e, deleted.ID, core.RunChange{Lifecycle: core.Deleted})
	changeExperiment(t, e, x.ID, core.ExperimentChange{Lifecycle: core.Deleted})
	changeExperiment(t, e, x.ID, core.ExperimentChange{Lifecycle: core.Active})
	movedExperiment(t, e, x)
	sawRun(t, e, active)
	sawRun(t, e, deleted)
}

func restoreActive(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	deleted := newRun(t, e, x.ID, core.RunSpec{})
	changeRun(t, e, deleted.ID, core.RunChange{Lifecycle: core.Deleted})
	err := e.Store.UpdateExperiment(t.Context(), x.ID, core.ExperimentChange{Lifecycle: core.Active})
	conformance.Refused(t, "UpdateExperiment", err, core.ErrNotFound, string(x.ID))
	sawExperiment(t, e, x)
	deleted.Lifecycle = core.Deleted
	sawRun(t, e, deleted)
}

func defaultExperiment(t check, e *env) {
	e.Observe(t, func(ctx context.Context, s store) error {
		x, err := s.Experiment(ctx, core.ExperimentRef{ID: core.DefaultExperimentID})
		if err == nil && (x.Name != core.DefaultExperimentName || x.Lifecycle != core.Active) {
			return fmt.Errorf("got %+v, want the active experiment %q", x, core.DefaultExperimentName)
		}
		return err
	})
	s := e.Fresh(t) // the experiment is not the sandbox's: the attempt to delete it is made where it must fail
	err := s.UpdateExperiment(t.Context(), core.DefaultExperimentID, core.ExperimentChange{Lifecycle: core.Deleted})
	if err == nil {
		e.Undo(t, "restoring the default experiment", func(ctx context.Context) error {
			return s.UpdateExperiment(ctx, core.DefaultExperimentID, core.ExperimentChange{Lifecycle: core.Active})
		})
	}
	conformance.RefusedAs(t, "deleting the default experiment", err, core.ErrState, core.ErrInvalid, core.ErrPermission)
}

func changeOneThing(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	for _, change := range []core.ExperimentChange{
		{}, {Name: ptr(e.Name("renamed")), Lifecycle: core.Deleted}, {Lifecycle: "retired"}, {Name: ptr("")}, {Name: ptr(" ")},
	} {
		err := e.Store.UpdateExperiment(t.Context(), x.ID, change)
		conformance.Refused(t, fmt.Sprintf("UpdateExperiment(%+v)", change), err, core.ErrInvalid)
	}
	sawExperiment(t, e, x)
}
