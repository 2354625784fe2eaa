package core

import "context"

// Importer is the ability of a TrackingStore to take entities with the ids and times that they have elsewhere. Histories
// follow with LogBatch. Importing what is there already, equal in id, MUST replace it, so that a copy can be repeated.
type Importer interface {
	// ImportExperiment creates the experiment as it is [TS-215]. An id that does not fit the store's ids is ErrInvalid; a name
	// that another experiment has is ErrExists.
	ImportExperiment(ctx context.Context, e Experiment) error

	// ImportRun creates the run with params, tags, inputs and outputs, whatever its status and stage of life, without its
	// metrics [TS-216].
	ImportRun(ctx context.Context, r Run) error

	// ImportLoggedModel creates the logged model without its metrics [TS-227].
	ImportLoggedModel(ctx context.Context, m LoggedModel) error
}

// RegistryImporter is the same ability of a RegistryStore.
type RegistryImporter interface {
	// ImportModel creates the model with its tags, without versions and aliases [RG-105].
	ImportModel(ctx context.Context, m Model) error

	// ImportVersion creates the version with its number, stage, tags and aliases in an existing model [RG-106].
	ImportVersion(ctx context.Context, v Version) error
}
