package core

import "context"

// Purger is the ability to remove for good what has been deleted. Artifacts are the caller's. Purging what is active is
// ErrState, what is unknown ErrNotFound; both without effect [TS-217].
type Purger interface {
	// PurgeRun removes a deleted run and everything that it logged.
	PurgeRun(ctx context.Context, id RunID) error

	// PurgeExperiment removes a deleted experiment with all its runs and logged models, and frees its name.
	PurgeExperiment(ctx context.Context, id ExperimentID) error

	// PurgeLoggedModel removes a deleted logged model.
	PurgeLoggedModel(ctx context.Context, id ModelID) error
}
