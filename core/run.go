package core

import (
	"context"
	"fmt"
)

// RunID identifies a run. Ours are 32 lower-case hexadecimal digits, as MLflow's.
type RunID string

// RunStatus says how far a run has come. The numbers are MLflow's (mlflow/protos/service.proto, RunStatus). The zero value
// means "no change" in a change and MUST NOT appear in an entity.
type RunStatus int

// The states of a run.
const (
	Running   RunStatus = 1
	Scheduled RunStatus = 2
	Finished  RunStatus = 3
	Failed    RunStatus = 4
	Killed    RunStatus = 5
)

func (s RunStatus) String() string {
	switch s {
	case Running:
		return "RUNNING"
	case Scheduled:
		return "SCHEDULED"
	case Finished:
		return "FINISHED"
	case Failed:
		return "FAILED"
	case Killed:
		return "KILLED"
	}
	return fmt.Sprintf("RunStatus(%d)", int(s))
}

// Valid reports whether s is one of the five states.
func (s RunStatus) Valid() bool { return s >= Running && s <= Killed }

// Terminal reports whether a run of this status has ended.
func (s RunStatus) Terminal() bool { return s == Finished || s == Failed || s == Killed }

// ParseRunStatus reads MLflow's name of a status, such as "FINISHED".
func ParseRunStatus(name string) (RunStatus, error) {
	for s := Running; s <= Killed; s++ {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, Invalid("status", "unknown run status %q: it must be one of RUNNING, SCHEDULED, FINISHED, FAILED, KILLED", name)
}

// Run is one execution: what it is, what it logged, and what it read and made.
type Run struct {
	RunInfo
	RunData
	Inputs  Inputs        // filled where Lineage is
	Outputs []ModelOutput // filled where Lineage is
}

// RunInfo is what a run is.
type RunInfo struct {
	ID           RunID
	ExperimentID ExperimentID
	Name         string
	User         string
	Status       RunStatus
	StartTime    Millis
	EndTime      Millis // 0 until it has ended
	ArtifactURI  string // root of its artifacts, fixed at creation
	Lifecycle    Lifecycle
	DeletedAt    Millis // when it was deleted; 0 unless it is, or where the store does not know
}

// RunData is what a run logged: for each metric its latest point (Latest), params and tags.
type RunData struct {
	Metrics map[string]Metric
	Params  map[string]string
	Tags    map[string]string
}

// RunSpec describes a run to create. The zero value is a run without anything.
type RunSpec struct {
	Name           string // empty: the tag mlflow.runName, else the store makes one up
	User           string
	StartTime      Millis // kept as given; the store does not fill in the present
	Tags           map[string]string
	IdempotencyKey string // where IdempotentCreate is declared, a second call with the key returns the first one's run
}

// RunChange changes the fields that are given. Lifecycle goes alone.
type RunChange struct {
	Name      string    // empty is unchanged
	Status    RunStatus // 0 is unchanged
	EndTime   *Millis   // nil is unchanged; 0 means that the run has not ended
	Lifecycle Lifecycle // Deleted or Active
}

// RunFields chooses how much of a run SearchRuns fills in. The zero value is everything.
type RunFields int

// The field masks.
const (
	WholeRun    RunFields = iota
	RunInfoOnly           // RunInfo alone: the rest is empty, which spares the store work
)

// RunQuery searches runs.
type RunQuery struct {
	Experiments []ExperimentID // union; unknown ids contribute nothing, none at all finds nothing
	Filter      string         // MLflow's search language (package core/filter); empty matches all
	OrderBy     []string       // such as "metrics.loss ASC"; empty is start time descending, then id
	View        View
	Fields      RunFields
	PageOptions
}

// Runs is the part of a TrackingStore that keeps runs, their params and tags.
type Runs interface {
	// CreateRun creates a RUNNING, active run without an end time [TS-050], with its tags
	// [TS-051 TS-073 TS-075]; what it refuses anywhere else it refuses here too [TS-220].
	//   - Name and tag mlflow.runName are two sides of one thing [TS-053]: either gives the other, two different ones are
	//     ErrInvalid [TS-054], and without any the store makes a name up [TS-052]. Names may repeat [TS-055].
	//   - An unknown experiment is ErrNotFound [TS-056], a deleted one ErrState [TS-057].
	//   - Ids are unique [TS-059]; ArtifactURI is unique and lies below the experiment's location [TS-058].
	//   - Where IdempotentCreate is declared, a repeated IdempotencyKey MUST return the same run [TS-185].
	CreateRun(ctx context.Context, in ExperimentID, spec RunSpec) (Run, error)

	// Run returns an active or deleted run whole [TS-062 TS-063]; an unknown one is ErrNotFound and named [TS-060], a
	// malformed id ErrInvalid or ErrNotFound [TS-061].
	Run(ctx context.Context, id RunID) (Run, error)

	// UpdateRun changes what is given and nothing else [TS-064 TS-065 TS-074], and returns the new state; an empty change
	// returns the run as it is [TS-066].
	//   - An unknown status is ErrInvalid [TS-067]. A run that has ended may run again [TS-069] (D-6), without an end time
	//     [TS-221].
	//   - A deleted run can only be restored, or deleted again: else ErrState [TS-068]. Deleting and restoring twice succeeds
	//     [TS-071] and keeps the data [TS-070] (D-5). A lifecycle beside another change is ErrInvalid [TS-222]. Racing
	//     callers leave one stage of life [TS-176].
	UpdateRun(ctx context.Context, id RunID, change RunChange) (RunInfo, error)

	// ChangeRunTags sets and deletes tags at once [TS-109 TS-110]. Deleting an absent one is ErrNotFound and names the key
	// [TS-111]. Setting mlflow.runName renames the run [TS-113]; deleting it keeps the name. On a deleted run it is ErrState
	// [TS-114]. Of racing callers the last one's value stays [TS-173]. Limits are those announced [TS-112].
	ChangeRunTags(ctx context.Context, id RunID, change TagChange) error

	// SearchRuns returns what matches in the experiments [TS-136], the view [TS-137 TS-072] and the order [TS-148
	// TS-149]; no match is an empty page [TS-135]. A run comes as Run returns it [TS-229], or its RunInfo alone [TS-228].
	//   - Filters see latest metric values [TS-138]; NaN satisfies no order [TS-139]; a run without the key matches no
	//     clause on it, nor `!=` [TS-140]; values are literal text [TS-146]; keys may be quoted [TS-145], clauses joined
	//     [TS-144], attributes named in several ways [TS-142 TS-143], keys absent [TS-141]. A bad filter or order is
	//     ErrInvalid and shows the offending text [TS-147 TS-151].
	//   - Ties break by start time descending, then id ascending [TS-150] (D-14).
	//   - Pages of any length MUST yield every match once, in order [TS-153 TS-154]; foreign tokens are ErrInvalid
	//     [TS-155]. The length is that asked for [TS-152]; long walks [TS-161] and fat runs [TS-162] come to their end.
	//     Under PagesKeyset runs that are there all along MUST appear exactly once while others come, go and change
	//     [TS-158 TS-159 TS-160], a token of another query is ErrInvalid [TS-156], and a token MUST work after the store
	//     was opened anew [TS-157].
	//   - Without SearchNative the store gets an empty Filter and OrderBy, and core/client does the rest.
	SearchRuns(ctx context.Context, query RunQuery) (Page[Run], error)
}
