package core

import "context"

// VersionStatus says whether a version can be used. The numbers are MLflow's (ModelVersionStatus).
type VersionStatus int

// The states of a version.
const (
	VersionPending VersionStatus = 1
	VersionFailed  VersionStatus = 2
	VersionReady   VersionStatus = 3
)

// Version is one version of a registered model.
type Version struct {
	Model         string
	Number        int // from 1
	CreatedAt     Millis
	UpdatedAt     Millis
	User          string // where VersionUser is declared
	Description   string
	Stage         Stage  // where Stages is; else empty
	Source        string // URI of the model's files, as it was given
	Location      string // URI to download from, where it differs from Source; else empty
	RunID         RunID  // may be empty
	RunLink       string
	ModelID       ModelID // the logged model it was made from; may be empty
	Status        VersionStatus
	StatusMessage string
	Tags          map[string]string
	Aliases       []string // sorted
}

// DownloadURI is where the version's files are.
func (v Version) DownloadURI() string {
	if v.Location != "" {
		return v.Location
	}
	return v.Source
}

// VersionRef names a version.
type VersionRef struct {
	Model  string
	Number int
}

// VersionSpec describes a version to create.
type VersionSpec struct {
	Source         string
	Location       string // empty: Source
	RunID          RunID
	RunLink        string
	ModelID        ModelID
	User           string
	Description    string
	Tags           map[string]string
	IdempotencyKey string // where IdempotentCreate is declared, a second call with the key returns the first one's version
}

// VersionChange changes what is given: under AtomicBatch all or nothing, else one after the other. Deleting an absent tag
// is no error.
type VersionChange struct {
	Description *string // nil is unchanged, "" clears it
	Tags        TagChange
}

// VersionQuery searches the versions of all models.
type VersionQuery struct {
	Filter  string   // MLflow's search language (package core/filter)
	OrderBy []string // empty is update time descending, then name, then number descending
	PageOptions
}

// Versions is the part of a RegistryStore that keeps versions.
type Versions interface {
	// CreateVersion creates the next version, READY unless the store needs time [RG-021 RG-039], and advances the model's
	// UpdatedAt. It is not before its creation [RG-040].
	//   - Numbers are 1, 2, 3 … for each model [RG-022 RG-024] and MUST NOT be used twice in the model's life, not after a
	//     deletion [RG-023], not by concurrent callers [RG-092] and not after a restart [RG-116] (D-15). There may be
	//     thousands [RG-041], and the last costs what the first did [RG-104].
	//   - Source comes back unchanged [RG-033], that of a copy too [RG-091]; one that climbs (`..`, however encoded) is
	//     ErrInvalid [RG-034], whatever the case of its scheme [RG-036]. A Location is where to download from [RG-037]. A run
	//     is not needed [RG-038]; texts are as long as announced [RG-110]; User is kept under VersionUser [RG-042].
	//   - Without VersionVerbatim a source that refers to a run or model that is not there may be refused, and neither Location
	//     nor ModelID need be kept.
	//   - An unknown model is ErrNotFound [RG-025], also one that is deleted meanwhile [RG-096].
	//   - Where IdempotentCreate is declared, a repeated IdempotencyKey MUST return the same version [RG-098].
	CreateVersion(ctx context.Context, model string, spec VersionSpec) (Version, error)

	// Version returns a version; an unknown or deleted one is ErrNotFound, and model and number are named [RG-026 RG-028]; a
	// number below 1 is ErrInvalid [RG-027].
	Version(ctx context.Context, ref VersionRef) (Version, error)

	// UpdateVersion changes a version and returns it. A new description advances its times [RG-029] and, under
	// VersionTouchesModel, the model's; siblings stay as they are [RG-045].
	UpdateVersion(ctx context.Context, ref VersionRef, change VersionChange) (Version, error)

	// DeleteVersion removes a version and the aliases that point to it [RG-030 RG-065], and what it says of source and run
	// [RG-031]; a second time is ErrNotFound [RG-032].
	DeleteVersion(ctx context.Context, ref VersionRef) error

	// SearchVersions returns what matches [RG-084 RG-085 RG-086], in order [RG-087], page by page [RG-088]; deleted ones
	// never [RG-089]. Under PagesKeyset what is there all along is found once while others come and go [RG-112].
	SearchVersions(ctx context.Context, query VersionQuery) (Page[Version], error)
}
