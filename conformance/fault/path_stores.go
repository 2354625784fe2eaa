package fault

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// Tracking puts the path before a tracking store.
func (p *Path) Tracking(s core.TrackingStore) core.TrackingStore { return pathTracking{s, p} }

// Registry puts the path before a registry.
func (p *Path) Registry(s core.RegistryStore) core.RegistryStore { return pathRegistry{s, p} }

// Projects puts the path before a project backend.
func (p *Path) Projects(s core.ProjectBackend) core.ProjectBackend { return pathProjects{s, p} }

type pathTracking struct {
	s core.TrackingStore
	p *Path
}

func (t pathTracking) Close() error { return t.s.Close() }

func (t pathTracking) Describe(ctx context.Context) (core.Info, error) {
	return through(ctx, t.p, reading, func() (core.Info, error) { return t.s.Describe(ctx) })
}

func (t pathTracking) CreateExperiment(ctx context.Context, spec core.ExperimentSpec) (core.Experiment, error) {
	return through(ctx, t.p, changing, func() (core.Experiment, error) { return t.s.CreateExperiment(ctx, spec) })
}

func (t pathTracking) Experiment(ctx context.Context, ref core.ExperimentRef) (core.Experiment, error) {
	return through(ctx, t.p, reading, func() (core.Experiment, error) { return t.s.Experiment(ctx, ref) })
}

func (t pathTracking) UpdateExperiment(ctx context.Context, id core.ExperimentID, change core.ExperimentChange) error {
	return alter(ctx, t.p, func() error { return t.s.UpdateExperiment(ctx, id, change) })
}

func (t pathTracking) ChangeExperimentTags(ctx context.Context, id core.ExperimentID, change core.TagChange) error {
	return alter(ctx, t.p, func() error { return t.s.ChangeExperimentTags(ctx, id, change) })
}

func (t pathTracking) SearchExperiments(ctx context.Context, q core.ExperimentQuery) (core.Page[core.Experiment], error) {
	return through(ctx, t.p, reading, func() (core.Page[core.Experiment], error) { return t.s.SearchExperiments(ctx, q) })
}

func (t pathTracking) CreateRun(ctx context.Context, in core.ExperimentID, spec core.RunSpec) (core.Run, error) {
	return through(ctx, t.p, changing, func() (core.Run, error) { return t.s.CreateRun(ctx, in, spec) })
}

func (t pathTracking) Run(ctx context.Context, id core.RunID) (core.Run, error) {
	return through(ctx, t.p, reading, func() (core.Run, error) { return t.s.Run(ctx, id) })
}

func (t pathTracking) UpdateRun(ctx context.Context, id core.RunID, change core.RunChange) (core.RunInfo, error) {
	return through(ctx, t.p, changing, func() (core.RunInfo, error) { return t.s.UpdateRun(ctx, id, change) })
}

func (t pathTracking) ChangeRunTags(ctx context.Context, id core.RunID, change core.TagChange) error {
	return alter(ctx, t.p, func() error { return t.s.ChangeRunTags(ctx, id, change) })
}

func (t pathTracking) SearchRuns(ctx context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	return through(ctx, t.p, reading, func() (core.Page[core.Run], error) { return t.s.SearchRuns(ctx, q) })
}

func (t pathTracking) LogBatch(ctx context.Context, id core.RunID, batch core.Batch) error {
	return alter(ctx, t.p, func() error { return t.s.LogBatch(ctx, id, batch) })
}

func (t pathTracking) MetricHistory(
	ctx context.Context, id core.RunID, key string, o core.HistoryOptions,
) (core.Page[core.Metric], error) {
	return through(ctx, t.p, reading, func() (core.Page[core.Metric], error) { return t.s.MetricHistory(ctx, id, key, o) })
}

type pathRegistry struct {
	s core.RegistryStore
	p *Path
}

func (r pathRegistry) Close() error { return r.s.Close() }

func (r pathRegistry) Describe(ctx context.Context) (core.Info, error) {
	return through(ctx, r.p, reading, func() (core.Info, error) { return r.s.Describe(ctx) })
}

func (r pathRegistry) CreateModel(ctx context.Context, spec core.ModelSpec) (core.Model, error) {
	return through(ctx, r.p, changing, func() (core.Model, error) { return r.s.CreateModel(ctx, spec) })
}

func (r pathRegistry) Model(ctx context.Context, name string) (core.Model, error) {
	return through(ctx, r.p, reading, func() (core.Model, error) { return r.s.Model(ctx, name) })
}

func (r pathRegistry) UpdateModel(ctx context.Context, name string, change core.ModelChange) (core.Model, error) {
	return through(ctx, r.p, changing, func() (core.Model, error) { return r.s.UpdateModel(ctx, name, change) })
}

func (r pathRegistry) DeleteModel(ctx context.Context, name string) error {
	return alter(ctx, r.p, func() error { return r.s.DeleteModel(ctx, name) })
}

func (r pathRegistry) SearchModels(ctx context.Context, q core.ModelQuery) (core.Page[core.Model], error) {
	return through(ctx, r.p, reading, func() (core.Page[core.Model], error) { return r.s.SearchModels(ctx, q) })
}

func (r pathRegistry) CreateVersion(ctx context.Context, model string, spec core.VersionSpec) (core.Version, error) {
	return through(ctx, r.p, changing, func() (core.Version, error) { return r.s.CreateVersion(ctx, model, spec) })
}

func (r pathRegistry) Version(ctx context.Context, ref core.VersionRef) (core.Version, error) {
	return through(ctx, r.p, reading, func() (core.Version, error) { return r.s.Version(ctx, ref) })
}

func (r pathRegistry) UpdateVersion(ctx context.Context, ref core.VersionRef, change core.VersionChange) (core.Version, error) {
	return through(ctx, r.p, changing, func() (core.Version, error) { return r.s.UpdateVersion(ctx, ref, change) })
}

func (r pathRegistry) DeleteVersion(ctx context.Context, ref core.VersionRef) error {
	return alter(ctx, r.p, func() error { return r.s.DeleteVersion(ctx, ref) })
}

func (r pathRegistry) SearchVersions(ctx context.Context, q core.VersionQuery) (core.Page[core.Version], error) {
	return through(ctx, r.p, reading, func() (core.Page[core.Version], error) { return r.s.SearchVersions(ctx, q) })
}

type pathProjects struct {
	s core.ProjectBackend
	p *Path
}

func (b pathProjects) Close() error { return b.s.Close() }

func (b pathProjects) Describe(ctx context.Context) (core.Info, error) {
	return through(ctx, b.p, reading, func() (core.Info, error) { return b.s.Describe(ctx) })
}

func (b pathProjects) Submit(ctx context.Context, project core.Project, o core.SubmitOptions) (core.JobID, error) {
	return through(ctx, b.p, changing, func() (core.JobID, error) { return b.s.Submit(ctx, project, o) })
}

func (b pathProjects) Job(ctx context.Context, id core.JobID) (core.Job, error) {
	return through(ctx, b.p, reading, func() (core.Job, error) { return b.s.Job(ctx, id) })
}

func (b pathProjects) Cancel(ctx context.Context, id core.JobID) error {
	return alter(ctx, b.p, func() error { return b.s.Cancel(ctx, id) })
}

func (b pathProjects) Logs(ctx context.Context, id core.JobID, o core.LogOptions) (core.Page[core.LogLine], error) {
	return through(ctx, b.p, reading, func() (core.Page[core.LogLine], error) { return b.s.Logs(ctx, id, o) })
}
