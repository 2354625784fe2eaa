package core

import "context"

// ExperimentID identifies an experiment. MLflow's stores use decimal numbers; others may use any single path component.
type ExperimentID string

// DefaultExperimentID and DefaultExperimentName are those of the experiment that exists from the start where
// DefaultExperiment is declared.
const (
	DefaultExperimentID   ExperimentID = "0"
	DefaultExperimentName string       = "Default"
)

// Lifecycle tells whether an experiment, run or logged model is in use or has been deleted and can be restored.
type Lifecycle string

// The stages of life. The zero value means "no change" in a change and MUST NOT appear in an entity.
const (
	Active  Lifecycle = "active"
	Deleted Lifecycle = "deleted"
)

// View selects entities by their stage of life. The zero value shows the active ones.
type View int

// The views; MLflow's ViewType numbers them from 1.
const (
	ActiveOnly View = iota
	DeletedOnly
	AllStages
)

// Shows reports whether the view includes entities of this stage.
func (v View) Shows(l Lifecycle) bool {
	switch v {
	case ActiveOnly:
		return l != Deleted
	case DeletedOnly:
		return l == Deleted
	case AllStages:
		return true
	}
	return false
}

// Experiment groups runs.
type Experiment struct {
	ID               ExperimentID
	Name             string // unique among active and deleted experiments
	ArtifactLocation string // URI or path below which the artifacts of its runs are kept
	Lifecycle        Lifecycle
	CreatedAt        Millis
	UpdatedAt        Millis // moved by rename, delete and restore; not by tags or runs
	Tags             map[string]string
}

// ExperimentSpec describes an experiment to create.
type ExperimentSpec struct {
	Name             string
	ArtifactLocation string // empty lets the store choose one
	Tags             map[string]string
}

// ExperimentRef names an experiment by exactly one of its id and its name.
type ExperimentRef struct {
	ID   ExperimentID
	Name string
}

// ExperimentChange renames, deletes or restores: exactly one of them.
type ExperimentChange struct {
	Name      *string   // the new name
	Lifecycle Lifecycle // Deleted or Active
}

// ExperimentQuery searches experiments.
type ExperimentQuery struct {
	Filter  string   // MLflow's search language (package core/filter); empty matches all
	OrderBy []string // such as "name DESC"; empty is creation time descending, then id
	View    View
	PageOptions
}

// Experiments is the part of a TrackingStore that keeps experiments.
type Experiments interface {
	// CreateExperiment creates an active experiment whose two times are equal [TS-001], with its tags [TS-002].
	//   - A name that an active or deleted experiment has MUST be ErrExists [TS-006 TS-007]; names differ by their bytes:
	//     case, Unicode form and spaces count [TS-010 TS-011 TS-012]. Blank ones are ErrInvalid [TS-008].
	//   - A given ArtifactLocation MUST come back unchanged [TS-003]; an empty one MUST be filled, differently for every
	//     experiment [TS-004]. `runs:` URIs are ErrInvalid [TS-005].
	//   - Of several callers racing for one name exactly one MUST succeed [TS-170].
	CreateExperiment(ctx context.Context, spec ExperimentSpec) (Experiment, error)

	// Experiment finds an active or deleted experiment [TS-016 TS-018]. An unknown one is ErrNotFound, with the id or name in
	// the error [TS-014 TS-017]; a malformed id is ErrInvalid or ErrNotFound [TS-015].
	Experiment(ctx context.Context, ref ExperimentRef) (Experiment, error)

	// UpdateExperiment renames, deletes or restores; a change of none or of two is ErrInvalid [TS-218].
	//   - Renaming advances UpdatedAt alone [TS-019]. A taken name is ErrExists, and both experiments stay as they were
	//     [TS-020]; the own name is fine [TS-021]. A deleted experiment cannot be renamed: ErrState [TS-022]. Of two
	//     racing for one name one wins [TS-171].
	//   - Deleting MUST delete all its runs too [TS-023]; restoring MUST restore all of them, also those that had been
	//     deleted one by one [TS-026] (D-4).
	//   - The experiment "0" of DefaultExperiment cannot be deleted: ErrState [TS-033].
	//   - Deleting a deleted and restoring an active experiment is ErrNotFound, without effect [TS-024 TS-028] (D-5), as
	//     is an unknown id [TS-025].
	UpdateExperiment(ctx context.Context, id ExperimentID, change ExperimentChange) error

	// ChangeExperimentTags sets and deletes tags at once [TS-029]. Deleting an absent one is ErrNotFound and names the key
	// [TS-030]; without ExperimentTagDelete it is ErrUnsupported. On a deleted experiment it is ErrState [TS-032]; a key both
	// set and deleted is ErrInvalid [TS-219]. Limits are those announced [TS-031].
	ChangeExperimentTags(ctx context.Context, id ExperimentID, change TagChange) error

	// SearchExperiments returns what matches [TS-036 TS-037 TS-038 TS-040 TS-041] in the view [TS-035] and order
	// [TS-043]; a tag can be absent [TS-039].
	//   - No match is an empty page [TS-034]. A bad filter or order is ErrInvalid and shows the offending text [TS-042
	//     TS-044].
	//   - Pages of any length MUST yield every match once, in order [TS-046]; the last one has no token, even when it is
	//     full [TS-047]. The length is that asked for, within the limits announced [TS-045]. Tokens that the store did
	//     not make are ErrInvalid [TS-048], as is, under PagesKeyset, one of another query [TS-049].
	SearchExperiments(ctx context.Context, query ExperimentQuery) (Page[Experiment], error)
}
