package mlflow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry"
)

// statusOf is the status that the store of the session has for a run.
func statusOf(t *testing.T, s *session, id core.RunID) core.RunStatus {
	t.Helper()
	c, err := s.client(t.Context())
	must(t, err)
	return stored(t, c, id).Status
}

func begin(t *testing.T, s *session, o RunOptions) *Run {
	t.Helper()
	run, err := s.start(t.Context(), o)
	must(t, err)
	return run
}

func TestStack(t *testing.T) {
	t.Parallel()
	s, ctx := aSession(t, nil), t.Context()
	if s.top() != nil {
		t.Fatal("a run is active at first")
	}
	if _, err := s.lastRun(ctx); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("the last run of none: %v", err)
	}
	must(t, s.end(ctx, core.Failed)) // without a run: nothing
	outer := begin(t, s, RunOptions{Nested: true})
	inner := begin(t, s, RunOptions{Nested: true})
	innermost := begin(t, s, RunOptions{Nested: true, ParentRunID: inner.ID()})
	if s.top() != innermost {
		t.Error("the innermost run is not the active one")
	}
	_, err := s.start(ctx, RunOptions{})
	if !errors.Is(err, core.ErrState) || !strings.Contains(err.Error(), "Run with UUID "+string(outer.ID())+" is already active") {
		t.Errorf("a second run: %v", err)
	}
	if _, err := s.start(ctx, RunOptions{Nested: true, ParentRunID: outer.ID()}); !errors.Is(err, core.ErrState) {
		t.Errorf("a parent that is not the active run: %v", err)
	}
	c, err := s.client(ctx)
	must(t, err)
	for child, parent := range map[*Run]core.RunID{outer: "", inner: outer.ID(), innermost: inner.ID()} {
		if got := stored(t, c, child.ID()).Tags[core.ParentRunTag]; got != string(parent) {
			t.Errorf("%s is nested in %q, not in %q", child.ID(), got, parent)
		}
	}
	must(t, s.end(ctx, core.Failed))
	if s.top() != inner || statusOf(t, s, innermost.ID()) != core.Failed || statusOf(t, s, inner.ID()) != core.Running {
		t.Error("more or less than the innermost run was ended")
	}
	must(t, s.end(ctx, 0))
	if last, err := s.lastRun(ctx); err != nil || last.ID != outer.ID() {
		t.Errorf("the last run is %s, %v, not the active one", last.ID, err)
	}
	must(t, s.end(ctx, 0))
	if last, err := s.lastRun(ctx); err != nil || last.ID != outer.ID() || last.Status != core.Finished {
		t.Errorf("the last run is %s, %v, not the one that ended last", last.ID, err)
	}
	begin(t, s, RunOptions{})
}

func TestFirstCallStartsARun(t *testing.T) {
	t.Parallel()
	s := aSession(t, nil)
	var wait sync.WaitGroup
	runs := make(chan core.RunID, 8)
	for i := range 8 {
		wait.Go(func() {
			run, err := s.active(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			if err := run.LogMetric(t.Context(), "m", 1, int64(i)); err != nil {
				t.Error(err)
			}
			runs <- run.ID()
		})
	}
	wait.Wait()
	close(runs)
	first := s.top().ID()
	for id := range runs {
		if id != first {
			t.Errorf("a second run, %s, was started", id)
		}
	}
	if statusOf(t, s, first) != core.Running {
		t.Error("the run did not stay open")
	}
}

func TestWaitingForATurnEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s := aSession(t, nil)
	unlock, err := s.lock(t.Context())
	must(t, err)
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range []error{second(s.start(ctx, RunOptions{})), s.end(ctx, 0), s.endThrough(ctx, "x", 0)} {
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func TestWithinEndsItsRun(t *testing.T) {
	t.Parallel()
	s := aSession(t, nil)
	var outer, left, early core.RunID
	err := s.within(t.Context(), RunOptions{}, func(ctx context.Context, run *Run) error {
		outer = run.ID()
		err := s.within(ctx, RunOptions{Nested: true}, func(ctx context.Context, run *Run) error {
			early = run.ID()
			return s.end(ctx, core.Killed) // which must not end the outer one later
		})
		still, getErr := run.client.GetRun(ctx, outer)
		if still.Status != core.Running {
			t.Errorf("the outer run is %v already", still.Status)
		}
		open, startErr := s.start(ctx, RunOptions{Nested: true})
		left = open.ID()
		return errors.Join(err, getErr, startErr)
	})
	must(t, err)
	for id, want := range map[core.RunID]core.RunStatus{outer: core.Finished, left: core.Finished, early: core.Killed} {
		if got := statusOf(t, s, id); got != want {
			t.Errorf("%s is %v, want %v", id, got, want)
		}
	}
	if s.top() != nil {
		t.Error("a run is still active")
	}
	err = s.within(t.Context(), RunOptions{}, func(_ context.Context, run *Run) error {
		outer = run.ID()
		return errors.New("no")
	})
	if err == nil || statusOf(t, s, outer) != core.Failed {
		t.Errorf("after an error: %v, %v", err, statusOf(t, s, outer))
	}
}

func TestFinish(t *testing.T) {
	t.Parallel()
	for panicking, want := range map[bool][]core.RunStatus{
		false: {core.Running, core.Finished}, // as Python's atexit: the active run alone
		true:  {core.Failed, core.Failed},
	} {
		s := aSession(t, nil)
		runs := []*Run{begin(t, s, RunOptions{}), begin(t, s, RunOptions{Nested: true})}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // which must not matter
		must(t, s.finish(ctx, panicking))
		for i, run := range runs {
			if got := statusOf(t, s, run.ID()); got != want[i] {
				t.Errorf("panicking %v: run %d is %v, want %v", panicking, i, got, want[i])
			}
		}
		if err := runs[0].LogMetric(t.Context(), "m", 1, 0); !errors.Is(err, core.ErrClosed) {
			t.Errorf("the store is still open: %v", err)
		}
	}
}

func TestFailedEndLeavesTheStack(t *testing.T) {
	t.Parallel()
	s := aSession(t, nil)
	run := begin(t, s, RunOptions{})
	must(t, run.client.DeleteRun(t.Context(), run.ID())) // so that it cannot be ended
	if err := s.end(t.Context(), 0); !errors.Is(err, core.ErrState) {
		t.Error(err)
	}
	if s.top() != nil || len(s.live) > 0 {
		t.Error("the run is still active")
	}
}

func TestSetExperiment(t *testing.T) {
	t.Parallel()
	s, ctx := aSession(t, map[string]string{"MLFLOW_EXPERIMENT_NAME": "ignored"}), t.Context()
	made, err := s.setExperiment(ctx, core.ExperimentRef{Name: "iris"})
	must(t, err)
	if again, err := s.setExperiment(ctx, core.ExperimentRef{Name: "iris"}); err != nil || again.ID != made.ID {
		t.Errorf("the second time: %+v, %v", again, err)
	}
	if getenv(s.env, "MLFLOW_EXPERIMENT_ID") != string(made.ID) {
		t.Error("child processes do not learn of the experiment")
	}
	if run := begin(t, s, RunOptions{}); run.Info().ExperimentID != made.ID {
		t.Errorf("the run is in %s, not in %s", run.Info().ExperimentID, made.ID)
	}
	if _, id, err := s.resolved(ctx); err != nil || id != made.ID {
		t.Errorf("the experiment for tags is %s, %v", id, err)
	}
	nested := begin(t, s, RunOptions{Nested: true, ExperimentID: "0"})
	if nested.Info().ExperimentID != "0" {
		t.Error("the argument did not win")
	}
	must(t, s.end(ctx, 0))
	must(t, s.end(ctx, 0))
	if _, err := s.start(ctx, RunOptions{RunID: nested.ID()}); !errors.Is(err, core.ErrState) {
		t.Errorf("resume a run of another experiment: %v", err)
	}
	c, err := s.client(ctx)
	must(t, err)
	must(t, c.DeleteExperiment(ctx, made.ID))
	for _, ref := range []core.ExperimentRef{{Name: "iris"}, {ID: made.ID}} {
		if _, err := s.setExperiment(ctx, ref); !errors.Is(err, core.ErrInvalid) ||
			!strings.Contains(err.Error(), "Cannot set a deleted experiment") {
			t.Errorf("%+v, deleted: %v", ref, err)
		}
	}
	for ref, want := range map[core.ExperimentRef]error{
		{}: core.ErrInvalid, {Name: " "}: core.ErrInvalid, {ID: "4711"}: core.ErrNotFound,
	} {
		if _, err := s.setExperiment(ctx, ref); !errors.Is(err, want) {
			t.Errorf("%+v: %v", ref, err)
		}
	}
	if s.activeExperiment() != made.ID {
		t.Error("a refused experiment became the active one")
	}
	if found, err := s.setExperiment(ctx, core.ExperimentRef{ID: "0"}); err != nil || found.Name != "Default" {
		t.Errorf("by id: %+v, %v", found, err)
	}
}

func TestURIs(t *testing.T) {
	t.Parallel()
	uris := func(s *session) string {
		tracking, models, err := s.choose().uris()
		return fmt.Sprint(tracking.Raw(), " ", models.Raw(), " ", err, " ", s.trackingSet())
	}
	s := newSession(environment(nil))
	if got := uris(s); !strings.Contains(got, "/mlruns ") || !strings.HasSuffix(got, "<nil> false") {
		t.Errorf("the default is %s", got)
	}
	s = aSession(t, nil)
	steps := []struct {
		do   func() error
		want string
	}{
		{func() error { return nil }, "mem://main mem://main <nil> true"},
		{func() error { return s.env.Setenv("MLFLOW_REGISTRY_URI", "mem://env") }, "mem://main mem://env <nil> true"},
		{func() error { return s.setRegistry("mem://set") }, "mem://main mem://set <nil> true"},
		{func() error { return s.env.Unsetenv("MLFLOW_REGISTRY_URI") }, "mem://main mem://set <nil> true"},
		{func() error { return s.setRegistry("") }, "mem://main mem://main <nil> true"},
		{func() error { return s.setTracking("mem://other") }, "mem://other mem://other <nil> true"},
		{func() error { return s.env.Unsetenv("MLFLOW_TRACKING_URI") }, "mem://other mem://other <nil> true"},
		{func() error { return s.setTracking("databricks://p") }, "databricks://p databricks-uc://p <nil> true"},
	}
	for i, step := range steps {
		must(t, step.do())
		if got := uris(s); got != step.want {
			t.Errorf("step %d: %s, want %s", i, got, step.want)
		}
	}
	if got := getenv(s.env, registry.TrackingVariable); got != "databricks://p" {
		t.Errorf("child processes see %q", got)
	}
	must(t, s.setRegistry("mem://child"))
	if got := getenv(s.env, registry.RegistryVariable); got != "mem://child" {
		t.Errorf("child processes see %q", got)
	}
	for _, bad := range []string{"a\x00b", " mem:", "mem://\xff"} {
		for _, err := range []error{s.setTracking(bad), s.setRegistry(bad)} {
			if !errors.Is(err, core.ErrInvalid) {
				t.Errorf("%q: %v", bad, err)
			}
		}
	}
	must(t, s.setTracking(""))
	if tracking, _, err := s.choose().uris(); err != nil || !strings.HasSuffix(tracking.Raw(), "mlruns") || !s.trackingSet() {
		t.Errorf(`"" is %s, %v`, tracking, err)
	}
}

func TestUnknownStore(t *testing.T) {
	t.Parallel()
	s := aSession(t, map[string]string{"MLFLOW_TRACKING_URI": "nosuch://user:secret@host"})
	_, err := s.start(t.Context(), RunOptions{})
	if err == nil || !strings.Contains(err.Error(), "nosuch") || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
	if s.top() != nil {
		t.Error("a run is active")
	}
}

// As in MLflow, the store that is chosen now gets all calls, also those for the run that is active; a handle keeps its own.
func TestSetTrackingURIRedirectsTheActiveRun(t *testing.T) {
	t.Parallel()
	s, ctx := aSession(t, nil), t.Context()
	run := begin(t, s, RunOptions{})
	must(t, s.setTracking("mem://other"))
	elsewhere, err := s.active(ctx)
	must(t, err)
	if err := elsewhere.LogMetric(ctx, "m", 1, 0); !errors.Is(err, core.ErrNotFound) || elsewhere.ID() != run.ID() {
		t.Errorf("the other store took a point of run %s: %v", elsewhere.ID(), err)
	}
	must(t, run.LogMetric(ctx, "m", 1, 0))
	must(t, s.setTracking("mem://main"))
	back, err := s.active(ctx)
	must(t, err)
	must(t, back.LogMetric(ctx, "m", 2, 1))
	must(t, s.end(ctx, 0))
	if got := stored(t, run.client, run.ID()); got.Metrics["m"].Value != 2 || got.Status != core.Finished {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff(2, len(s.clients)); diff != "" {
		t.Errorf("clients (-want +got):\n%s", diff)
	}
}

func TestEndRemovesTheRunIDFromTheEnvironment(t *testing.T) {
	t.Parallel()
	s := aSession(t, nil)
	begin(t, s, RunOptions{})
	must(t, s.env.Setenv("MLFLOW_RUN_ID", "0123456789abcdef0123456789abcdef"))
	must(t, s.end(t.Context(), 0))
	if _, set := s.env.LookupEnv("MLFLOW_RUN_ID"); set {
		t.Error("it is still set")
	}
}

func TestSignalsAreWatchedWhileRunsAreActive(t *testing.T) {
	t.Parallel()
	s := aSession(t, nil)
	watched := func() bool {
		s.signals.mu.Lock()
		defer s.signals.mu.Unlock()
		return s.signals.stop != nil
	}
	begin(t, s, RunOptions{})
	if watched() {
		t.Error("signals are watched although that is switched off")
	}
	s.setSignals(true)
	begin(t, s, RunOptions{Nested: true})
	if !watched() {
		t.Error("signals are not watched although a run is active")
	}
	must(t, s.end(t.Context(), 0))
	if !watched() {
		t.Error("signals are no longer watched although a run is active")
	}
	must(t, s.end(t.Context(), 0))
	if watched() {
		t.Error("signals are watched although no run is active")
	}
	begin(t, s, RunOptions{})
	s.setSignals(false)
	if watched() {
		t.Error("signals are still watched after that was switched off")
	}
}
