package core

import "context"

// ModelID identifies a logged model: "m-" and 32 hexadecimal digits.
type ModelID string

// ModelStatus says whether a logged model can be used. The numbers are MLflow's (LoggedModelStatus).
type ModelStatus int

// The states of a logged model. The zero value means "no change" in a change.
const (
	ModelPending ModelStatus = 1
	ModelReady   ModelStatus = 2
	ModelFailed  ModelStatus = 3
)

// LoggedModel is a model as a run logged it, before or without being registered (MLflow 3).
type LoggedModel struct {
	ID            ModelID
	ExperimentID  ExperimentID
	Name          string
	Type          string
	SourceRunID   RunID // may be empty
	ArtifactURI   string
	Status        ModelStatus
	StatusMessage string
	Lifecycle     Lifecycle
	CreatedAt     Millis
	UpdatedAt     Millis
	Params        map[string]string
	Tags          map[string]string
	Metrics       []RunMetric // the latest point for each key, dataset and run, by key, dataset and run
}

// LoggedModelSpec describes a logged model to create.
type LoggedModelSpec struct {
	Name        string // empty: the store makes one up
	Type        string
	SourceRunID RunID
	Params      map[string]string
	Tags        map[string]string
}

// LoggedModelChange changes what is given: under AtomicBatch all or nothing, else one after the other.
type LoggedModelChange struct {
	Status        ModelStatus // 0 is unchanged
	StatusMessage *string     // nil is unchanged
	Tags          TagChange
	Params        map[string]string // to add; a param keeps its first value
}

// LoggedModelOrder is one key of the order of a search for logged models.
type LoggedModelOrder struct {
	Field         string // an attribute, or metrics.<key>
	Descending    bool
	DatasetName   string // with DatasetDigest: which measurement of the metric counts
	DatasetDigest string
}

// DatasetRef names a dataset; an empty digest stands for all of that name.
type DatasetRef struct {
	Name, Digest string
}

// LoggedModelQuery searches logged models.
type LoggedModelQuery struct {
	Experiments []ExperimentID
	View        View
	Filter      string
	Datasets    []DatasetRef // which measurements count for clauses on metrics; empty is all
	OrderBy     []LoggedModelOrder
	PageOptions
}

// LoggedModels is the ability to keep logged models.
type LoggedModels interface {
	// CreateLoggedModel creates a PENDING model in an active experiment [TS-210]; its artifacts go below the experiment's
	// location, in models/<id>/artifacts. A bad name is ErrInvalid (names.LoggedModelName).
	CreateLoggedModel(ctx context.Context, in ExperimentID, spec LoggedModelSpec) (LoggedModel, error)

	// LoggedModel returns an active or deleted model; an unknown one is ErrNotFound [TS-211].
	LoggedModel(ctx context.Context, id ModelID) (LoggedModel, error)

	// UpdateLoggedModel changes an active model and returns it; a deleted one is ErrNotFound. Deleting an absent tag is
	// ErrNotFound, another value for a param ErrInvalid; both without effect [TS-212].
	UpdateLoggedModel(ctx context.Context, id ModelID, change LoggedModelChange) (LoggedModel, error)

	// DeleteLoggedModel hides the model from searches; a second time is ErrNotFound [TS-213].
	DeleteLoggedModel(ctx context.Context, id ModelID) error

	// SearchLoggedModels finds the models that the query's view shows, by default the newest first [TS-214]. A store that
	// is no Purger may refuse to show deleted ones, with ErrUnimplemented [TS-254].
	SearchLoggedModels(ctx context.Context, query LoggedModelQuery) (Page[LoggedModel], error)
}
