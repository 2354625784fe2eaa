package tracking

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/names"
)

func runCases() []entry {
	return []entry{
		{
			ID: "TS-050", Name: "run/create", Run: createRun,
			Rule: "A new run is RUNNING and active, has the user and start time given and has not ended.",
		},
		{
			ID: "TS-051", Name: "run/create-with-tags", Run: createRunWithTags,
			Rule: "The tags given at creation are there at once, byte for byte.",
		},
		{
			ID: "TS-052", Name: "run/name-generated", Run: generateRunName,
			Rule: "A run without a name gets one, which is also its tag mlflow.runName.",
		},
		{
			ID: "TS-053", Name: "run/name-mirrors-tag", Run: mirrorRunName,
			Rule: "A run's name and its tag mlflow.runName are one thing: either gives and changes the other.",
			Why:  "Clients of one MLflow generation read the name, those of another the tag.",
		},
		{
			ID: "TS-054", Name: "run/name-conflicts-with-tag", Run: refuseTwoRunNames,
			Rule: "A name and a different tag mlflow.runName are ErrInvalid, and no run is created.",
		},
		{ID: "TS-055", Name: "run/names-may-repeat", Run: repeatRunName, Rule: "Two runs may have one name; their ids differ."},
		{
			ID: "TS-056", Name: "run/create-in-missing-experiment", Run: createRunNowhere,
			Rule: "A run in an unknown experiment is ErrNotFound, with the experiment's id.",
		},
		{
			ID: "TS-057", Name: "run/create-in-deleted-experiment", Run: createRunInDeleted,
			Rule: "A run in a deleted experiment is ErrState, and none is created.",
		},
		{
			ID: "TS-058", Name: "run/artifact-uri", Run: placeArtifacts,
			Rule: "Every run has artifacts of its own, below the artifact location of its experiment.",
		},
		{ID: "TS-059", Name: "run/ids-unique", Run: uniqueRunIDs, Rule: "A thousand runs have a thousand well-formed ids."},
		{
			ID: "TS-060", Name: "run/get-missing", Run: getMissingRun,
			Rule: "An unknown run is ErrNotFound, with its id, whatever is done to it.",
		},
		{
			ID: "TS-061", Name: "run/get-malformed", Run: getMalformedRun,
			Rule: "An id that cannot be one is ErrInvalid or ErrNotFound, never an accident of the store.",
		},
		{
			ID: "TS-062", Name: "run/get-complete", Run: getWholeRun,
			Rule: "One read gives the whole run: info, params, latest metrics and tags.",
		},
		{
			ID: "TS-220", Name: "run/spec-checked", Run: refuseRunSpecs,
			Rule: "What a run is created with is checked as what is logged later: keys, lengths, UTF-8, start time.",
			Why:  "MLflow's own REST layer lets bad tags in at creation that it refuses afterwards.",
		},
	}
}

func createRun(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	for _, spec := range []core.RunSpec{
		{Name: "first", User: "ada", StartTime: 1_700_000_000_123}, {}, {User: "Зоя 🧪", StartTime: 1},
	} {
		r := newRun(t, e, x.ID, spec)
		want := core.RunInfo{
			ID: r.ID, ExperimentID: x.ID, Name: spec.Name, User: spec.User, Status: core.Running, StartTime: spec.StartTime,
			ArtifactURI: r.ArtifactURI, Lifecycle: core.Active,
		}
		if spec.Name == "" {
			want.Name = r.Name
		}
		conformance.Equal(t, "RunInfo", r.RunInfo, want)
		if r.ID == "" || len(r.Metrics)+len(r.Params) != 0 {
			t.Errorf("got %+v, want an id and no metrics or params", r)
		}
		sawRun(t, e, r)
	}
}

func createRunWithTags(t check, e *env) {
	tags := map[string]string{"a.b/c d": "x", "empty": "", "odd": "line\n\ttab \\ ' \" % 🧪", core.UserTag: "ada"}
	r := newRun(t, e, newExperiment(t, e, core.ExperimentSpec{}).ID, core.RunSpec{Name: "tagged", Tags: tags})
	conformance.Equal(t, "Tags", r.Tags, with(tags, core.RunNameTag, "tagged"))
	sawRun(t, e, r)
}

func generateRunName(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	for _, tags := range []map[string]string{nil, {core.RunNameTag: ""}} {
		r := newRun(t, e, x.ID, core.RunSpec{Tags: tags})
		if strings.TrimSpace(r.Name) == "" || r.Tags[core.RunNameTag] != r.Name {
			t.Errorf("got the name %q and the tag %q, want a name and the same tag", r.Name, r.Tags[core.RunNameTag])
		}
		sawRun(t, e, r)
	}
}

func mirrorRunName(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	byName := newRun(t, e, x.ID, core.RunSpec{Name: "alpha"})
	conformance.Equal(t, "tag", byName.Tags[core.RunNameTag], "alpha")
	byTag := newRun(t, e, x.ID, core.RunSpec{Tags: map[string]string{core.RunNameTag: "beta"}})
	conformance.Equal(t, "name", byTag.Name, "beta")
	newRun(t, e, x.ID, core.RunSpec{Name: "same", Tags: map[string]string{core.RunNameTag: "same"}})

	changeRun(t, e, byName.ID, core.RunChange{Name: "gamma"})
	byName.Name, byName.Tags = "gamma", with(byName.Tags, core.RunNameTag, "gamma")
	sawRun(t, e, byName)
	conformance.NoError(t, "ChangeRunTags",
		e.Store.ChangeRunTags(t.Context(), byTag.ID, core.TagChange{Set: map[string]string{core.RunNameTag: "delta"}}))
	byTag.Name, byTag.Tags = "delta", with(byTag.Tags, core.RunNameTag, "delta")
	sawRun(t, e, byTag)
	logBatch(t, e, byTag.ID, core.Batch{Tags: []core.Tag{{Key: core.RunNameTag, Value: "epsilon"}}})
	byTag.Name, byTag.Tags = "epsilon", with(byTag.Tags, core.RunNameTag, "epsilon")
	sawRun(t, e, byTag)
}

func refuseTwoRunNames(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	_, err := e.Store.CreateRun(t.Context(), x.ID, core.RunSpec{Name: "one", Tags: map[string]string{core.RunNameTag: "two"}})
	conformance.Refused(t, "CreateRun", err, core.ErrInvalid, "one", "two")
	sawRuns(t, e, core.RunQuery{Experiments: []core.ExperimentID{x.ID}, View: core.AllStages})
}

func repeatRunName(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	one, two := newRun(t, e, x.ID, core.RunSpec{Name: "twin"}), newRun(t, e, x.ID, core.RunSpec{Name: "twin"})
	if one.ID == two.ID {
		t.Errorf("got the id %q twice", one.ID)
	}
	sawRun(t, e, one)
	sawRun(t, e, two)
}

func createRunNowhere(t check, e *env) {
	const id = "918273645546372819"
	_, err := e.Store.CreateRun(t.Context(), id, core.RunSpec{})
	conformance.Refused(t, "CreateRun", err, core.ErrNotFound, id)
	for _, bad := range append(malformedIDs(), e.Malformed.Experiments...) {
		_, err := e.Store.CreateRun(t.Context(), core.ExperimentID(bad), core.RunSpec{})
		conformance.RefusedAs(t, fmt.Sprintf("CreateRun in %.40q", bad), err, core.ErrInvalid, core.ErrNotFound)
	}
}

func createRunInDeleted(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	changeExperiment(t, e, x.ID, core.ExperimentChange{Lifecycle: core.Deleted})
	_, err := e.Store.CreateRun(t.Context(), x.ID, core.RunSpec{})
	conformance.Refused(t, "CreateRun", err, core.ErrState, string(x.ID))
	sawRuns(t, e, core.RunQuery{Experiments: []core.ExperimentID{x.ID}, View: core.AllStages})
}

func placeArtifacts(t check, e *env) {
	for _, location := range []string{"", "s3://bucket/root", "gs://bucket/root?version=7", "s3://bucket/trailing/"} {
		x := newExperiment(t, e, core.ExperimentSpec{ArtifactLocation: location})
		one, two := newRun(t, e, x.ID, core.RunSpec{}), newRun(t, e, x.ID, core.RunSpec{})
		if one.ArtifactURI == two.ArtifactURI {
			t.Errorf("got the artifact URI %q twice", one.ArtifactURI)
		}
		root, _, _ := strings.Cut(strings.TrimSuffix(x.ArtifactLocation, "/"), "?")
		for _, r := range []core.Run{one, two} {
			if !strings.HasPrefix(r.ArtifactURI, strings.TrimSuffix(root, "/")+"/") {
				t.Errorf("artifact URI: got %q, want it below %q", r.ArtifactURI, x.ArtifactLocation)
			}
			sawRun(t, e, r)
		}
	}
}

func uniqueRunIDs(t check, e *env) {
	const count = 1000
	x := newExperiment(t, e, core.ExperimentSpec{})
	seen := map[core.RunID]bool{}
	for range count {
		id := newRun(t, e, x.ID, core.RunSpec{}).ID
		if err := names.RunID(string(id)); err != nil || seen[id] {
			t.Fatalf("got the id %q (seen before: %v), want a new one that is well formed: %v", id, seen[id], err)
		}
		seen[id] = true
	}
	e.Observe(t, func(ctx context.Context, s store) error {
		runs, err := searchRuns(ctx, s, core.RunQuery{Experiments: []core.ExperimentID{x.ID}, Fields: core.RunInfoOnly})
		return differs("number of runs", len(runs), count, err)
	})
}

func getMissingRun(t check, e *env) {
	const id = "0123456789abcdef0123456789abcdef"
	for what, call := range runCalls() {
		conformance.Refused(t, what, call(t.Context(), e.Store, id), core.ErrNotFound, id)
	}
}

// runCalls are the calls that need a run.
func runCalls() map[string]func(context.Context, store, core.RunID) error {
	return map[string]func(context.Context, store, core.RunID) error{
		"Run": func(ctx context.Context, s store, id core.RunID) error { _, err := s.Run(ctx, id); return err },
		"UpdateRun": func(ctx context.Context, s store, id core.RunID) error {
			_, err := s.UpdateRun(ctx, id, core.RunChange{Status: core.Finished})
			return err
		},
		"UpdateRun, delete": func(ctx context.Context, s store, id core.RunID) error {
			_, err := s.UpdateRun(ctx, id, core.RunChange{Lifecycle: core.Deleted})
			return err
		},
		"ChangeRunTags": func(ctx context.Context, s store, id core.RunID) error {
			return s.ChangeRunTags(ctx, id, core.TagChange{Set: map[string]string{"a": "b"}})
		},
		"LogBatch": func(ctx context.Context, s store, id core.RunID) error {
			return s.LogBatch(ctx, id, core.Batch{Metrics: []core.Metric{{Key: "m"}}})
		},
	}
}

func getMalformedRun(t check, e *env) {
	for _, id := range append(malformedIDs(), e.Malformed.Runs...) {
		for what, call := range runCalls() {
			err := call(t.Context(), e.Store, core.RunID(id))
			conformance.RefusedAs(t, fmt.Sprintf("%s(%.40q)", what, id), err, core.ErrInvalid, core.ErrNotFound)
		}
	}
}

func getWholeRun(t check, e *env) {
	r := newRunAlone(t, e)
	logBatch(t, e, r.ID, core.Batch{
		Metrics: []core.Metric{point("loss", 2, 0), point("loss", 1, 1), point("accuracy", 0.5, 0)},
		Params:  []core.Param{{Key: "lr", Value: "0.1"}}, Tags: []core.Tag{{Key: "team", Value: "vision"}},
	})
	r.Metrics = byKey(point("loss", 1, 1), point("accuracy", 0.5, 0))
	r.Params = map[string]string{"lr": "0.1"}
	r.Tags = with(r.Tags, "team", "vision")
	sawRun(t, e, r)
}

func refuseRunSpecs(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	specs := map[string]core.RunSpec{
		"negative start time": {StartTime: -1}, "name in bytes": {Name: "\xff"}, "user in bytes": {User: "\xff"},
		"tag value in bytes": {Tags: map[string]string{"k": "\xff"}},
	}
	for _, key := range badKeys() {
		specs[fmt.Sprintf("tag key %q", key)] = core.RunSpec{Tags: map[string]string{key: "v"}}
	}
	if n := e.Limits.RunName; n > 0 {
		specs["name too long"] = core.RunSpec{Name: padded("n", n+1)}
		long := padded("n", n)
		sawRun(t, e, newRun(t, e, x.ID, core.RunSpec{Name: long}))
	}
	if n := e.Limits.RunTag; n > 0 {
		specs["tag value too long"] = core.RunSpec{Tags: map[string]string{"k": padded("v", n+1)}}
	}
	before, err := searchRuns(t.Context(), e.Store, core.RunQuery{Experiments: []core.ExperimentID{x.ID}})
	conformance.NoError(t, "SearchRuns", err)
	for what, spec := range specs {
		_, err := e.Store.CreateRun(t.Context(), x.ID, spec)
		conformance.Refused(t, what, err, core.ErrInvalid)
		if err != nil && !utf8.ValidString(err.Error()) {
			t.Errorf("%s: the error is not valid UTF-8: %q", what, errors.Unwrap(err))
		}
	}
	sawRuns(t, e, core.RunQuery{Experiments: []core.ExperimentID{x.ID}, View: core.AllStages}, ids(before)...)
}
