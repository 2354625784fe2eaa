package core

import (
	"context"
	"strings"
)

// Stage is a model version's place on the way to production.
type Stage string

// The stages. The zero value stands for a store without stages.
const (
	StageNone       Stage = "None"
	StageStaging    Stage = "Staging"
	StageProduction Stage = "Production"
	StageArchived   Stage = "Archived"
)

// StageNames returns the four stages in MLflow's order.
func StageNames() []Stage { return []Stage{StageNone, StageStaging, StageProduction, StageArchived} }

// ParseStage reads a stage in any case.
func ParseStage(name string) (Stage, error) {
	for _, s := range StageNames() {
		if strings.EqualFold(string(s), name) {
			return s, nil
		}
	}
	return "", Invalid("stage",
		"Invalid Model Version stage: %s. Value must be one of None, Staging, Production, Archived.", name)
}

// StageChange moves a version to a stage.
type StageChange struct {
	Stage           Stage // in any case
	ArchiveExisting bool  // archive the other versions of that stage at the same moment
}

// Stages is the ability of a RegistryStore to move versions through stages. A store without it shows none [RG-073].
type Stages interface {
	// SetStage moves a version, from any stage to any [RG-067 RG-068], and advances its times and the model's. An unknown
	// stage is ErrInvalid [RG-069]. ArchiveExisting archives the others of that stage, and only these [RG-070],
	// under AtomicBatch at the same moment [RG-095]; it is ErrInvalid for None and Archived [RG-071].
	SetStage(ctx context.Context, ref VersionRef, change StageChange) (Version, error)

	// LatestVersions returns the highest version of each stage that has one, by version number; no stages are all four
	// [RG-072 RG-020].
	LatestVersions(ctx context.Context, model string, stages []Stage) ([]Version, error)
}
