package registrystore

import (
	"context"
	"fmt"
	"strconv"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func versionCases() []entry {
	return []entry{
		{
			ID: "RG-021", Name: "version/create-first", Rule: "The first version is number 1, READY, and what was asked for.",
			Run: versionCreate,
		},
		{ID: "RG-022", Name: "version/numbers-increase", Rule: "Numbers are 1, 2, 3.", Run: versionNumbers},
		{
			ID: "RG-023", Name: "version/number-not-reused",
			Rule: "A number is not used twice in a model's life, not even after the deletion of the highest (D-15).",
			Run:  versionNotReused,
		},
		{ID: "RG-024", Name: "version/per-model-counter", Rule: "Every model counts for itself.", Run: versionPerModel},
		{
			ID: "RG-025", Name: "version/missing-model", Rule: "A version of an unknown model is ErrNotFound.",
			Run: versionMissingModel,
		},
		{
			ID: "RG-026", Name: "version/get-missing", Rule: "An unknown version is ErrNotFound; model and number are named.",
			Run: versionMissing,
		},
		{ID: "RG-027", Name: "version/bad-number", Rule: "A number below 1 is ErrInvalid.", Run: versionBadNumber},
		{
			ID: "RG-028", Name: "version/get-deleted", Rule: "A deleted version is ErrNotFound for every method.", Run: versionDeleted,
		},
		{
			ID: "RG-031", Name: "version/delete-redacts", Level: conformance.Extended,
			Rule: "Source and run of a deleted version cannot be read or searched.", Run: versionRedacted,
		},
		{ID: "RG-032", Name: "version/delete-twice", Rule: "Deleting a version twice is ErrNotFound.", Run: versionDeleteTwice},
		{ID: "RG-040", Name: "version/ordering-of-times", Rule: "Creation is not after the last update.", Run: versionTimes},
		{
			ID: "RG-041", Name: "version/many", Level: conformance.Extended, Rule: "A model may have thousands of versions.",
			Run: versionMany,
		},
		{
			ID: "RG-042", Name: "version/user-recorded", Needs: []core.Capability{core.VersionUser}, Rule: "The user is kept.",
			Run: versionUser,
		},
	}
}

func versionChangeCases() []entry {
	return []entry{
		{
			ID: "RG-029", Name: "version/update-description",
			Rule: "A new description advances the version's UpdatedAt and the model's.", Run: versionDescription,
		},
		{
			ID: "RG-030", Name: "version/delete", Rule: "A deleted version is in no search and is not the latest.", Run: versionDelete,
		},
		{
			ID: "RG-043", Name: "version/model-mutations-do-not-touch",
			Rule: "A change of the model's tags or description leaves its versions as they are.", Run: versionUntouched,
		},
		{
			ID: "RG-098", Name: "version/idempotency-key", Needs: []core.Capability{core.IdempotentCreate},
			Rule: "A repeated call with an IdempotencyKey returns the first one's version and makes no other.", Run: versionKey,
		},
	}
}

// stageOf is the stage of a new version: None where there are stages.
func stageOf(e *env) core.Stage {
	if e.Info.Has(stages) {
		return core.StageNone
	}
	return ""
}

func versionCreate(t check, e *env) {
	m := newModel(t, e, core.ModelSpec{})
	tick(t)
	began := core.Now()
	spec := core.VersionSpec{
		Source: "s3://bucket/path/model", RunID: core.NewRunID(), RunLink: "https://host/run", Description: "the first\none",
		Tags: map[string]string{"k": "v", "empty": ""},
	}
	if e.Info.Has(core.VersionVerbatim) {
		spec.ModelID = core.NewModelID()
	}
	v := newVersion(t, e, m.Name, spec)
	want := core.Version{
		Model: m.Name, Number: 1, CreatedAt: v.CreatedAt, UpdatedAt: v.CreatedAt, Description: spec.Description, Stage: stageOf(e),
		Source: spec.Source, RunID: spec.RunID, RunLink: spec.RunLink, ModelID: spec.ModelID, Status: v.Status, Tags: spec.Tags,
	}
	conformance.Equal(t, "the version", v, want)
	e.CheckTime(t, "CreatedAt", v.CreatedAt, began)
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := s.Version(ctx, refOf(v))
		want.Status = core.VersionReady
		return differs("version", got, want, err)
	})
	advanced(t, "the model's UpdatedAt", readModel(t, e, m.Name).UpdatedAt, m.UpdatedAt)
}

func versionNumbers(t check, e *env) {
	_, versions := newLine(t, e, 3)
	for i, v := range versions {
		conformance.Equal(t, "number", v.Number, i+1)
		sawVersion(t, e, v)
	}
}

func versionNotReused(t check, e *env) {
	name, versions := newLine(t, e, 3)
	deleteVersion(t, e, versions[2])
	conformance.Equal(t, "number after deleting 3", newVersion(t, e, name, core.VersionSpec{}).Number, 4)
	deleteVersion(t, e, versions[0])
	conformance.Equal(t, "number after deleting 1", newVersion(t, e, name, core.VersionSpec{}).Number, 5)
	for _, number := range []int{2, 4, 5} {
		v := readVersion(t, e, core.VersionRef{Model: name, Number: number})
		deleteVersion(t, e, v)
	}
	conformance.Equal(t, "number after deleting all", newVersion(t, e, name, core.VersionSpec{}).Number, 6)
	sawNoVersion(t, e, core.VersionRef{Model: name, Number: 3})
}

func versionPerModel(t check, e *env) {
	a, _ := newLine(t, e, 2)
	b, _ := newLine(t, e, 1)
	conformance.Equal(t, "the third of the one", newVersion(t, e, a, core.VersionSpec{}).Number, 3)
	conformance.Equal(t, "the second of the other", newVersion(t, e, b, core.VersionSpec{}).Number, 2)
}

func versionMissingModel(t check, e *env) {
	missing := e.Name("missing")
	_, err := e.Store.CreateVersion(t.Context(), missing, core.VersionSpec{Source: "s3://b/k"})
	conformance.Refused(t, "CreateVersion", err, core.ErrNotFound, missing)
	_, err = e.Store.Version(t.Context(), core.VersionRef{Model: missing, Number: 1})
	conformance.Refused(t, "Version", err, core.ErrNotFound, missing)
	sawNoModel(t, e, missing)
}

func versionMissing(t check, e *env) {
	name, _ := newLine(t, e, 1)
	for _, number := range []int{2, 4711, 1 << 30} {
		_, err := e.Store.Version(t.Context(), core.VersionRef{Model: name, Number: number})
		conformance.Refused(t, "Version", err, core.ErrNotFound, name, strconv.Itoa(number))
	}
}

// versionMethods are those that take a reference to a version.
func versionMethods(e *env) map[string]func(context.Context, store, core.VersionRef) error {
	all := map[string]func(context.Context, store, core.VersionRef) error{
		"Version": func(ctx context.Context, s store, ref core.VersionRef) error {
			_, err := s.Version(ctx, ref)
			return err
		},
		"UpdateVersion": func(ctx context.Context, s store, ref core.VersionRef) error {
			_, err := s.UpdateVersion(ctx, ref, core.VersionChange{Description: ptr("changed")})
			return err
		},
		"UpdateVersion of tags": func(ctx context.Context, s store, ref core.VersionRef) error {
			_, err := s.UpdateVersion(ctx, ref, core.VersionChange{Tags: core.TagChange{Set: map[string]string{"k": "changed"}}})
			return err
		},
		"DeleteVersion": func(ctx context.Context, s store, ref core.VersionRef) error { return s.DeleteVersion(ctx, ref) },
	}
	if a, ok := core.As[core.Aliases](e.Store); ok && e.Info.Has(aliases) {
		all["SetAlias"] = func(ctx context.Context, _ store, ref core.VersionRef) error { return a.SetAlias(ctx, ref, "changed") }
	}
	if st, ok := core.As[core.Stages](e.Store); ok && e.Info.Has(stages) {
		all["SetStage"] = func(ctx context.Context, _ store, ref core.VersionRef) error {
			_, err := st.SetStage(ctx, ref, core.StageChange{Stage: core.StageProduction})
			return err
		}
	}
	return all
}

func versionBadNumber(t check, e *env) {
	name, versions := newLine(t, e, 1)
	before := readVersion(t, e, refOf(versions[0]))
	for method, call := range versionMethods(e) {
		for _, number := range []int{0, -1, -1 << 31} {
			err := call(t.Context(), e.Store, core.VersionRef{Model: name, Number: number})
			conformance.Refused(t, fmt.Sprintf("%s of number %d", method, number), err, core.ErrInvalid)
		}
	}
	sawVersion(t, e, before)
}

func versionDeleted(t check, e *env) {
	name, versions := newLine(t, e, 3)
	deleteVersion(t, e, versions[1])
	before := readModel(t, e, name)
	for method, call := range versionMethods(e) {
		err := call(t.Context(), e.Store, refOf(versions[1]))
		conformance.Refused(t, method+" of a deleted version", err, core.ErrNotFound, name)
	}
	sawNoVersion(t, e, refOf(versions[1]))
	sawModel(t, e, before)
	sawVersion(t, e, versions[0])
	sawVersion(t, e, versions[2])
}

func versionRedacted(t check, e *env) {
	name := newModel(t, e, core.ModelSpec{}).Name
	run, source := core.NewRunID(), "s3://bucket/"+e.Name("secret")
	v := newVersion(t, e, name, core.VersionSpec{Source: source, RunID: run, Tags: map[string]string{"k": "v"}})
	deleteVersion(t, e, v)
	sawNoVersion(t, e, refOf(v))
	for _, filter := range []string{
		"run_id = '" + string(run) + "'", "source_path = '" + source + "'", "run_id IN ('" + string(run) + "')",
		"name = '" + name + "' AND tags.k = 'v'", "name = '" + name + "' AND version_number = 1",
	} {
		sawVersions(t, e, core.VersionQuery{Filter: filter})
	}
	conformance.Equal(t, "latest versions", len(readModel(t, e, name).Latest), 0)
}

func versionDeleteTwice(t check, e *env) {
	name, versions := newLine(t, e, 2)
	deleteVersion(t, e, versions[0])
	for range 2 {
		conformance.Refused(t, "a second DeleteVersion", e.Store.DeleteVersion(t.Context(), refOf(versions[0])), core.ErrNotFound, name)
	}
	sawVersion(t, e, versions[1])
}

func versionTimes(t check, e *env) {
	_, versions := newLine(t, e, 1)
	v := versions[0]
	for i := range 4 {
		if v.CreatedAt > v.UpdatedAt {
			t.Errorf("created at %d, after the update at %d", v.CreatedAt, v.UpdatedAt)
		}
		got := changeVersion(t, e, v, core.VersionChange{Description: ptr(strconv.Itoa(i))})
		conformance.Equal(t, "CreatedAt", got.CreatedAt, v.CreatedAt)
		if got.UpdatedAt < v.UpdatedAt {
			t.Errorf("updated at %d, and then at %d", v.UpdatedAt, got.UpdatedAt)
		}
		v = got
	}
}

func versionMany(t check, e *env) {
	const n = 2501
	name := newModel(t, e, core.ModelSpec{}).Name
	for i := range n {
		if v := newVersion(t, e, name, core.VersionSpec{}); v.Number != i+1 {
			t.Fatalf("the version after %d has number %d", i, v.Number)
		}
	}
	seen := map[int]int{}
	for v, err := range core.All(t.Context(), func(ctx context.Context, o core.PageOptions) (core.Page[core.Version], error) {
		return e.Second().SearchVersions(ctx, core.VersionQuery{Filter: "name = '" + name + "'", PageOptions: o})
	}, core.PageOptions{Limit: min(1000, e.Limits.VersionPage.Max)}) {
		conformance.NoError(t, "SearchVersions", err)
		seen[v.Number]++
	}
	for number := 1; number <= n; number++ {
		if seen[number] != 1 {
			t.Fatalf("the search finds number %d %d times", number, seen[number])
		}
	}
	if a, ok := core.As[core.Aliases](e.Store); ok && e.Info.Has(aliases) {
		v, err := a.VersionByAlias(t.Context(), name, "latest")
		conformance.NoError(t, "VersionByAlias", err)
		conformance.Equal(t, "the latest number", v.Number, n)
	}
}

func versionUser(t check, e *env) {
	name := newModel(t, e, core.ModelSpec{}).Name
	v := newVersion(t, e, name, core.VersionSpec{User: "jürgen"})
	conformance.Equal(t, "user", v.User, "jürgen")
	sawVersion(t, e, v)
}

func versionDescription(t check, e *env) {
	name, versions := newLine(t, e, 2)
	before := readModel(t, e, name)
	tick(t)
	got := changeVersion(t, e, versions[0], core.VersionChange{Description: ptr("new")})
	want := versions[0]
	want.Description, want.UpdatedAt = "new", got.UpdatedAt
	conformance.Equal(t, "the version", got, want)
	advanced(t, "UpdatedAt", got.UpdatedAt, versions[0].UpdatedAt)
	if e.Info.Has(core.VersionTouchesModel) {
		advanced(t, "the model's UpdatedAt", readModel(t, e, name).UpdatedAt, before.UpdatedAt)
	}
	sawVersion(t, e, want)
	sawVersion(t, e, versions[1])
	changeVersion(t, e, got, core.VersionChange{Description: ptr("")})
	conformance.Equal(t, "description that was cleared", readVersion(t, e, refOf(got)).Description, "")
}

func versionDelete(t check, e *env) {
	name, versions := newLine(t, e, 3)
	deleteVersion(t, e, versions[2])
	sawNoVersion(t, e, refOf(versions[2]))
	sawVersions(t, e, core.VersionQuery{Filter: "name = '" + name + "'", OrderBy: []string{"version_number"}}, versions[:2]...)
	if a, ok := core.As[core.Aliases](e.Store); ok && e.Info.Has(aliases) {
		latest, err := a.VersionByAlias(t.Context(), name, "latest")
		conformance.NoError(t, "VersionByAlias", err)
		conformance.Equal(t, "the latest", latest, versions[1])
	}
	if e.Info.Has(stages) {
		conformance.Equal(t, "the latest of each stage", readModel(t, e, name).Latest, versions[1:2])
	}
}

func versionUntouched(t check, e *env) {
	name, versions := newLine(t, e, 2)
	tick(t)
	changeModel(t, e, name, core.ModelChange{Description: ptr("new")})
	changeModel(t, e, name, core.ModelChange{Tags: core.TagChange{Set: map[string]string{"k": "v"}}})
	changeModel(t, e, name, core.ModelChange{Tags: core.TagChange{Delete: []string{"k"}}})
	for _, v := range versions {
		sawVersion(t, e, v)
	}
}

func versionKey(t check, e *env) {
	name := newModel(t, e, core.ModelSpec{}).Name
	spec := core.VersionSpec{Source: "s3://b/k", Description: "d", IdempotencyKey: e.Name("key")}
	first := newVersion(t, e, name, spec)
	for range 3 {
		conformance.Equal(t, "the version of a repeated call", newVersion(t, e, name, spec), first)
	}
	sawVersions(t, e, core.VersionQuery{Filter: "name = '" + name + "'"}, first)
	spec.IdempotencyKey = e.Name("key")
	conformance.Equal(t, "the number under another key", newVersion(t, e, name, spec).Number, 2)
	spec.IdempotencyKey = ""
	conformance.Equal(t, "the number without a key", newVersion(t, e, name, spec).Number, 3)
}
