package sqlstore

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// Refusing are the calls of a tracking store that was opened for something else: every one is the error Why.
type Refusing struct{ Why error }

// CreateExperiment is refused, as all that follow.
func (r Refusing) CreateExperiment(context.Context, core.ExperimentSpec) (core.Experiment, error) {
	return core.Experiment{}, r.Why
}

// Experiment is refused.
func (r Refusing) Experiment(context.Context, core.ExperimentRef) (core.Experiment, error) {
	return core.Experiment{}, r.Why
}

// UpdateExperiment is refused.
func (r Refusing) UpdateExperiment(context.Context, core.ExperimentID, core.ExperimentChange) error {
	return r.Why
}

// ChangeExperimentTags is refused.
func (r Refusing) ChangeExperimentTags(context.Context, core.ExperimentID, core.TagChange) error {
	return r.Why
}

// SearchExperiments is refused.
func (r Refusing) SearchExperiments(context.Context, core.ExperimentQuery) (core.Page[core.Experiment], error) {
	return core.Page[core.Experiment]{}, r.Why
}

// CreateRun is refused.
func (r Refusing) CreateRun(context.Context, core.ExperimentID, core.RunSpec) (core.Run, error) {
	return core.Run{}, r.Why
}

// Run is refused.
func (r Refusing) Run(context.Context, core.RunID) (core.Run, error) { return core.Run{}, r.Why }

// UpdateRun is refused.
func (r Refusing) UpdateRun(context.Context, core.RunID, core.RunChange) (core.RunInfo, error) {
	return core.RunInfo{}, r.Why
}

// ChangeRunTags is refused.
func (r Refusing) ChangeRunTags(context.Context, core.RunID, core.TagChange) error { return r.Why }

// SearchRuns is refused.
func (r Refusing) SearchRuns(context.Context, core.RunQuery) (core.Page[core.Run], error) {
	return core.Page[core.Run]{}, r.Why
}

// LogBatch is refused.
func (r Refusing) LogBatch(context.Context, core.RunID, core.Batch) error { return r.Why }

// MetricHistory is refused.
func (r Refusing) MetricHistory(context.Context, core.RunID, string, core.HistoryOptions) (core.Page[core.Metric], error) {
	return core.Page[core.Metric]{}, r.Why
}
