package client

import (
	"context"
	"iter"

	"github.com/mlstore/mlstore/core"
)

// Each function of this file yields every item that its query finds, page by page, and the first error, after which it
// ends. A Limit of the query is the length of the pages, not of the whole. One page is in memory at a time.

// Experiments yields every experiment that the query finds.
func Experiments(ctx context.Context, s core.Experiments, q core.ExperimentQuery) iter.Seq2[core.Experiment, error] {
	return core.All(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Experiment], error) {
		q.PageOptions = o
		return s.SearchExperiments(ctx, q)
	}, q.PageOptions)
}

// Runs yields every run that the query finds.
func Runs(ctx context.Context, s core.Runs, q core.RunQuery) iter.Seq2[core.Run, error] {
	return core.All(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Run], error) {
		q.PageOptions = o
		return s.SearchRuns(ctx, q)
	}, q.PageOptions)
}

// History yields every point of a metric of a run.
func History(
	ctx context.Context, s core.Metrics, id core.RunID, key string, o core.HistoryOptions,
) iter.Seq2[core.Metric, error] {
	return core.All(ctx, func(ctx context.Context, p core.PageOptions) (core.Page[core.Metric], error) {
		o.PageOptions = p
		return s.MetricHistory(ctx, id, key, o)
	}, o.PageOptions)
}

// LoggedModels yields every logged model that the query finds.
func LoggedModels(ctx context.Context, s core.LoggedModels, q core.LoggedModelQuery) iter.Seq2[core.LoggedModel, error] {
	return core.All(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.LoggedModel], error) {
		q.PageOptions = o
		return s.SearchLoggedModels(ctx, q)
	}, q.PageOptions)
}

// Models yields every registered model that the query finds.
func Models(ctx context.Context, s core.Models, q core.ModelQuery) iter.Seq2[core.Model, error] {
	return core.All(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Model], error) {
		q.PageOptions = o
		return s.SearchModels(ctx, q)
	}, q.PageOptions)
}

// Versions yields every version that the query finds.
func Versions(ctx context.Context, s core.Versions, q core.VersionQuery) iter.Seq2[core.Version, error] {
	return core.All(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Version], error) {
		q.PageOptions = o
		return s.SearchVersions(ctx, q)
	}, q.PageOptions)
}

// Artifacts yields what lies in dir, or with Recursive every file below it.
func Artifacts(
	ctx context.Context, r core.ArtifactRepository, dir string, o core.ListOptions,
) iter.Seq2[core.Artifact, error] {
	return core.All(ctx, func(ctx context.Context, p core.PageOptions) (core.Page[core.Artifact], error) {
		o.PageOptions = p
		return r.List(ctx, dir, o)
	}, o.PageOptions)
}

// Collect reads a sequence to its end. With an error it returns what came before it.
func Collect[T any](items iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for item, err := range items {
		if err != nil {
			return all, err
		}
		all = append(all, item)
	}
	return all, nil
}
