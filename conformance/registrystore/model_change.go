package registrystore

import (
	"context"
	"errors"
	"fmt"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func modelChangeCases() []entry {
	return []entry{
		{
			ID: "RG-010", Name: "model/update-description", Rule: "A new description advances UpdatedAt and leaves CreatedAt.",
			Run: modelDescription,
		},
		{
			ID: "RG-011", Name: "model/clear-description", Rule: "An empty description clears it; none leaves it as it is.",
			Run: modelClear,
		},
		{
			ID: "RG-012", Name: "model/rename", Rule: "Renaming takes versions and tags along; the old name is ErrNotFound.",
			Run: modelRename,
		},
		{
			ID: "RG-013", Name: "model/rename-taken", Rule: "Renaming to a taken name is ErrExists and changes neither model.",
			Run: modelRenameTaken,
		},
		{
			ID: "RG-014", Name: "model/rename-invalid", Rule: "Renaming to a bad name is ErrInvalid and changes nothing.",
			Run: modelRenameInvalid,
		},
		{ID: "RG-015", Name: "model/rename-missing", Rule: "Changing an unknown model is ErrNotFound.", Run: modelRenameMissing},
		{ID: "RG-016", Name: "model/rename-to-own-name", Rule: "A model may be renamed to its own name.", Run: modelRenameSelf},
		{
			ID: "RG-109", Name: "model/update-atomic", Rule: "A change with one bad part changes nothing at all.", Run: modelAtomic,
		},
		{
			ID: "RG-108", Name: "model/copies", Rule: "Changing what a call returned, or was given, does not change the store.",
			Run: modelCopies,
		},
	}
}

func modelDeletionCases() []entry {
	return []entry{
		{ID: "RG-017", Name: "model/delete", Rule: "With a model its versions and tags are gone.", Run: modelDelete},
		{ID: "RG-018", Name: "model/delete-missing", Rule: "Deleting an unknown model is ErrNotFound.", Run: modelDeleteMissing},
		{
			ID: "RG-019", Name: "model/delete-then-recreate",
			Rule: "A model made after the deletion of one of its name starts afresh, at version 1 (D-15).", Run: modelRecreate,
		},
	}
}

func modelDescription(t check, e *env) {
	m := newModel(t, e, core.ModelSpec{Description: "before", Tags: map[string]string{"k": "v"}})
	tick(t)
	got := changeModel(t, e, m.Name, core.ModelChange{Description: ptr("after")})
	want := m
	want.Description, want.UpdatedAt = "after", got.UpdatedAt
	conformance.Equal(t, "the changed model", got, want)
	advanced(t, "UpdatedAt", got.UpdatedAt, m.UpdatedAt)
	sawModel(t, e, want)
	if e.Limits.ModelDesc > 0 {
		_, err := e.Store.UpdateModel(t.Context(), m.Name, core.ModelChange{Description: ptr(padded("", e.Limits.ModelDesc+1))})
		conformance.Refused(t, "UpdateModel with a long description", err, core.ErrInvalid)
		sawModel(t, e, want)
	}
}

func modelClear(t check, e *env) {
	m := newModel(t, e, core.ModelSpec{Description: "text"})
	changeModel(t, e, m.Name, core.ModelChange{Tags: core.TagChange{Set: map[string]string{"k": "v"}}})
	conformance.Equal(t, "description that was not given", readModel(t, e, m.Name).Description, "text")
	changeModel(t, e, m.Name, core.ModelChange{})
	conformance.Equal(t, "description after an empty change", readModel(t, e, m.Name).Description, "text")
	changeModel(t, e, m.Name, core.ModelChange{Description: ptr("")})
	conformance.Equal(t, "description that was cleared", readModel(t, e, m.Name).Description, "")
}

func modelRename(t check, e *env) {
	m := newModel(t, e, core.ModelSpec{Description: "d", Tags: map[string]string{"k": "v"}})
	first := newVersion(t, e, m.Name, core.VersionSpec{Tags: map[string]string{"vk": "vv"}, Description: "one"})
	second := newVersion(t, e, m.Name, core.VersionSpec{})
	deleteVersion(t, e, second)
	name := e.Name("renamed")
	forget(t, e, e.Store, name)
	tick(t)
	got := changeModel(t, e, m.Name, core.ModelChange{Name: &name})
	advanced(t, "UpdatedAt", got.UpdatedAt, m.UpdatedAt)
	conformance.Equal(t, "name", got.Name, name)
	conformance.Equal(t, "tags", got.Tags, m.Tags)
	conformance.Equal(t, "CreatedAt", got.CreatedAt, m.CreatedAt)
	sawModel(t, e, got)
	sawNoModel(t, e, m.Name)
	sawNoVersion(t, e, refOf(first))
	moved := readVersion(t, e, core.VersionRef{Model: name, Number: 1})
	first.Model, first.UpdatedAt = name, moved.UpdatedAt // whether renaming is a change of the version is the store's affair
	conformance.Equal(t, "the version after renaming", moved, first)
	conformance.Equal(t, "the next number", newVersion(t, e, name, core.VersionSpec{}).Number, 3)
	again := newModel(t, e, core.ModelSpec{Name: m.Name})
	first = newVersion(t, e, again.Name, core.VersionSpec{})
	conformance.Equal(t, "the first number of a new model with the old name", first.Number, 1)
}

func modelRenameTaken(t check, e *env) {
	a, _ := newLine(t, e, 1)
	b, _ := newLine(t, e, 2)
	beforeA, beforeB := readModel(t, e, a), readModel(t, e, b)
	_, err := e.Store.UpdateModel(t.Context(), a, core.ModelChange{Name: &b, Description: ptr("not this either")})
	conformance.Refused(t, "renaming to a taken name", err, core.ErrExists, b)
	sawModel(t, e, beforeA)
	sawModel(t, e, beforeB)
}

func modelRenameInvalid(t check, e *env) {
	name, _ := newLine(t, e, 1)
	before := readModel(t, e, name)
	bad := []string{"", " ", name + "/x", name + ":x", "..", "../" + name}
	if e.Limits.ModelName > 0 {
		bad = append(bad, padded(name, e.Limits.ModelName+1))
	}
	for _, to := range bad {
		_, err := e.Store.UpdateModel(t.Context(), name, core.ModelChange{Name: &to})
		conformance.Refused(t, fmt.Sprintf("renaming to %.60q", to), err, core.ErrInvalid)
	}
	sawModel(t, e, before)
}

func modelRenameMissing(t check, e *env) {
	missing := e.Name("missing")
	for _, change := range []core.ModelChange{
		{Name: ptr(e.Name("new"))}, {Description: ptr("text")}, {Tags: core.TagChange{Set: map[string]string{"k": "v"}}}, {},
	} {
		_, err := e.Store.UpdateModel(t.Context(), missing, change)
		conformance.Refused(t, fmt.Sprintf("UpdateModel(%+v) of an unknown model", change), err, core.ErrNotFound, missing)
	}
	sawNoModel(t, e, missing)
}

func modelRenameSelf(t check, e *env) {
	name, _ := newLine(t, e, 1)
	before := readModel(t, e, name)
	got := changeModel(t, e, name, core.ModelChange{Name: &name})
	before.UpdatedAt = got.UpdatedAt // whether it counts as a change is the store's affair
	if len(before.Latest) == 1 && len(got.Latest) == 1 {
		before.Latest[0].UpdatedAt = got.Latest[0].UpdatedAt
	}
	conformance.Equal(t, "the model", got, before)
	sawModel(t, e, got)
}

func modelAtomic(t check, e *env) {
	name, versions := newLine(t, e, 1)
	before, beforeVersion := readModel(t, e, name), readVersion(t, e, refOf(versions[0]))
	to := e.Name("renamed")
	forget(t, e, e.Store, to)
	for _, tags := range []core.TagChange{
		{Set: map[string]string{"good": "v", "../bad": "v"}},
		{Set: map[string]string{"good": "v"}, Delete: []string{""}},
		{Set: map[string]string{"both": "v"}, Delete: []string{"both"}},
		{Set: map[string]string{"good": "v", "text": "\xff"}},
	} {
		_, err := e.Store.UpdateModel(t.Context(), name, core.ModelChange{Name: &to, Description: ptr("new"), Tags: tags})
		conformance.Refused(t, fmt.Sprintf("UpdateModel with the tags %+v", tags), err, core.ErrInvalid)
		_, err = e.Store.UpdateVersion(t.Context(), refOf(versions[0]), core.VersionChange{Description: ptr("new"), Tags: tags})
		conformance.Refused(t, fmt.Sprintf("UpdateVersion with the tags %+v", tags), err, core.ErrInvalid)
	}
	sawModel(t, e, before)
	sawVersion(t, e, beforeVersion)
	sawNoModel(t, e, to)
}

func modelCopies(t check, e *env) {
	tags := map[string]string{"k": "v"}
	m := newModel(t, e, core.ModelSpec{Tags: tags})
	v := newVersion(t, e, m.Name, core.VersionSpec{Tags: tags})
	unchanged := func() {
		t.Helper()
		for _, s := range []store{e.Store, e.Second()} {
			gotModel, err := s.Model(t.Context(), m.Name)
			conformance.NoError(t, "Model", err)
			gotVersion, err := s.Version(t.Context(), refOf(v))
			conformance.NoError(t, "Version", err)
			models, err := s.SearchModels(t.Context(), core.ModelQuery{Filter: "name = '" + m.Name + "'"})
			conformance.NoError(t, "SearchModels", err)
			versions, err := s.SearchVersions(t.Context(), core.VersionQuery{Filter: "name = '" + m.Name + "'"})
			conformance.NoError(t, "SearchVersions", err)
			if len(models.Items) != 1 || len(versions.Items) != 1 {
				t.Fatalf("found %d models and %d versions, want one of each", len(models.Items), len(versions.Items))
			}
			for i, got := range append(
				[]map[string]string{gotModel.Tags, gotVersion.Tags}, models.Items[0].Tags, versions.Items[0].Tags,
			) {
				conformance.Equal(t, fmt.Sprintf("tags, place %d", i), got, map[string]string{"k": "v"})
				got["k"] = "changed by the caller" // the next look tells
			}
			for i := range gotModel.Latest {
				conformance.Equal(t, "description of the latest", gotModel.Latest[i].Description, "")
				gotModel.Latest[i].Description = "changed by the caller"
			}
		}
	}
	if m.Tags == nil || v.Tags == nil {
		t.Fatal("what was created has no tags")
	}
	tags["k"] = "changed by the caller"
	m.Tags["k"], v.Tags["k"] = "changed by the caller", "changed by the caller"
	unchanged()
	unchanged()
}

func modelDelete(t check, e *env) {
	name, versions := newLine(t, e, 2)
	other, _ := newLine(t, e, 1)
	conformance.NoError(t, "DeleteModel", e.Store.DeleteModel(t.Context(), name))
	sawNoModel(t, e, name)
	for _, v := range versions {
		sawNoVersion(t, e, refOf(v))
	}
	e.Observe(t, func(ctx context.Context, s store) error {
		models, err := s.SearchModels(ctx, core.ModelQuery{Filter: "name = '" + name + "'"})
		if err != nil {
			return err
		}
		found, err := s.SearchVersions(ctx, core.VersionQuery{Filter: "name = '" + name + "'"})
		if err == nil && len(models.Items)+len(found.Items) > 0 {
			err = errors.New("a search still finds the deleted model or its versions")
		}
		return err
	})
	_, err := e.Store.CreateVersion(t.Context(), name, core.VersionSpec{Source: "s3://b/k"})
	conformance.Refused(t, "CreateVersion of a deleted model", err, core.ErrNotFound, name)
	conformance.Equal(t, "the other model's latest number", readVersion(t, e, core.VersionRef{Model: other, Number: 1}).Number, 1)
}

func modelDeleteMissing(t check, e *env) {
	missing := e.Name("missing")
	conformance.Refused(t, "DeleteModel", e.Store.DeleteModel(t.Context(), missing), core.ErrNotFound, missing)
	name, _ := newLine(t, e, 1)
	conformance.NoError(t, "DeleteModel", e.Store.DeleteModel(t.Context(), name))
	conformance.Refused(t, "a second DeleteModel", e.Store.DeleteModel(t.Context(), name), core.ErrNotFound, name)
}

func modelRecreate(t check, e *env) {
	m := newModel(t, e, core.ModelSpec{Description: "old", Tags: map[string]string{"old": "tag"}})
	for range 3 {
		newVersion(t, e, m.Name, core.VersionSpec{Tags: map[string]string{"old": "tag"}})
	}
	if a, ok := core.As[core.Aliases](e.Store); ok && e.Info.Has(aliases) {
		ref := core.VersionRef{Model: m.Name, Number: 1}
		conformance.NoError(t, "SetAlias", a.SetAlias(t.Context(), ref, "champion"))
	}
	conformance.NoError(t, "DeleteModel", e.Store.DeleteModel(t.Context(), m.Name))
	again := newModel(t, e, core.ModelSpec{Name: m.Name})
	sawModel(t, e, core.Model{Name: m.Name, CreatedAt: again.CreatedAt, UpdatedAt: again.UpdatedAt})
	for number := 1; number <= 3; number++ {
		sawNoVersion(t, e, core.VersionRef{Model: m.Name, Number: number})
	}
	v := newVersion(t, e, m.Name, core.VersionSpec{})
	conformance.Equal(t, "the first number", v.Number, 1)
	conformance.Equal(t, "tags of the new version", len(v.Tags), 0)
	conformance.Equal(t, "aliases of the new version", len(v.Aliases), 0)
}
