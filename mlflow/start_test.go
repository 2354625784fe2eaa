package mlflow

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
)

func TestNewRunHasTheTagsOfMLflow(t *testing.T) {
	t.Parallel()
	c := newClient(t, map[string]string{
		"MLFLOW_RUN_CONTEXT": `{"cluster": "a1", "cores": 8, "ratio": 1e-5, "spot": true, "mlflow.user": "context"}`,
	})
	run := start(t, c, RunOptions{
		Name: "baseline", Description: "first try", Tags: map[string]string{"cluster": "mine", "mlflow.runName": "other"},
	})
	got := stored(t, c, run.ID())
	for key, want := range map[string]string{
		"cluster": "mine", "cores": "8", "ratio": "1e-05", "spot": "True", core.UserTag: "context",
		core.NoteTag: "first try", core.RunNameTag: "baseline", core.SourceTypeTag: "LOCAL",
	} {
		if got.Tags[key] != want {
			t.Errorf("tag %s is %q, want %q", key, got.Tags[key], want)
		}
	}
	if got.User != "context" || got.Name != "baseline" || got.Status != core.Running || got.StartTime == 0 || got.EndTime != 0 {
		t.Errorf("the run is %+v", got.RunInfo)
	}
	if !strings.Contains(got.Tags[core.SourceNameTag], "mlflow.test") {
		t.Errorf("the source is %q, not this program", got.Tags[core.SourceNameTag])
	}
}

func TestUserIsTheTrackingServersThenTheSystems(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"USER": "ada", "LOGNAME": "lovelace"}, "lovelace"},
		{map[string]string{"USER": "ada"}, "ada"},
		{map[string]string{"USER": "ada", "MLFLOW_TRACKING_USERNAME": "remote"}, "remote"},
	} {
		if got := userName(environment(test.env)); got != test.want {
			t.Errorf("with %v: %s", test.env, got)
		}
	}
}

func TestBadRunContextIsIgnored(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", "[1]", `{"a": 1} {"b": 2}`, "null"} {
		c := newClient(t, map[string]string{"MLFLOW_RUN_CONTEXT": text})
		tags := stored(t, c, start(t, c, RunOptions{}).ID()).Tags
		if tags["a"] != "" || tags[core.UserTag] != "ada" {
			t.Errorf("%q gave %v", text, tags)
		}
	}
}

func TestDescriptionClashes(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	existing := start(t, c, RunOptions{})
	for _, id := range []core.RunID{"", existing.ID()} {
		_, err := c.StartRun(t.Context(), RunOptions{
			RunID: id, Description: "a", Tags: map[string]string{core.NoteTag: "b"},
		})
		if !errors.Is(err, core.ErrInvalid) || !strings.Contains(err.Error(), "Description is already set via the tag") {
			t.Errorf("run %q: %v", id, err)
		}
	}
	if runs, err := c.SearchRuns(t.Context(), RunSearch{}); err != nil || len(runs) != 1 {
		t.Errorf("%d runs, %v: the refused one was created", len(runs), err)
	}
}

func TestOptionsStayAsTheyWere(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	tags := map[string]string{"a": "1"}
	start(t, c, RunOptions{Name: "n", Description: "d", Tags: tags})
	if diff := cmp.Diff(map[string]string{"a": "1"}, tags); diff != "" {
		t.Errorf("StartRun changed the caller's tags (-want +got):\n%s", diff)
	}
}

func TestResume(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	first := start(t, c, RunOptions{Name: "first", Tags: map[string]string{"kept": "yes"}})
	must(t, first.LogParam(t.Context(), "p", 1))
	must(t, first.End(t.Context(), core.Failed))
	before := stored(t, c, first.ID())
	if before.Status != core.Failed || before.EndTime == 0 {
		t.Fatalf("the run ended as %+v", before.RunInfo)
	}
	again := start(t, c, RunOptions{
		RunID: first.ID(), ExperimentID: "77", ParentRunID: "nobody", Name: "renamed", Tags: map[string]string{"new": "1"}, Description: "d",
	})
	got := stored(t, c, again.ID())
	want := before
	want.Status, want.EndTime, want.Name = core.Running, 0, "renamed" // D-23: the end time is unset
	want.Tags = map[string]string{}
	for key, value := range before.Tags {
		want.Tags[key] = value
	}
	want.Tags["new"], want.Tags[core.NoteTag], want.Tags[core.RunNameTag] = "1", "d", "renamed"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("resumed (-want +got):\n%s", diff)
	}
	if again.Info().Status != core.Running {
		t.Errorf("the handle says %v", again.Info().Status)
	}
}

func TestResumeRefuses(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	deleted := start(t, c, RunOptions{})
	must(t, c.DeleteRun(t.Context(), deleted.ID()))
	elsewhere := start(t, c, RunOptions{})
	for _, test := range []struct {
		name   string
		id     core.RunID
		active core.ExperimentID
		want   error
		text   string
	}{
		{"malformed", "../etc", "", core.ErrInvalid, ""},
		{"unknown", "0123456789abcdef0123456789abcdef", "", core.ErrNotFound, "0123456789abcdef"},
		{"deleted", deleted.ID(), "", core.ErrState, "because it is in the deleted state"},
		{"of another experiment", elsewhere.ID(), "7", core.ErrState, "because active experiment ID does not match environment run ID"},
	} {
		_, err := c.start(t.Context(), RunOptions{RunID: test.id}, place{experiment: test.active})
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestRunIDOfTheEnvironmentIsUsedOnce(t *testing.T) {
	t.Parallel()
	r := inMemory(t, nil)
	given := start(t, clientOf(t, r, nil), RunOptions{})
	other := start(t, clientOf(t, r, nil), RunOptions{})
	c := clientOf(t, r, map[string]string{"MLFLOW_RUN_ID": string(given.ID())})
	if run := start(t, c, RunOptions{RunID: other.ID()}); run.ID() != other.ID() {
		t.Errorf("resumed %s, not the run of the argument", run.ID())
	}
	if getenv(c.env, "MLFLOW_RUN_ID") == "" {
		t.Error("the variable was used although the argument came first")
	}
	if run := start(t, c, RunOptions{}); run.ID() != given.ID() {
		t.Errorf("resumed %s, not the run of the environment", run.ID())
	}
	if _, set := c.env.LookupEnv("MLFLOW_RUN_ID"); set {
		t.Error("the variable is still set")
	}
	if run := start(t, c, RunOptions{}); run.ID() == given.ID() {
		t.Error("the variable was used twice")
	}
}

func TestParent(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	parent := start(t, c, RunOptions{})
	child := start(t, c, RunOptions{ParentRunID: parent.ID(), Tags: map[string]string{core.ParentRunTag: "mine"}})
	if got, err := c.GetParentRun(t.Context(), child.ID()); err != nil || got.ID != parent.ID() {
		t.Errorf("the parent is %s, %v", got.ID, err)
	}
	if _, err := c.GetParentRun(t.Context(), parent.ID()); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("the parent of a run without one: %v", err)
	}
	must(t, c.DeleteRun(t.Context(), parent.ID()))
	for id, want := range map[core.RunID]error{
		parent.ID(): core.ErrState, "..": core.ErrInvalid, "00000000000000000000000000000000": core.ErrNotFound,
	} {
		if _, err := c.StartRun(t.Context(), RunOptions{ParentRunID: id}); !errors.Is(err, want) {
			t.Errorf("parent %s: %v", id, err)
		}
	}
}

func TestExperimentOfTheEnvironment(t *testing.T) {
	t.Parallel()
	r := inMemory(t, nil)
	setup := clientOf(t, r, nil)
	id, err := setup.CreateExperiment(t.Context(), core.ExperimentSpec{Name: "iris"})
	must(t, err)
	for _, test := range []struct {
		name string
		env  map[string]string
		in   core.ExperimentID // of the options
		want core.ExperimentID // "" is an error
	}{
		{"nothing", nil, "", "0"},
		{"the argument", map[string]string{"MLFLOW_EXPERIMENT_NAME": "iris"}, "0", "0"},
		{"a name", map[string]string{"MLFLOW_EXPERIMENT_NAME": "iris"}, "", id},
		{"an id", map[string]string{"MLFLOW_EXPERIMENT_ID": string(id)}, "", id},
		{"both", map[string]string{"MLFLOW_EXPERIMENT_NAME": "iris", "MLFLOW_EXPERIMENT_ID": string(id)}, "", id},
		{"both, which disagree", map[string]string{"MLFLOW_EXPERIMENT_NAME": "iris", "MLFLOW_EXPERIMENT_ID": "0"}, "", ""},
		{"an unknown id", map[string]string{"MLFLOW_EXPERIMENT_ID": "4711"}, "", ""},
		{"a bad id", map[string]string{"MLFLOW_EXPERIMENT_ID": "../1"}, "", ""},
	} {
		c := clientOf(t, r, test.env)
		run, err := c.StartRun(t.Context(), RunOptions{ExperimentID: test.in})
		switch {
		case test.want == "" && !errors.Is(err, core.ErrInvalid):
			t.Errorf("%s: %v", test.name, err)
		case test.want != "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.want != "" && run.Info().ExperimentID != test.want:
			t.Errorf("%s: in experiment %s, want %s", test.name, run.Info().ExperimentID, test.want)
		}
	}
	c := clientOf(t, r, map[string]string{"MLFLOW_EXPERIMENT_NAME": "wine"})
	run := start(t, c, RunOptions{})
	if made, err := c.GetExperimentByName(t.Context(), "wine"); err != nil || made.ID != run.Info().ExperimentID {
		t.Errorf("an unknown name: %+v, %v", made, err)
	}
}

func TestWithRun(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	broken := errors.New("diverged")
	var id core.RunID
	status := func() core.RunStatus { return stored(t, c, id).Status }

	err := c.WithRun(t.Context(), RunOptions{}, func(ctx context.Context, run *Run) error {
		id = run.ID()
		return run.LogMetric(ctx, "loss", 1, 0)
	})
	if err != nil || status() != core.Finished {
		t.Errorf("without error: %v, %v", err, status())
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = c.WithRun(ctx, RunOptions{}, func(_ context.Context, run *Run) error {
		id = run.ID()
		cancel() // the run must be ended nevertheless
		return broken
	})
	if err != broken || status() != core.Failed { //nolint:errorlint // the very error must come back
		t.Errorf("with an error: %v, %v", err, status())
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = c.WithRun(t.Context(), RunOptions{}, func(_ context.Context, run *Run) error {
			id = run.ID()
			panic("ouch")
		})
	}()
	if status() != core.Failed {
		t.Errorf("after a panic: %v", status())
	}
}

func TestEndRefusesAnUnknownStatus(t *testing.T) {
	t.Parallel()
	c := newClient(t, nil)
	run := start(t, c, RunOptions{})
	if err := run.End(t.Context(), 9); !errors.Is(err, core.ErrInvalid) {
		t.Error(err)
	}
	must(t, run.End(t.Context(), 0))
	if got := stored(t, c, run.ID()).Status; got != core.Finished {
		t.Errorf("status 0 ended it as %v", got)
	}
}
