package tracking

import (
	"context"
	"fmt"
	"strconv"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func runChangeCases() []entry {
	return []entry{
		{
			ID: "TS-064", Name: "run/update-status-and-end", Run: updateStatus,
			Rule: "Every status can be set; the end time is kept to the millisecond.",
		},
		{
			ID: "TS-065", Name: "run/update-name-only", Run: updateName,
			Rule: "Changing the name changes the name, with its tag, and nothing else.",
		},
		{ID: "TS-066", Name: "run/update-nothing", Run: updateNothing, Rule: "A change of nothing returns the run as it is."},
		{
			ID: "TS-067", Name: "run/update-illegal-status", Run: updateIllegally,
			Rule: "An unknown status is ErrInvalid, without effect.",
		},
		{
			ID: "TS-068", Name: "run/update-deleted", Run: updateDeleted,
			Rule: "A deleted run can only be restored: every other change is ErrState.",
		},
		{ID: "TS-069", Name: "run/reopen-terminal", Run: reopenRun, Rule: "A run that has ended may run again and be logged to (D-6)."},
		{ID: "TS-073", Name: "run/parent-tag", Run: findChildren, Rule: "The tag that names a run's parent is kept and found."},
		{
			ID: "TS-074", Name: "run/other-run-untouched", Run: leaveSiblings,
			Rule: "Whatever is done to one run, its sibling and its experiment stay as they were.",
		},
		{ID: "TS-075", Name: "run/many-tags", Run: manyTags, Rule: "A hundred tags of one run survive."},
		{
			ID: "TS-221", Name: "run/unset-end-time", Run: unsetEnd,
			Rule: "An end time of 0 means that the run has not ended; a change without end time leaves it.",
		},
		{
			ID: "TS-222", Name: "run/lifecycle-alone", Run: lifecycleAlone,
			Rule: "Deleting or restoring a run goes alone; beside another change it is ErrInvalid, without effect.",
		},
	}
}

func updateStatus(t check, e *env) {
	r := newRunAlone(t, e)
	end := core.Millis(1_700_000_000_456)
	for _, status := range []core.RunStatus{core.Scheduled, core.Running, core.Finished, core.Failed, core.Killed} {
		r.Status = status
		info := changeRun(t, e, r.ID, core.RunChange{Status: status})
		conformance.Equal(t, "RunInfo", info, r.RunInfo)
		sawRun(t, e, r)
	}
	r.Status, r.EndTime = core.Finished, end
	conformance.Equal(t, "RunInfo", changeRun(t, e, r.ID, core.RunChange{Status: core.Finished, EndTime: &end}), r.RunInfo)
	sawRun(t, e, r)
}

func updateName(t check, e *env) {
	r := newRunAlone(t, e)
	end := core.Millis(2_000)
	changeRun(t, e, r.ID, core.RunChange{Status: core.Failed, EndTime: &end})
	r.Status, r.EndTime = core.Failed, end
	r.Name, r.Tags = "renamed", with(r.Tags, core.RunNameTag, "renamed")
	conformance.Equal(t, "RunInfo", changeRun(t, e, r.ID, core.RunChange{Name: "renamed"}), r.RunInfo)
	sawRun(t, e, r)
	if n := e.Limits.RunName; n > 0 {
		_, err := e.Store.UpdateRun(t.Context(), r.ID, core.RunChange{Name: padded("n", n+1)})
		conformance.Refused(t, "a name above the limit", err, core.ErrInvalid)
		sawRun(t, e, r)
	}
}

func updateNothing(t check, e *env) {
	r := newRunAlone(t, e)
	conformance.Equal(t, "RunInfo", changeRun(t, e, r.ID, core.RunChange{}), r.RunInfo)
	sawRun(t, e, r)
}

func updateIllegally(t check, e *env) {
	r := newRunAlone(t, e)
	for _, change := range []core.RunChange{
		{Status: 6},
		{Status: -1},
		{EndTime: ptr(core.Millis(-1))},
		{Lifecycle: "retired"},
		{Name: "\xff"},
		{Status: 99, Name: "renamed", EndTime: ptr(core.Millis(5))},
	} {
		_, err := e.Store.UpdateRun(t.Context(), r.ID, change)
		conformance.Refused(t, fmt.Sprintf("UpdateRun(%+v)", change), err, core.ErrInvalid)
	}
	sawRun(t, e, r)
}

func updateDeleted(t check, e *env) {
	r := newRunAlone(t, e)
	changeRun(t, e, r.ID, core.RunChange{Lifecycle: core.Deleted})
	r.Lifecycle = core.Deleted
	for _, change := range []core.RunChange{{Name: "renamed"}, {Status: core.Finished}, {EndTime: ptr(core.Millis(5))}} {
		_, err := e.Store.UpdateRun(t.Context(), r.ID, change)
		conformance.Refused(t, fmt.Sprintf("UpdateRun(%+v)", change), err, core.ErrState, string(r.ID))
	}
	sawRun(t, e, r)
}

func reopenRun(t check, e *env) {
	r := newRunAlone(t, e)
	end := core.Millis(2_000)
	for _, status := range []core.RunStatus{core.Finished, core.Failed, core.Killed} {
		changeRun(t, e, r.ID, core.RunChange{Status: status, EndTime: &end})
		changeRun(t, e, r.ID, core.RunChange{Status: core.Running})
	}
	logMetrics(t, e, r.ID, point("loss", 1, 1))
	r.EndTime, r.Metrics = end, byKey(point("loss", 1, 1))
	sawRun(t, e, r)
}

func findChildren(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	parent := newRun(t, e, x.ID, core.RunSpec{})
	child := newRun(t, e, x.ID, core.RunSpec{Tags: map[string]string{core.ParentRunTag: string(parent.ID)}})
	sawRun(t, e, child)
	filter := fmt.Sprintf("tags.%s = '%s'", core.ParentRunTag, parent.ID)
	sawRuns(t, e, core.RunQuery{Experiments: []core.ExperimentID{x.ID}, Filter: filter}, child.ID)
}

func leaveSiblings(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{Tags: map[string]string{"a": "1"}})
	one, two := newRun(t, e, x.ID, core.RunSpec{Name: "twin"}), newRun(t, e, x.ID, core.RunSpec{Name: "twin"})
	same := core.Batch{
		Metrics: []core.Metric{point("m", 1, 1)}, Params: []core.Param{{Key: "p", Value: "1"}},
		Tags: []core.Tag{{Key: "t", Value: "1"}},
	}
	logBatch(t, e, one.ID, same)
	logBatch(t, e, two.ID, same)
	two.Metrics, two.Params, two.Tags = byKey(point("m", 1, 1)), map[string]string{"p": "1"}, with(two.Tags, "t", "1")

	logBatch(t, e, one.ID, core.Batch{
		Metrics: []core.Metric{point("m", 2, 2), point("n", 2, 2)}, Params: []core.Param{{Key: "q", Value: "2"}},
		Tags: []core.Tag{{Key: "t", Value: "2"}},
	})
	conformance.NoError(t, "ChangeRunTags",
		e.Store.ChangeRunTags(t.Context(), one.ID, core.TagChange{Set: map[string]string{"u": "2"}, Delete: []string{"t"}}))
	changeRun(t, e, one.ID, core.RunChange{Name: "other", Status: core.Failed, EndTime: ptr(core.Millis(7))})
	changeRun(t, e, one.ID, core.RunChange{Lifecycle: core.Deleted})
	changeRun(t, e, one.ID, core.RunChange{Lifecycle: core.Active})
	if lineage, ok := core.As[core.Lineage](e.Store); ok && e.Info.Has("lineage") {
		conformance.NoError(t, "LogInputs", lineage.LogInputs(t.Context(), one.ID, core.Inputs{Models: []core.ModelID{"m-1"}}))
	}
	sawRun(t, e, two)
	sawHistory(t, e, two.ID, "m", point("m", 1, 1))
	sawHistory(t, e, two.ID, "n")
	sawExperiment(t, e, x)
}

func manyTags(t check, e *env) {
	r := newRunAlone(t, e)
	var batch core.Batch
	for i := range 100 {
		tag := core.Tag{Key: "tag/" + strconv.Itoa(i), Value: strconv.Itoa(i * i)}
		batch.Tags = append(batch.Tags, tag)
		r.Tags = with(r.Tags, tag.Key, tag.Value)
	}
	logBatch(t, e, r.ID, batch)
	sawRun(t, e, r)
}

func unsetEnd(t check, e *env) {
	r := newRunAlone(t, e)
	end, none := core.Millis(2_000), core.Millis(0)
	changeRun(t, e, r.ID, core.RunChange{Status: core.Finished, EndTime: &end})
	changeRun(t, e, r.ID, core.RunChange{Status: core.Running})
	r.EndTime = end
	sawRun(t, e, r)
	changeRun(t, e, r.ID, core.RunChange{EndTime: &none})
	r.EndTime = 0
	sawRun(t, e, r)
}

func lifecycleAlone(t check, e *env) {
	r := newRunAlone(t, e)
	for _, change := range []core.RunChange{
		{Lifecycle: core.Deleted, Name: "renamed"},
		{Lifecycle: core.Active, Status: core.Finished},
		{Lifecycle: core.Deleted, EndTime: ptr(core.Millis(5))},
	} {
		_, err := e.Store.UpdateRun(t.Context(), r.ID, change)
		conformance.Refused(t, fmt.Sprintf("UpdateRun(%+v)", change), err, core.ErrInvalid)
	}
	sawRun(t, e, r)
}

func runDeletionCases() []entry {
	return []entry{
		{
			ID: "TS-063", Name: "run/get-deleted", Run: getDeletedRun,
			Rule: "A deleted run is still read, whole, and says that it is deleted.",
		},
		{
			ID: "TS-070", Name: "run/delete-restore", Run: deleteAndRestore,
			Rule: "A run that is deleted and restored has all that it had.",
		},
		{
			ID: "TS-071", Name: "run/delete-idempotent", Run: deleteRunTwice,
			Rule: "Deleting or restoring a run twice succeeds and changes nothing (D-5).",
		},
		{
			ID: "TS-072", Name: "run/delete-hides-from-search", Run: hideDeletedRun,
			Rule: "The default view leaves deleted runs out, the view of deleted ones shows them.",
		},
	}
}

// loggedRun creates a run that has some of everything.
func loggedRun(t check, e *env) core.Run {
	t.Helper()
	r := newRunAlone(t, e)
	logBatch(t, e, r.ID, core.Batch{
		Metrics: []core.Metric{point("loss", 2, 1), point("loss", 1, 2)}, Params: []core.Param{{Key: "lr", Value: "0.1"}},
		Tags: []core.Tag{{Key: "team", Value: "vision"}},
	})
	r.Metrics, r.Params = byKey(point("loss", 1, 2)), map[string]string{"lr": "0.1"}
	r.Tags = with(r.Tags, "team", "vision")
	return r
}

func getDeletedRun(t check, e *env) {
	began := core.Now()
	r := loggedRun(t, e)
	info := changeRun(t, e, r.ID, core.RunChange{Lifecycle: core.Deleted})
	if info.DeletedAt != 0 {
		e.CheckTime(t, "DeletedAt", info.DeletedAt, began)
	}
	r.Lifecycle = core.Deleted
	sawRun(t, e, r)
	sawHistory(t, e, r.ID, "loss", point("loss", 2, 1), point("loss", 1, 2))
}

func deleteAndRestore(t check, e *env) {
	r := loggedRun(t, e)
	changeRun(t, e, r.ID, core.RunChange{Lifecycle: core.Deleted})
	conformance.Equal(t, "RunInfo", changeRun(t, e, r.ID, core.RunChange{Lifecycle: core.Active}), r.RunInfo)
	sawRun(t, e, r)
	sawHistory(t, e, r.ID, "loss", point("loss", 2, 1), point("loss", 1, 2))
	logMetrics(t, e, r.ID, point("loss", 0, 3))
}

func deleteRunTwice(t check, e *env) {
	r := loggedRun(t, e)
	conformance.Equal(t, "restoring an active run", changeRun(t, e, r.ID, core.RunChange{Lifecycle: core.Active}), r.RunInfo)
	first := changeRun(t, e, r.ID, core.RunChange{Lifecycle: core.Deleted})
	second := changeRun(t, e, r.ID, core.RunChange{Lifecycle: core.Deleted})
	second.DeletedAt = first.DeletedAt
	conformance.Equal(t, "deleting a deleted run", second, first)
	r.Lifecycle = core.Deleted
	sawRun(t, e, r)
}

func hideDeletedRun(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	kept, gone := newRun(t, e, x.ID, core.RunSpec{StartTime: 2}), newRun(t, e, x.ID, core.RunSpec{StartTime: 1})
	changeRun(t, e, gone.ID, core.RunChange{Lifecycle: core.Deleted})
	in := []core.ExperimentID{x.ID}
	sawRuns(t, e, core.RunQuery{Experiments: in}, kept.ID)
	sawRuns(t, e, core.RunQuery{Experiments: in, View: core.DeletedOnly}, gone.ID)
	sawRuns(t, e, core.RunQuery{Experiments: in, View: core.AllStages}, kept.ID, gone.ID)
	changeRun(t, e, gone.ID, core.RunChange{Lifecycle: core.Active})
	sawRuns(t, e, core.RunQuery{Experiments: in}, kept.ID, gone.ID)
}

// sawRuns observes the ids that a search finds, in order.
func sawRuns(t check, e *env, q core.RunQuery, want ...core.RunID) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := searchRuns(ctx, s, q)
		return differs(fmt.Sprintf("SearchRuns(filter %q, order %q, view %d, limit %d)", q.Filter, q.OrderBy, q.View, q.Limit),
			ids(got), want, err)
	})
}

func searchRuns(ctx context.Context, s store, q core.RunQuery) ([]core.Run, error) {
	return collect(core.All(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Run], error) {
		q.PageOptions = o
		return s.SearchRuns(ctx, q)
	}, q.PageOptions))
}

func ids(runs []core.Run) []core.RunID {
	all := make([]core.RunID, 0, len(runs))
	for _, r := range runs {
		all = append(all, r.ID)
	}
	return all
}
