package core

import "context"

// Dataset is data that runs read. It is known by its name and digest within an experiment.
type Dataset struct {
	Name       string
	Digest     string
	SourceType string
	Source     string
	Schema     string // JSON by custom; may be empty
	Profile    string // JSON by custom; may be empty
}

// DatasetInput is a dataset as one run used it. Its tag mlflow.data.context says what for.
type DatasetInput struct {
	Dataset Dataset
	Tags    map[string]string
}

// Inputs are what a run read.
type Inputs struct {
	Datasets []DatasetInput
	Models   []ModelID
}

// ModelOutput is a logged model that a run made, and at which step.
type ModelOutput struct {
	ModelID ModelID
	Step    int64
}

// DatasetSummary is one use of a dataset in an experiment.
type DatasetSummary struct {
	ExperimentID ExperimentID
	Name         string
	Digest       string
	Context      string // value of the tag mlflow.data.context; may be empty
}

// Lineage is the ability to keep what runs read and made.
type Lineage interface {
	// LogInputs adds inputs to a run [TS-132]. Known ones change nothing [TS-133]: the first source, schema, profile and tags
	// stay, and duplicates within a call collapse to the first. Limits are those announced [TS-134]. An unknown run is
	// ErrNotFound, a deleted one ErrState, a dataset without name or digest ErrInvalid [TS-225]. Model ids need not exist.
	LogInputs(ctx context.Context, id RunID, in Inputs) error

	// LogOutputs adds models to what a run made; a known one keeps its step [TS-208]. Errors as LogInputs.
	LogOutputs(ctx context.Context, id RunID, out []ModelOutput) error

	// SearchDatasets lists the distinct uses of datasets in the experiments, at most 1000, by experiment, name, digest and
	// context [TS-209]. Unknown experiments contribute nothing; none at all is ErrInvalid, as are more than 20.
	SearchDatasets(ctx context.Context, in []ExperimentID) ([]DatasetSummary, error)
}
