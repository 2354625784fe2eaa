package core_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/mlstore/mlstore/core"
)

// registry is what the skeletons of Databricks' two model registries share: nearly the same requests below two prefixes.
type registry struct {
	*recorder
	unity bool
}

func (r registry) Describe(context.Context) (core.Info, error) {
	return core.Info{Name: "databricks"}, nil
}

func (r registry) Close() error { return nil }

func (r registry) CreateModel(_ context.Context, s core.ModelSpec) (core.Model, error) {
	return core.Model{}, r.send("POST", "registered-models/create",
		map[string]any{"name": s.Name, "description": s.Description, "tags": s.Tags})
}

func (r registry) Model(_ context.Context, name string) (core.Model, error) {
	return core.Model{}, r.send("GET", "registered-models/get", map[string]any{"name": name})
}

func (r registry) UpdateModel(ctx context.Context, name string, c core.ModelChange) (core.Model, error) {
	ref := map[string]any{"name": name}
	if err := r.tags("registered-models/set-tag", "registered-models/delete-tag", ref, c.Tags); err != nil {
		return core.Model{}, err
	}
	body := map[string]any{"name": name, "description": c.Description}
	if r.unity { // renames with the same request
		body["new_name"] = c.Name
	}
	if err := r.send("PATCH", "registered-models/update", body); err != nil {
		return core.Model{}, err
	}
	if c.Name != nil && !r.unity {
		if err := r.send("POST", "registered-models/rename", map[string]any{"name": name, "new_name": *c.Name}); err != nil {
			return core.Model{}, err
		}
	}
	return r.Model(ctx, name)
}

func (r registry) DeleteModel(_ context.Context, name string) error {
	return r.send("DELETE", "registered-models/delete", map[string]any{"name": name})
}

func (r registry) SearchModels(_ context.Context, q core.ModelQuery) (core.Page[core.Model], error) {
	body := map[string]any{"max_results": q.Limit, "page_token": q.Token}
	if !r.unity { // Unity Catalog lists all; core/client filters
		body["filter"], body["order_by"] = q.Filter, q.OrderBy
	}
	return core.Page[core.Model]{}, r.send("GET", "registered-models/search", body)
}

func (r registry) CreateVersion(_ context.Context, model string, s core.VersionSpec) (core.Version, error) {
	body := map[string]any{
		"name": model, "source": s.Source, "run_id": s.RunID, "description": s.Description, "tags": s.Tags,
	}
	if r.unity {
		body["model_id"] = s.ModelID
	} else {
		body["run_link"] = s.RunLink
	}
	return core.Version{Model: model, Status: core.VersionPending}, r.send("POST", "model-versions/create", body)
}

func (r registry) Version(_ context.Context, ref core.VersionRef) (core.Version, error) {
	return core.Version{}, r.send("GET", "model-versions/get", map[string]any{"name": ref.Model, "version": ref.Number})
}

func (r registry) UpdateVersion(ctx context.Context, ref core.VersionRef, c core.VersionChange) (core.Version, error) {
	fields := map[string]any{"name": ref.Model, "version": ref.Number}
	if err := r.tags("model-versions/set-tag", "model-versions/delete-tag", fields, c.Tags); err != nil {
		return core.Version{}, err
	}
	body := with(fields, map[string]any{"description": c.Description})
	if err := r.send("PATCH", "model-versions/update", body); err != nil {
		return core.Version{}, err
	}
	return r.Version(ctx, ref)
}

func (r registry) DeleteVersion(_ context.Context, ref core.VersionRef) error {
	return r.send("DELETE", "model-versions/delete", map[string]any{"name": ref.Model, "version": ref.Number})
}

func (r registry) SearchVersions(_ context.Context, q core.VersionQuery) (core.Page[core.Version], error) {
	body := map[string]any{"filter": q.Filter, "max_results": q.Limit, "page_token": q.Token}
	if !r.unity {
		body["order_by"] = q.OrderBy
	}
	return core.Page[core.Version]{}, r.send("GET", "model-versions/search", body)
}

func (r registry) calls() []call {
	ref := core.VersionRef{Model: "a.b.c", Number: 1}
	return []call{
		{"Models.CreateModel", drop(r.CreateModel, core.ModelSpec{Name: "a.b.c"})},
		{"Models.Model", drop(r.Model, "a.b.c")},
		{"Models.UpdateModel", drop2(r.UpdateModel, "a.b.c",
			core.ModelChange{Name: new("a.b.d"), Description: new("x"), Tags: tagChange()})},
		{"Models.DeleteModel", func(ctx context.Context) error { return r.DeleteModel(ctx, "a.b.c") }},
		{"Models.SearchModels", drop(r.SearchModels, core.ModelQuery{})},
		{"Versions.CreateVersion", drop2(r.CreateVersion, "a.b.c", core.VersionSpec{Source: "dbfs:/x"})},
		{"Versions.Version", drop(r.Version, ref)},
		{"Versions.UpdateVersion", drop2(r.UpdateVersion, ref, core.VersionChange{Description: new("x"), Tags: tagChange()})},
		{"Versions.DeleteVersion", func(ctx context.Context) error { return r.DeleteVersion(ctx, ref) }},
		{"Versions.SearchVersions", drop(r.SearchVersions, core.VersionQuery{})},
	}
}

// workspace is the older registry of a Databricks workspace: stages and no aliases.
type workspace struct{ registry }

var (
	_ core.RegistryStore = workspace{}
	_ core.Stages        = workspace{}
)

func (w workspace) SetStage(_ context.Context, ref core.VersionRef, c core.StageChange) (core.Version, error) {
	return core.Version{}, w.send("POST", "model-versions/transition-stage", map[string]any{
		"name": ref.Model, "version": ref.Number, "stage": c.Stage, "archive_existing_versions": c.ArchiveExisting,
	})
}

func (w workspace) LatestVersions(_ context.Context, model string, stages []core.Stage) ([]core.Version, error) {
	return nil, w.send("POST", "registered-models/get-latest-versions", map[string]any{"name": model, "stages": stages})
}

func (w workspace) calls() []call {
	ref := core.VersionRef{Model: "m", Number: 1}
	return append(w.registry.calls(),
		call{"Stages.SetStage", drop2(w.SetStage, ref, core.StageChange{Stage: core.StageStaging})},
		call{"Stages.LatestVersions", drop2(w.LatestVersions, "m", core.StageNames())})
}

// unityCatalog is the registry of Unity Catalog: aliases and no stages.
type unityCatalog struct{ registry }

var (
	_ core.RegistryStore = unityCatalog{}
	_ core.Aliases       = unityCatalog{}
)

func (u unityCatalog) SetAlias(_ context.Context, ref core.VersionRef, alias string) error {
	return u.send("POST", "registered-models/alias",
		map[string]any{"name": ref.Model, "alias": alias, "version": ref.Number})
}

func (u unityCatalog) DeleteAlias(_ context.Context, model, alias string) error {
	return u.send("DELETE", "registered-models/alias", map[string]any{"name": model, "alias": alias})
}

func (u unityCatalog) VersionByAlias(_ context.Context, model, alias string) (core.Version, error) {
	return core.Version{}, u.send("GET", "registered-models/alias", map[string]any{"name": model, "alias": alias})
}

func TestMappingOfUnityCatalog(t *testing.T) {
	t.Parallel()
	var r recorder
	u := unityCatalog{registry{&r, true}}
	if _, ok := core.As[core.Stages](u); ok {
		t.Error("Unity Catalog has stages")
	}
	calls := append(u.calls(),
		call{"Aliases.SetAlias", only(u.SetAlias, core.VersionRef{Model: "a.b.c", Number: 1}, "prod")},
		call{"Aliases.DeleteAlias", only(u.DeleteAlias, "a.b.c", "prod")},
		call{"Aliases.VersionByAlias", drop2(u.VersionByAlias, "a.b.c", "prod")})
	checkSkeleton(t, "4. ", &r, calls,
		reflect.TypeFor[core.Models](), reflect.TypeFor[core.Versions](), reflect.TypeFor[core.Aliases]())
}
