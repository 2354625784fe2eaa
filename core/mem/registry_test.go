package mem_test

import (
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// registryWith makes a registry with the model m of so many versions.
func registryWith(t *testing.T, versions int) *mem.Registry {
	t.Helper()
	s := mem.NewRegistry()
	got(s.CreateModel(t.Context(), core.ModelSpec{Name: "m", Tags: map[string]string{"k": "v"}}))(t)
	for range versions {
		got(s.CreateVersion(t.Context(), "m", core.VersionSpec{Source: "s3://b/k"}))(t)
	}
	return s
}

func ref(number int) core.VersionRef { return core.VersionRef{Model: "m", Number: number} }

func TestModelRename(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), registryWith(t, 2)
	ok(t, s.SetAlias(ctx, ref(1), "a"))
	got(s.CreateModel(ctx, core.ModelSpec{Name: "taken"}))(t)
	before := got(s.Model(ctx, "m"))(t)
	_, err := s.UpdateModel(ctx, "m", core.ModelChange{
		Name: new("taken"), Description: new("d"), Tags: core.TagChange{Set: map[string]string{"x": "y"}},
	})
	refused(t, err, core.ErrExists, "taken")
	refused(t, drop(s.UpdateModel(ctx, "m", core.ModelChange{Name: new("a/b")})), core.ErrInvalid, "a/b")
	same(t, got(s.UpdateModel(ctx, "m", core.ModelChange{Name: new("m")}))(t), before)
	same(t, got(s.Model(ctx, "m"))(t), before)

	now := got(s.UpdateModel(ctx, "m", core.ModelChange{Name: new("n")}))(t)
	same(t, got(s.Model(ctx, "n"))(t), now)
	same(t, now.Aliases, map[string]int{"a": 1})
	if len(now.Latest) != 1 || now.Latest[0].Model != "n" || now.Latest[0].Number != 2 {
		t.Errorf("latest versions are %+v", now.Latest)
	}
	if v := got(s.VersionByAlias(ctx, "n", "a"))(t); v.Model != "n" || v.Number != 1 {
		t.Errorf("the alias leads to %+v", v)
	}
	refused(t, drop(s.Model(ctx, "m")), core.ErrNotFound, "m")
	refused(t, drop(s.Version(ctx, ref(1))), core.ErrNotFound, "m")
	got(s.CreateModel(ctx, core.ModelSpec{Name: "m"}))(t)
	if v := got(s.CreateVersion(ctx, "n", core.VersionSpec{Source: "s3://b/k"}))(t); v.Number != 3 {
		t.Errorf("after the renaming comes version %d", v.Number)
	}
}

func TestModelChange(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), registryWith(t, 1)
	version := got(s.Version(ctx, ref(1)))(t)
	m := got(s.UpdateModel(ctx, "m", core.ModelChange{
		Description: new("d"), Tags: core.TagChange{Set: map[string]string{"x": ""}, Delete: []string{"k", "absent"}},
	}))(t)
	same(t, m.Tags, map[string]string{"x": ""})
	if m.Description != "d" {
		t.Errorf("the description is %q", m.Description)
	}
	if m = got(s.UpdateModel(ctx, "m", core.ModelChange{Description: new("")}))(t); m.Description != "" {
		t.Errorf("the description is %q", m.Description)
	}
	same(t, got(s.Version(ctx, ref(1)))(t), version)
	refused(t, drop(s.UpdateModel(ctx, "none", core.ModelChange{})), core.ErrNotFound, "none")
	refused(t, drop(s.CreateModel(ctx, core.ModelSpec{Name: "m"})), core.ErrExists, "m")
	ok(t, s.DeleteModel(ctx, "m"))
	refused(t, s.DeleteModel(ctx, "m"), core.ErrNotFound, "m")
	refused(t, drop(s.Version(ctx, ref(1))), core.ErrNotFound, "m")
	fresh := got(s.CreateModel(ctx, core.ModelSpec{Name: "m"}))(t)
	if len(fresh.Tags)+len(fresh.Aliases)+len(fresh.Latest) != 0 {
		t.Errorf("the new model has something of the old one: %+v", fresh)
	}
}

func TestVersionNumbersAreNotReused(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), registryWith(t, 3)
	ok(t, s.SetAlias(ctx, ref(3), "a"))
	ok(t, s.DeleteVersion(ctx, ref(3)))
	gone := map[string]error{
		"get":    drop(s.Version(ctx, ref(3))),
		"update": drop(s.UpdateVersion(ctx, ref(3), core.VersionChange{Description: new("d")})),
		"delete": s.DeleteVersion(ctx, ref(3)),
		"alias":  s.SetAlias(ctx, ref(3), "b"),
		"stage":  drop(s.SetStage(ctx, ref(3), core.StageChange{Stage: core.StageStaging})),
	}
	for name, err := range gone {
		t.Log(name)
		refused(t, err, core.ErrNotFound, "(name=m, version=3)")
	}
	refused(t, drop(s.VersionByAlias(ctx, "m", "a")), core.ErrNotFound, "a")
	m := got(s.Model(ctx, "m"))(t)
	if len(m.Aliases) != 0 || len(m.Latest) != 1 || m.Latest[0].Number != 2 {
		t.Errorf("the deleted version left %+v", m)
	}
	if v := got(s.CreateVersion(ctx, "m", core.VersionSpec{Source: "s3://b/k"}))(t); v.Number != 4 {
		t.Errorf("the next version is %d", v.Number)
	}
	refused(t, drop(s.Version(ctx, ref(0))), core.ErrInvalid, "0")
	refused(t, drop(s.CreateVersion(ctx, "none", core.VersionSpec{Source: "s3://b/k"})), core.ErrNotFound, "none")
	refused(t, drop(s.CreateVersion(ctx, "m", core.VersionSpec{Source: "s3://b/%2e%2e/k"})), core.ErrInvalid, "source")
}

func TestVersionCreate(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), registryWith(t, 0)
	spec := core.VersionSpec{
		Source: "runs:/" + string(someRun) + "/model", Location: "s3://b/k", RunID: someRun, RunLink: "http://h/r", ModelID: someModel,
		User: "u", Description: "d", Tags: map[string]string{"k": "v"},
	}
	v := got(s.CreateVersion(ctx, "m", spec))(t)
	want := core.Version{
		Model: "m", Number: 1, CreatedAt: v.CreatedAt, UpdatedAt: v.CreatedAt, User: "u", Description: "d", Stage: core.StageNone,
		Source: spec.Source, Location: spec.Location, RunID: someRun, RunLink: spec.RunLink, ModelID: someModel,
		Status: core.VersionReady, Tags: spec.Tags,
	}
	same(t, v, want)
	same(t, got(s.Version(ctx, ref(1)))(t), want)
	if m := got(s.Model(ctx, "m"))(t); m.UpdatedAt != v.CreatedAt {
		t.Errorf("the model was updated at %d, the version created at %d", m.UpdatedAt, v.CreatedAt)
	}
	spec.Location = spec.Source
	if v := got(s.CreateVersion(ctx, "m", spec))(t); v.Location != "" || v.DownloadURI() != spec.Source {
		t.Errorf("the location is %q", v.Location)
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), registryWith(t, 2)
	for _, alias := range []string{"b", "a", "A", "b"} {
		ok(t, s.SetAlias(ctx, ref(1), alias))
	}
	same(t, got(s.Version(ctx, ref(1)))(t).Aliases, []string{"A", "a", "b"})
	ok(t, s.SetAlias(ctx, ref(2), "a"))
	same(t, got(s.Version(ctx, ref(1)))(t).Aliases, []string{"A", "b"})
	same(t, got(s.Model(ctx, "m"))(t).Aliases, map[string]int{"A": 1, "a": 2, "b": 1})
	refused(t, s.SetAlias(ctx, ref(9), "a"), core.ErrNotFound, "9")
	refused(t, s.SetAlias(ctx, core.VersionRef{Model: "none", Number: 1}, "a"), core.ErrNotFound, "none")
	for _, reserved := range []string{"latest", "LATEST", "v1", "V12", "", "a b"} {
		refused(t, s.SetAlias(ctx, ref(1), reserved), core.ErrInvalid, "alias")
	}
	for _, latest := range []string{"latest", "Latest"} {
		if v := got(s.VersionByAlias(ctx, "m", latest))(t); v.Number != 2 {
			t.Errorf("%s is version %d", latest, v.Number)
		}
	}
	ok(t, s.DeleteAlias(ctx, "m", "b"))
	ok(t, s.DeleteAlias(ctx, "m", "b"))
	refused(t, s.DeleteAlias(ctx, "none", "b"), core.ErrNotFound, "none")
	refused(t, drop(s.VersionByAlias(ctx, "m", "b")), core.ErrNotFound, "b")
	same(t, got(s.Model(ctx, "m"))(t).Aliases, map[string]int{"A": 1, "a": 2})
	empty := registryWith(t, 0)
	refused(t, drop(empty.VersionByAlias(ctx, "m", "latest")), core.ErrNotFound, "latest")
}

func TestStages(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), registryWith(t, 4)
	move := func(number int, stage core.Stage, archive bool) (core.Version, error) {
		return s.SetStage(ctx, ref(number), core.StageChange{Stage: stage, ArchiveExisting: archive})
	}
	got(move(1, "production", false))(t)
	got(move(2, "PRODUCTION", false))(t)
	got(move(3, "Staging", false))(t)
	v := got(move(4, "Production", true))(t)
	stages := func() (list []core.Stage) {
		for n := range 4 {
			list = append(list, got(s.Version(ctx, ref(n+1)))(t).Stage)
		}
		return list
	}
	want := []core.Stage{core.StageArchived, core.StageArchived, core.StageStaging, core.StageProduction}
	same(t, stages(), want)
	if m, archived := got(s.Model(ctx, "m"))(t), got(s.Version(ctx, ref(1)))(t); m.UpdatedAt != v.UpdatedAt || archived.UpdatedAt != v.UpdatedAt {
		t.Errorf("the times differ: %d, %d, %d", m.UpdatedAt, archived.UpdatedAt, v.UpdatedAt)
	}
	refused(t, drop(move(1, "Archived", true)), core.ErrInvalid, "Archived")
	refused(t, drop(move(1, "none", true)), core.ErrInvalid, "none")
	refused(t, drop(move(1, "Beta", false)), core.ErrInvalid, "Beta")
	refused(t, drop(move(9, "Staging", true)), core.ErrNotFound, "9")
	same(t, stages(), want)
	numbers := func(stages ...core.Stage) (list []int) {
		for _, v := range got(s.LatestVersions(ctx, "m", stages))(t) {
			list = append(list, v.Number)
		}
		return list
	}
	same(t, numbers(), []int{2, 3, 4})
	same(t, numbers("archived", "production", "None", "archived"), []int{2, 4})
	refused(t, drop(s.LatestVersions(ctx, "m", []core.Stage{"x"})), core.ErrInvalid, "x")
	refused(t, drop(s.LatestVersions(ctx, "none", nil)), core.ErrNotFound, "none")
}
