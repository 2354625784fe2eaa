package client

import (
	"context"
	"iter"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// Complete returns a store that searches: s itself where it declares SearchNative, and else a decorator that reads every
// page of s with an empty filter and order, evaluates the search (package core/filter) and cuts the page.
//
// The decorator declares SearchNative, and PagesKeyset where s declares it: its own tokens name the last item of a page,
// so they are as stable as the pages that it reads. Each page costs a walk through all that s has in the query's
// experiments. In memory are at most one page of s and the page to return with one item more. Abilities of s are passed on;
// the search for logged models is completed too.
func Complete(ctx context.Context, s core.TrackingStore) (core.TrackingStore, error) {
	info, err := s.Describe(ctx)
	if err != nil {
		return nil, err
	}
	if info.Has(core.SearchNative) {
		return s, nil
	}
	return &completedTracking{s, info.Limits}, nil
}

// CompleteRegistry is Complete for a model registry.
func CompleteRegistry(ctx context.Context, s core.RegistryStore) (core.RegistryStore, error) {
	info, err := s.Describe(ctx)
	if err != nil {
		return nil, err
	}
	if info.Has(core.SearchNative) {
		return s, nil
	}
	return &completedRegistry{s, info.Limits}, nil
}

type completedTracking struct {
	core.TrackingStore
	limits core.Limits
}

func (c *completedTracking) Describe(ctx context.Context) (core.Info, error) {
	return describeCompleted(ctx, c.TrackingStore)
}

// Ability passes everything on, the search for logged models completed.
func (c *completedTracking) Ability(target any) bool {
	slot, ok := target.(*core.LoggedModels)
	if !ok {
		return PassAbility(target, c.TrackingStore)
	}
	models, ok := core.As[core.LoggedModels](c.TrackingStore)
	if ok {
		*slot = &completedModels{models, c.limits}
	}
	return ok
}

func (c *completedTracking) SearchExperiments(
	ctx context.Context, q core.ExperimentQuery,
) (core.Page[core.Experiment], error) {
	search, err := filter.Experiments(q, c.limits)
	return searched(ctx, "search experiments", search, err, func(ctx context.Context) iter.Seq2[core.Experiment, error] {
		return Experiments(ctx, c.TrackingStore, core.ExperimentQuery{View: q.View})
	})
}

func (c *completedTracking) SearchRuns(ctx context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	search, err := filter.Runs(q, c.limits)
	fields := core.WholeRun
	if q.Filter == "" && len(q.OrderBy) == 0 {
		fields = q.Fields
	}
	page, err := searched(ctx, "search runs", search, err, func(ctx context.Context) iter.Seq2[core.Run, error] {
		return Runs(ctx, c.TrackingStore, core.RunQuery{Experiments: q.Experiments, View: q.View, Fields: fields})
	})
	if q.Fields == core.RunInfoOnly {
		for i := range page.Items {
			page.Items[i] = core.Run{RunInfo: page.Items[i].RunInfo}
		}
	}
	return page, err
}

type completedModels struct {
	core.LoggedModels
	limits core.Limits
}

func (c *completedModels) SearchLoggedModels(
	ctx context.Context, q core.LoggedModelQuery,
) (core.Page[core.LoggedModel], error) {
	search, err := filter.LoggedModels(q, c.limits)
	return searched(ctx, "search logged models", search, err, func(ctx context.Context) iter.Seq2[core.LoggedModel, error] {
		return LoggedModels(ctx, c.LoggedModels, core.LoggedModelQuery{Experiments: q.Experiments})
	})
}

type completedRegistry struct {
	core.RegistryStore
	limits core.Limits
}

func (c *completedRegistry) Describe(ctx context.Context) (core.Info, error) {
	return describeCompleted(ctx, c.RegistryStore)
}

// Ability passes everything on.
func (c *completedRegistry) Ability(target any) bool { return PassAbility(target, c.RegistryStore) }

func (c *completedRegistry) SearchModels(ctx context.Context, q core.ModelQuery) (core.Page[core.Model], error) {
	search, err := filter.Models(q, c.limits)
	return searched(ctx, "search models", search, err, func(ctx context.Context) iter.Seq2[core.Model, error] {
		return Models(ctx, c.RegistryStore, core.ModelQuery{})
	})
}

func (c *completedRegistry) SearchVersions(ctx context.Context, q core.VersionQuery) (core.Page[core.Version], error) {
	search, err := filter.Versions(q, c.limits)
	return searched(ctx, "search versions", search, err, func(ctx context.Context) iter.Seq2[core.Version, error] {
		return Versions(ctx, c.RegistryStore, core.VersionQuery{})
	})
}

// describeCompleted adds what the decorator can to what the store declares.
func describeCompleted(ctx context.Context, s core.Store) (core.Info, error) {
	info, err := s.Describe(ctx)
	if err != nil {
		return core.Info{}, err
	}
	info.Capabilities = append(slices.Clone(info.Capabilities), core.SearchNative)
	slices.Sort(info.Capabilities)
	return info, nil
}

// searched evaluates a search over everything that all yields. A search that is not valid reads nothing.
func searched[T any](
	ctx context.Context, op string, search *filter.Query[T], invalid error, all func(context.Context) iter.Seq2[T, error],
) (core.Page[T], error) {
	if err := core.Interrupted(ctx); err != nil {
		return core.Page[T]{}, core.Do(op, "", err)
	}
	if invalid != nil {
		return core.Page[T]{}, core.Do(op, "", invalid)
	}
	page, err := search.Page(all(ctx))
	return page, core.Do(op, "", err)
}
