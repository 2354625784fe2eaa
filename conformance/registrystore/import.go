package registrystore

import (
	"context"
	"maps"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func importCases() []entry {
	return needing(importer, []entry{
		{
			ID: "RG-105", Name: "import/model", Level: conformance.Extended,
			Rule: "A model is imported with its tags and times, again and again, without its versions and aliases.", Run: importModel,
		},
		{
			ID: "RG-106", Name: "import/version", Level: conformance.Extended,
			Rule: "A version is imported as it is, with its number, stage, tags and aliases, again and again.", Run: importVersion,
		},
	})
}

func importModel(t check, e *env) {
	i, _ := core.As[core.RegistryImporter](e.Store)
	m := core.Model{
		Name: e.Name("model"), Description: "from elsewhere", CreatedAt: 1_500_000_000_123, UpdatedAt: 1_600_000_000_456,
		Tags: map[string]string{"k": "v", "empty": ""},
	}
	forget(t, e, e.Store, m.Name)
	for range 2 {
		given := m
		given.Aliases, given.Tags = map[string]int{"champion": 1}, maps.Clone(m.Tags)
		conformance.NoError(t, "ImportModel", i.ImportModel(t.Context(), given))
		given.Tags["changed"] = "by the caller"
		sawModel(t, e, m)
	}
	m.Description, m.UpdatedAt, m.Tags = "changed elsewhere", 1_700_000_000_000, map[string]string{"other": "tag"}
	conformance.NoError(t, "ImportModel of a newer state", i.ImportModel(t.Context(), m))
	sawModel(t, e, m)
	v := newVersion(t, e, m.Name, core.VersionSpec{})
	conformance.Equal(t, "the first number", v.Number, 1)
	conformance.NoError(t, "ImportModel of a model with versions", i.ImportModel(t.Context(), m))
	sawVersion(t, e, v)
	for _, bad := range []core.Model{{Name: ""}, {Name: "a/b"}, {Name: m.Name, Tags: map[string]string{"../x": "v"}}} {
		conformance.Refused(t, "ImportModel of a bad model", i.ImportModel(t.Context(), bad), core.ErrInvalid)
	}
	sawVersion(t, e, v)
}

func importVersion(t check, e *env) {
	i, _ := core.As[core.RegistryImporter](e.Store)
	name := newModel(t, e, core.ModelSpec{}).Name
	v := core.Version{
		Model: name, Number: 7, CreatedAt: 1_500_000_000_123, UpdatedAt: 1_600_000_000_456, Description: "from elsewhere",
		Stage: stageOf(e), Source: "s3://b/k", RunID: core.NewRunID(), RunLink: "https://host/run", Status: core.VersionReady,
		Tags: map[string]string{"k": "v"},
	}
	if e.Info.Has(core.VersionUser) {
		v.User = "somebody"
	}
	if e.Info.Has(stages) {
		v.Stage = production
	}
	if e.Info.Has(aliases) {
		v.Aliases = []string{"a", "champion"}
	}
	for range 2 {
		conformance.NoError(t, "ImportVersion", i.ImportVersion(t.Context(), v))
		sawVersion(t, e, v)
	}
	earlier := v
	earlier.Number, earlier.Tags, earlier.Aliases, earlier.Stage = 3, nil, nil, stageOf(e)
	if e.Info.Has(aliases) {
		earlier.Aliases, v.Aliases = []string{"champion"}, []string{"a"}
	}
	conformance.NoError(t, "ImportVersion of an earlier number", i.ImportVersion(t.Context(), earlier))
	sawVersion(t, e, earlier)
	sawVersion(t, e, v)
	conformance.Equal(t, "the next number", newVersion(t, e, name, core.VersionSpec{}).Number, 8)
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := searchVersions(ctx, s, byNumber("name = '"+name+"'"))
		return differs("numbers", numbers(got), []int{3, 7, 8}, err)
	})
	orphan := v
	orphan.Model = e.Name("missing")
	err := i.ImportVersion(t.Context(), orphan)
	conformance.Refused(t, "ImportVersion for an unknown model", err, core.ErrNotFound, orphan.Model)
	for _, spoil := range []func(*core.Version){
		func(v *core.Version) { v.Number = 0 }, func(v *core.Version) { v.Source = "s3://b/../x" },
		func(v *core.Version) { v.Status = 0 }, func(v *core.Version) { v.Status = 4 },
		func(v *core.Version) { v.Tags = map[string]string{"../x": "v"} }, func(v *core.Version) { v.RunID = "../x" },
	} {
		bad := v
		spoil(&bad)
		conformance.Refused(t, "ImportVersion of a bad version", i.ImportVersion(t.Context(), bad), core.ErrInvalid)
	}
	if e.Info.Has(aliases) {
		bad := v
		bad.Aliases = []string{"a", "latest"}
		conformance.Refused(t, "ImportVersion with a reserved alias", i.ImportVersion(t.Context(), bad), core.ErrInvalid)
	}
	sawVersion(t, e, v)
}
