package rest

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// The calls on versions of registered models.
const (
	VersionsCreate      Endpoint = "POST /mlflow/model-versions/create"
	VersionsUpdate      Endpoint = "PATCH /mlflow/model-versions/update"
	VersionsTransition  Endpoint = "POST /mlflow/model-versions/transition-stage"
	VersionsDelete      Endpoint = "DELETE /mlflow/model-versions/delete"
	VersionsGet         Endpoint = "GET /mlflow/model-versions/get"
	VersionsSearch      Endpoint = "GET /mlflow/model-versions/search"
	VersionsDownloadURI Endpoint = "GET /mlflow/model-versions/get-download-uri"
	VersionsSetTag      Endpoint = "POST /mlflow/model-versions/set-tag"
	VersionsDeleteTag   Endpoint = "DELETE /mlflow/model-versions/delete-tag"
)

// VersionStatus is a core.VersionStatus on the wire, where it is a name; a number is read too.
type VersionStatus core.VersionStatus

// The names of statuses, at their numbers less 1. Source: mlflow/protos/model_registry.proto.
func versionStatuses() []string {
	return []string{"PENDING_REGISTRATION", "FAILED_REGISTRATION", "READY"}
}

// MarshalJSON writes the name. What is no status is READY: clients wait five minutes for a version that is pending.
func (s VersionStatus) MarshalJSON() ([]byte, error) {
	names := versionStatuses()
	if s < 1 || int(s) > len(names) {
		s = VersionStatus(core.VersionReady)
	}
	return json.Marshal(names[s-1])
}

// UnmarshalJSON reads a name or number.
func (s *VersionStatus) UnmarshalJSON(text []byte) error {
	n, err := enumOf(text, versionStatuses())
	*s = VersionStatus(n + 1)
	return err
}

// ModelVersion is core.Version on the wire. Texts that MLflow's SQL store keeps as it gets them are there also when empty.
type ModelVersion struct {
	Name                 string        `json:"name"`
	Version              string        `json:"version"`
	CreationTimestamp    Int           `json:"creation_timestamp"`
	LastUpdatedTimestamp Int           `json:"last_updated_timestamp,omitempty"`
	UserID               string        `json:"user_id,omitempty"`
	CurrentStage         string        `json:"current_stage,omitempty"`
	Description          string        `json:"description"`
	Source               string        `json:"source"`
	RunID                string        `json:"run_id"`
	Status               VersionStatus `json:"status"`
	StatusMessage        string        `json:"status_message,omitempty"`
	Tags                 []Tag         `json:"tags,omitempty"`
	RunLink              string        `json:"run_link"`
	Aliases              []string      `json:"aliases,omitempty"`
	ModelID              string        `json:"model_id,omitempty"`
}

// ModelVersionOf puts a version on the wire.
func ModelVersionOf(v core.Version) ModelVersion {
	return ModelVersion{
		Name: v.Model, Version: strconv.Itoa(v.Number), CreationTimestamp: Int(v.CreatedAt), LastUpdatedTimestamp: Int(v.UpdatedAt),
		UserID: v.User, CurrentStage: string(v.Stage), Description: v.Description, Source: v.Source, RunID: string(v.RunID),
		Status: VersionStatus(v.Status), StatusMessage: v.StatusMessage, Tags: TagsOf(v.Tags), RunLink: v.RunLink,
		Aliases: v.Aliases, ModelID: string(v.ModelID),
	}
}

func versionsOf(list []core.Version) []ModelVersion {
	var versions []ModelVersion
	for _, v := range list {
		versions = append(versions, ModelVersionOf(v))
	}
	return versions
}

// VersionsAnswerOf puts versions on the wire.
func VersionsAnswerOf(list []core.Version) VersionsAnswer { return VersionsAnswer{versionsOf(list)} }

// Core takes a version from the wire, whose number is 0 where the text is none. The location is not on the wire: ask for
// VersionsDownloadURI.
func (v ModelVersion) Core() core.Version {
	number, _ := strconv.Atoi(v.Version)
	return core.Version{
		Model: v.Name, Number: number, CreatedAt: core.Millis(v.CreationTimestamp), UpdatedAt: core.Millis(v.LastUpdatedTimestamp),
		User: v.UserID, Description: v.Description, Stage: core.Stage(v.CurrentStage), Source: v.Source,
		RunID: core.RunID(v.RunID), RunLink: v.RunLink, ModelID: core.ModelID(v.ModelID), Status: core.VersionStatus(v.Status),
		StatusMessage: v.StatusMessage, Tags: TagMap(v.Tags), Aliases: v.Aliases,
	}
}

// CoreVersions takes versions from the wire; those whose number is none are left out.
func CoreVersions(list []ModelVersion) []core.Version {
	var versions []core.Version
	for _, v := range list {
		if version := v.Core(); version.Number > 0 {
			versions = append(versions, version)
		}
	}
	return versions
}

// VersionNumber reads the number of a version, which is text on the wire.
func VersionNumber(text string) (int, error) {
	number, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0, core.Invalid("version", "Parameter 'version' must be an integer, got '%s'.", shown([]byte(text)))
	}
	return number, nil
}

// CreateVersion asks for VersionsCreate. A nil id is one that the server may find out.
type CreateVersion struct {
	Name        string  `json:"name" rest:"required"`
	Source      string  `json:"source" rest:"required"`
	RunID       *string `json:"run_id,omitempty"`
	Tags        []Tag   `json:"tags,omitempty"`
	RunLink     string  `json:"run_link,omitempty"`
	Description string  `json:"description,omitempty"`
	ModelID     *string `json:"model_id,omitempty"`
}

// UpdateVersion asks for VersionsUpdate. No description clears it.
type UpdateVersion struct {
	Name        string `json:"name" rest:"required"`
	Version     string `json:"version" rest:"required"`
	Description string `json:"description"`
}

// TransitionVersion asks for VersionsTransition.
type TransitionVersion struct {
	Name            string `json:"name" rest:"required"`
	Version         string `json:"version" rest:"required"`
	Stage           string `json:"stage" rest:"required"`
	ArchiveExisting bool   `json:"archive_existing_versions"`
}

// VersionRef asks for VersionsGet, VersionsDelete and VersionsDownloadURI.
type VersionRef struct {
	Name    string `json:"name" rest:"required"`
	Version string `json:"version" rest:"required"`
}

// VersionAnswer answers the calls that make, change or get a version.
type VersionAnswer struct {
	ModelVersion ModelVersion `json:"model_version"`
}

// DownloadURIAnswer answers VersionsDownloadURI.
type DownloadURIAnswer struct {
	ArtifactURI string `json:"artifact_uri"`
}

// SearchVersions asks for VersionsSearch.
type SearchVersions struct {
	Filter     string   `json:"filter,omitempty"`
	MaxResults *Int     `json:"max_results,omitempty"`
	OrderBy    []string `json:"order_by,omitempty"`
	PageToken  string   `json:"page_token,omitempty"`
}

// VersionsPage answers it.
type VersionsPage struct {
	ModelVersions []ModelVersion `json:"model_versions,omitempty"`
	NextPageToken string         `json:"next_page_token,omitempty"`
}

// VersionsPageOf puts a page of versions on the wire.
func VersionsPageOf(p core.Page[core.Version]) VersionsPage {
	return VersionsPage{ModelVersions: versionsOf(p.Items), NextPageToken: p.Next}
}

// Core takes a page of versions from the wire.
func (p VersionsPage) Core() core.Page[core.Version] {
	return core.Page[core.Version]{Items: CoreVersions(p.ModelVersions), Next: p.NextPageToken}
}

// SetVersionTag asks for VersionsSetTag.
type SetVersionTag struct {
	Name    string `json:"name" rest:"required"`
	Version string `json:"version" rest:"required"`
	Key     string `json:"key" rest:"required"`
	Value   string `json:"value"`
}

// DeleteVersionTag asks for VersionsDeleteTag.
type DeleteVersionTag struct {
	Name    string `json:"name" rest:"required"`
	Version string `json:"version" rest:"required"`
	Key     string `json:"key" rest:"required"`
}
