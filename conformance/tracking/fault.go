package tracking

import (
	"context"
	"slices"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func faultCases() []entry {
	faults := []conformance.Hook{conformance.FaultsHook}
	return []entry{
		{
			ID: "TS-187", Name: "fault/lost-request", Level: conformance.Extended, Hooks: faults, Run: overPath(lostRequest),
			Rule: "A call that does not arrive is ErrUnavailable and has no effect; made again, it has one.",
		},
		{
			ID: "TS-188", Name: "fault/reset-mid-reply", Level: conformance.Extended, Hooks: faults, Run: overPath(brokenReply),
			Rule: "An answer that breaks off is ErrUnavailable, never a part of it; asked again, it comes whole.",
		},
		{
			ID: "TS-189", Name: "fault/stalled-backend", Level: conformance.Extended, Hooks: faults, Run: overPath(stalled),
			Rule: "Every call of a store that does not answer ends by its deadline.",
		},
		{
			ID: "TS-190", Name: "fault/backend-restart", Level: conformance.Extended, Run: restarted,
			Hooks: []conformance.Hook{conformance.RestartHook},
			Rule:  "A handle goes on when what keeps its data has been started anew, and what was confirmed is there.",
		},
		{
			ID: "TS-191", Name: "fault/cut-between-pages", Level: conformance.Extended, Hooks: faults, Run: overPath(cutBetweenPages),
			Rule: "A token goes on where it was after calls that were lost.",
		},
		{
			ID: "TS-192", Name: "fault/read-only", Level: conformance.Extended, Hooks: []conformance.Hook{conformance.ReadOnlyHook},
			Run:  readOnly,
			Rule: "A store that was opened for reading refuses every change with ErrPermission, without effect.",
		},
	}
}

// overPath makes the function of a case from one that also has a handle over a path that breaks.
func overPath(f func(check, *env, store, conformance.Faults)) func(check, *env) {
	return func(t check, e *env) {
		over, faults := e.Faulty(t)
		defer faults.Heal() // before the clean-up
		f(t, e, over, faults)
	}
}

// breaks arms the fault, or leaves the case.
func breaks(t check, faults conformance.Faults, f conformance.Fault) {
	t.Helper()
	if !faults.Break(f) {
		t.Skipf("the harness cannot break the path by %s", f)
	}
}

func lostRequest(t check, e *env, over store, faults conformance.Faults) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	r := newRun(t, e, x.ID, core.RunSpec{StartTime: 1_000})
	name, renamed := e.Name("late"), e.Name("renamed")
	calls := []call{
		{"CreateExperiment", true, func(ctx context.Context, s store) error {
			created, err := s.CreateExperiment(ctx, core.ExperimentSpec{Name: name})
			if err == nil {
				forget(t, e, e.Store, created.ID) //nolint:contextcheck // the clean-up outlives the call
			}
			return err
		}},
		{"UpdateExperiment", true, func(ctx context.Context, s store) error {
			return s.UpdateExperiment(ctx, x.ID, core.ExperimentChange{Name: &renamed})
		}},
		{"UpdateRun", true, func(ctx context.Context, s store) error {
			_, err := s.UpdateRun(ctx, r.ID, core.RunChange{Name: "renamed"})
			return err
		}},
		{"LogBatch", true, func(ctx context.Context, s store) error {
			batch := metrics(point("m", 1, 1))
			batch.Params = []core.Param{{Key: "p", Value: "v"}}
			return s.LogBatch(ctx, r.ID, batch)
		}},
		{"ChangeRunTags", true, func(ctx context.Context, s store) error {
			return s.ChangeRunTags(ctx, r.ID, core.TagChange{Set: map[string]string{"t": "v"}})
		}},
	}
	for _, c := range calls {
		breaks(t, faults, conformance.LoseRequest)
		err := c.do(t.Context(), over)
		faults.Heal()
		if err == nil { // whoever repeats it by itself may succeed
			continue
		}
		conformance.Refused(t, c.name+" that does not arrive", err, core.ErrUnavailable)
		if c.name == "CreateExperiment" {
			missingByName(t, e, name)
		}
		conformance.NoError(t, c.name+" made again", c.do(t.Context(), over))
	}
	foundExperiments(t, e, core.ExperimentQuery{Filter: "name = '" + name + "'"}, name)
	foundExperiments(t, e, core.ExperimentQuery{Filter: "name = '" + renamed + "'"}, renamed)
	sawHistory(t, e, r.ID, "m", point("m", 1, 1))
	r.Name, r.Params, r.Metrics = "renamed", map[string]string{"p": "v"}, byKey(point("m", 1, 1))
	r.Tags = with(with(r.Tags, "t", "v"), core.RunNameTag, "renamed")
	sawRun(t, e, r)
}

func brokenReply(t check, e *env, over store, faults conformance.Faults) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	r := newRun(t, e, x.ID, core.RunSpec{StartTime: 1_000})
	var points []core.Metric
	for i := range 500 {
		points = append(points, point("m", float64(i), int64(i)))
	}
	logMetrics(t, e, r.ID, points...)
	r.Metrics = byKey(points...)
	for range 5 {
		breaks(t, faults, conformance.Reset)
		got, err := over.Run(t.Context(), r.ID)
		wholeOrNot(t, "Run", got, r, err)
		breaks(t, faults, conformance.Reset)
		page, err := over.MetricHistory(t.Context(), r.ID, "m", core.HistoryOptions{})
		wholeOrNot(t, "MetricHistory", page.Items, points, err)
		breaks(t, faults, conformance.Reset)
		runs, err := over.SearchRuns(t.Context(), core.RunQuery{Experiments: []core.ExperimentID{x.ID}})
		wholeOrNot(t, "SearchRuns", runs.Items, []core.Run{r}, err)
		faults.Heal()
	}
	got, err := over.Run(t.Context(), r.ID)
	conformance.NoError(t, "Run over a path that is whole again", err)
	conformance.Equal(t, "the run", got, r)
}

// wholeOrNot holds an answer over a path that breaks to be an error, or whole.
func wholeOrNot[V any](t check, what string, got, want V, err error) {
	t.Helper()
	if err != nil {
		conformance.Refused(t, what+" whose answer breaks off", err, core.ErrUnavailable)
		return
	}
	conformance.Equal(t, what+" whose answer breaks off, without an error", got, want)
}

func stalled(t check, e *env, over store, faults conformance.Faults) {
	const given, more = 200 * time.Millisecond, time.Second
	r := loggedRun(t, e)
	x, err := e.Store.Experiment(t.Context(), core.ExperimentRef{ID: r.ExperimentID})
	conformance.NoError(t, "Experiment", err)
	breaks(t, faults, conformance.Stall)
	for _, c := range allCalls(x, r, e.Name("late")) {
		ctx, cancel := context.WithTimeout(t.Context(), given)
		err := conformance.Ends(t, given+more, c.name+" of a store that does not answer", func() error { return c.do(ctx, over) })
		cancel()
		if err == nil && c.name == "Describe" { // what a handle knows needs no answer
			continue
		}
		conformance.RefusedAs(t, c.name+" of a store that does not answer", err, context.DeadlineExceeded, core.ErrUnavailable)
	}
	faults.Heal()
	conformance.NoError(t, "LogBatch when it answers again", over.LogBatch(t.Context(), r.ID, metrics(point("again", 1, 1))))
	sawHistory(t, e, r.ID, "again", point("again", 1, 1))
}

func restarted(t check, e *env) {
	s := e.Fresh(t)
	x := newExperimentIn(t, e, s, core.ExperimentSpec{})
	r, err := s.CreateRun(t.Context(), x.ID, core.RunSpec{StartTime: 1_000})
	conformance.NoError(t, "CreateRun", err)
	for i := range int64(3) {
		conformance.NoError(t, "LogBatch", s.LogBatch(t.Context(), r.ID, metrics(point("m", float64(i), i))))
		e.Restart(t, s)
		got, err := s.Run(t.Context(), r.ID)
		conformance.NoError(t, "the first call after a restart", err)
		conformance.Equal(t, "latest step", got.Metrics["m"].Step, i)
	}
	conformance.NoError(t, "LogBatch after a restart", s.LogBatch(t.Context(), r.ID, metrics(point("m", 9, 9))))
	points, err := history(t.Context(), s, r.ID, "m", 1)
	conformance.NoError(t, "MetricHistory", err)
	conformance.Equal(t, "points", points, []core.Metric{point("m", 0, 0), point("m", 1, 1), point("m", 2, 2), point("m", 9, 9)})
}

func cutBetweenPages(t check, e *env, over store, faults conformance.Faults) {
	const n, limit = 9, 2
	x := newExperiment(t, e, core.ExperimentSpec{})
	var want, got []core.RunID
	for i := range n {
		want = append(want, newRun(t, e, x.ID, core.RunSpec{StartTime: core.Millis(i)}).ID)
	}
	slices.Reverse(want)
	q := core.RunQuery{Experiments: []core.ExperimentID{x.ID}, PageOptions: core.PageOptions{Limit: limit}}
	cuts := []conformance.Fault{conformance.LoseRequest, conformance.LoseReply, conformance.Reset}
	for i := 0; ; i++ {
		armed := faults.Break(cuts[i%len(cuts)])
		page, err := over.SearchRuns(t.Context(), q)
		faults.Heal()
		if err != nil && armed {
			conformance.Refused(t, "a page that is lost", err, core.ErrUnavailable)
			page, err = over.SearchRuns(t.Context(), q)
		}
		conformance.NoError(t, "the page asked for again", err)
		for _, r := range page.Items {
			got = append(got, r.ID)
		}
		if q.Token = page.Next; q.Token == "" || len(got) > n {
			break
		}
	}
	conformance.Equal(t, "the runs of all pages", got, want)
}

func readOnly(t check, e *env) {
	r := loggedRun(t, e)
	x, err := e.Store.Experiment(t.Context(), core.ExperimentRef{ID: r.ExperimentID})
	conformance.NoError(t, "Experiment", err)
	reader := e.ReadOnly(t)
	name := e.Name("late")
	for _, c := range append(allCalls(x, r, name), abilityCalls(e, x, r)...) {
		err := c.do(t.Context(), reader)
		if !c.mutation {
			conformance.NoError(t, c.name+" of what may only be read", err)
			continue
		}
		conformance.Refused(t, c.name+" of what may only be read", err, core.ErrPermission)
	}
	missingByName(t, e, name)
	sawExperiment(t, e, x)
	sawRun(t, e, r)
	sawRuns(t, e, core.RunQuery{Experiments: []core.ExperimentID{x.ID}}, r.ID)
}
