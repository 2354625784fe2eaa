package model

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// RegistryCases compares a registry with the reference.
func RegistryCases() []conformance.Case[core.RegistryStore] {
	return []conformance.Case[core.RegistryStore]{
		{
			ID: "RG-102", Name: "model/sequential", Level: conformance.Extended,
			Rule: "Any sequence of operations on models, versions, tags, aliases and stages gives what the reference store gives.",
			Run:  registry,
		},
		faultCase("RG-103", "a change of a model", registryCell),
	}
}

// zoo is a set of models that both registries have. Their names start with base.
type zoo struct {
	sides[core.RegistryStore]
	info core.Info
	ctx  context.Context //nolint:containedctx // that of one sequence
	base string
}

func registry(t conformance.T, e *conformance.Env[core.RegistryStore]) {
	check(t, e.Rand.Uint64(), func(r *rapid.T) {
		z := &zoo{info: e.Info, ctx: r.Context(), base: e.Name("m")}
		z.real, z.oracle = e.Store, mem.NewRegistry()
		r.Cleanup(func() { z.cleanUp(t) })
		actions := map[string]func(*rapid.T){
			"": z.compare, "create model": z.createModel, "update model": z.updateModel, "delete model": z.deleteModel,
			"create version": z.createVersion, "update version": z.updateVersion, "delete version": z.deleteVersion,
			"search models": z.searchModels, "search versions": z.searchVersions,
		}
		if e.Info.Has("aliases") {
			actions["set alias"], actions["delete alias"] = z.setAlias, z.deleteAlias
		}
		if e.Info.Has("stages") {
			actions["set stage"] = z.setStage
		}
		r.Repeat(actions)
	})
}

func (z *zoo) cleanUp(t conformance.T) {
	ctx := context.WithoutCancel(z.ctx)
	for _, end := range modelEnds() {
		if err := z.real.DeleteModel(ctx, z.base+end); err != nil && !errors.Is(err, core.ErrNotFound) {
			t.Logf("cleaning up: %v", err)
		}
	}
}

func modelEnds() []string { return []string{"-a", "-b", "-A"} }

func (z *zoo) end(t *rapid.T) string { return rapid.SampledFrom(modelEnds()).Draw(t, "model") }

func (z *zoo) ref(t *rapid.T) (ref core.VersionRef, what string) {
	end, number := z.end(t), rapid.IntRange(1, 4).Draw(t, "number")
	return core.VersionRef{Model: z.base + end, Number: number}, fmt.Sprintf("%s/%d", end, number)
}

func (z *zoo) tags(t *rapid.T) core.TagChange {
	key, value := pick(t, "key", "k1", "k/2"), pick(t, "value", "x", "y", "")
	switch pick(t, "tags", 0, 1, 2) {
	case 0:
		return core.TagChange{}
	case 1:
		return core.TagChange{Set: map[string]string{key: value}}
	}
	return core.TagChange{Delete: []string{key}}
}

func (z *zoo) text(t *rapid.T) *string {
	return pick(t, "description", nil, ptr(""), ptr("one"), ptr("two"))
}

// seen takes out of a version what the two stores need not share: names, times, and what the one does not have.
func (z *zoo) seen(v core.Version) core.Version {
	v.Model = strings.TrimPrefix(v.Model, z.base)
	v.CreatedAt, v.UpdatedAt, v.User = 0, 0, ""
	if !z.info.Has("stages") {
		v.Stage = ""
	}
	return v
}

func (z *zoo) seenModel(m core.Model) core.Model {
	m.Name = strings.TrimPrefix(m.Name, z.base)
	m.CreatedAt, m.UpdatedAt = 0, 0
	if !z.info.Has("stages") {
		m.Latest = nil
	}
	m.Latest = slices.Clone(m.Latest)
	for i, v := range m.Latest {
		m.Latest[i] = z.seen(v)
	}
	return m
}

func (z *zoo) createModel(t *rapid.T) {
	end, tags, text := z.end(t), z.tags(t), z.text(t)
	spec := core.ModelSpec{Name: z.base + end, Tags: tags.Set}
	if text != nil {
		spec.Description = *text
	}
	both(t, z.sides, "CreateModel "+end, func(s core.RegistryStore) (core.Model, error) {
		m, err := s.CreateModel(z.ctx, spec)
		return z.seenModel(m), err
	})
}

func (z *zoo) updateModel(t *rapid.T) {
	end := z.end(t)
	change := core.ModelChange{Tags: z.tags(t), Description: z.text(t)}
	what := fmt.Sprintf("UpdateModel %s, tags %v", end, change.Tags)
	if rapid.Bool().Draw(t, "rename") {
		to := z.end(t)
		change.Name = ptr(z.base + to)
		what += ", name " + to
	}
	both(t, z.sides, what, func(s core.RegistryStore) (core.Model, error) {
		m, err := s.UpdateModel(z.ctx, z.base+end, change)
		return z.seenModel(m), err
	})
}

func (z *zoo) deleteModel(t *rapid.T) {
	end := z.end(t)
	both(t, z.sides, "DeleteModel "+end, func(s core.RegistryStore) (done, error) {
		return done{}, s.DeleteModel(z.ctx, z.base+end)
	})
}

func (z *zoo) createVersion(t *rapid.T) {
	end, tags := z.end(t), z.tags(t)
	spec := core.VersionSpec{Source: pick(t, "source", "s3://b/one", "s3://b/two", "s3://b/../up"), Tags: tags.Set}
	if text := z.text(t); text != nil {
		spec.Description = *text
	}
	both(t, z.sides, "CreateVersion of "+end+" from "+spec.Source, func(s core.RegistryStore) (core.Version, error) {
		v, err := s.CreateVersion(z.ctx, z.base+end, spec)
		v.Status = 0 // it may take time
		return z.seen(v), err
	})
}

func (z *zoo) updateVersion(t *rapid.T) {
	ref, what := z.ref(t)
	change := core.VersionChange{Tags: z.tags(t), Description: z.text(t)}
	both(t, z.sides, fmt.Sprintf("UpdateVersion %s, tags %v", what, change.Tags), func(s core.RegistryStore) (core.Version, error) {
		v, err := s.UpdateVersion(z.ctx, ref, change)
		return z.seen(v), err
	})
}

func (z *zoo) deleteVersion(t *rapid.T) {
	ref, what := z.ref(t)
	both(t, z.sides, "DeleteVersion "+what, func(s core.RegistryStore) (done, error) {
		return done{}, s.DeleteVersion(z.ctx, ref)
	})
}

func (z *zoo) setAlias(t *rapid.T) {
	ref, what := z.ref(t)
	alias := pick(t, "alias", "x", "X", "y", "latest")
	both(t, z.sides, fmt.Sprintf("SetAlias %s to %s", alias, what), func(s core.RegistryStore) (done, error) {
		a, _ := core.As[core.Aliases](s)
		return done{}, a.SetAlias(z.ctx, ref, alias)
	})
}

func (z *zoo) deleteAlias(t *rapid.T) {
	end, alias := z.end(t), pick(t, "alias", "x", "X", "y")
	both(t, z.sides, fmt.Sprintf("DeleteAlias %s of %s", alias, end), func(s core.RegistryStore) (done, error) {
		a, _ := core.As[core.Aliases](s)
		return done{}, a.DeleteAlias(z.ctx, z.base+end, alias)
	})
}

func (z *zoo) setStage(t *rapid.T) {
	ref, what := z.ref(t)
	change := core.StageChange{
		Stage:           pick(t, "stage", core.StageNone, core.StageStaging, core.StageProduction, core.StageArchived, "unknown"),
		ArchiveExisting: rapid.Bool().Draw(t, "archive"),
	}
	both(t, z.sides, fmt.Sprintf("SetStage %s %+v", what, change), func(s core.RegistryStore) (core.Version, error) {
		st, _ := core.As[core.Stages](s)
		v, err := st.SetStage(z.ctx, ref, change)
		return z.seen(v), err
	})
}

func (z *zoo) searchModels(t *rapid.T) {
	filter := pick(t, "filter", "", "tags.k1 = 'x' AND ", "tags.`k/2` != 'y' AND ", "name ILIKE '%-a' AND ")
	order := pick(t, "order", "name", "name DESC")
	q := core.ModelQuery{Filter: filter + "name LIKE '" + z.base + "%'", OrderBy: []string{order}}
	q.Limit = pick(t, "limit", 0, 1, 2)
	both(t, z.sides, fmt.Sprintf("SearchModels %q %s", filter, order), func(s core.RegistryStore) (all []core.Model, err error) {
		for m, err := range core.All(z.ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Model], error) {
			q.PageOptions = o
			return s.SearchModels(ctx, q)
		}, core.PageOptions{Limit: q.Limit}) {
			if err != nil {
				return nil, err
			}
			all = append(all, z.seenModel(m))
		}
		return all, nil
	})
}

func (z *zoo) searchVersions(t *rapid.T) {
	filter := pick(t, "filter", "", "tags.k1 = 'x' AND ", "version_number > 1 AND ", "source_path = 's3://b/one' AND ")
	q := core.VersionQuery{Filter: filter + "name LIKE '" + z.base + "%'"}
	limit := pick(t, "limit", 0, 1, 2)
	order := pick(t, "order", "name", "name DESC", "version_number")
	q.OrderBy = []string{order}
	both(t, z.sides, fmt.Sprintf("SearchVersions %q %s", filter, order), func(s core.RegistryStore) ([]core.Version, error) {
		return z.versions(s, q, limit)
	})
}

func (z *zoo) versions(s core.RegistryStore, q core.VersionQuery, limit int) (all []core.Version, err error) {
	for v, err := range core.All(z.ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Version], error) {
		q.PageOptions = o
		return s.SearchVersions(ctx, q)
	}, core.PageOptions{Limit: limit}) {
		if err != nil {
			return nil, err
		}
		all = append(all, z.seen(v))
	}
	return all, nil
}

// compare looks at everything after each operation.
func (z *zoo) compare(t *rapid.T) {
	for _, end := range modelEnds() {
		both(t, z.sides, "model "+end, func(s core.RegistryStore) (core.Model, error) {
			m, err := s.Model(z.ctx, z.base+end)
			return z.seenModel(m), err
		})
	}
	both(t, z.sides, "the versions", func(s core.RegistryStore) ([]core.Version, error) {
		q := core.VersionQuery{Filter: "name LIKE '" + z.base + "%'", OrderBy: []string{"name", "version_number"}}
		return z.versions(s, q, 0)
	})
}
