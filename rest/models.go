package rest

import (
	"maps"
	"slices"
	"strconv"

	"github.com/mlstore/mlstore/core"
)

// The calls on registered models.
const (
	ModelsCreate      Endpoint = "POST /mlflow/registered-models/create"
	ModelsRename      Endpoint = "POST /mlflow/registered-models/rename"
	ModelsUpdate      Endpoint = "PATCH /mlflow/registered-models/update"
	ModelsDelete      Endpoint = "DELETE /mlflow/registered-models/delete"
	ModelsGet         Endpoint = "GET /mlflow/registered-models/get"
	ModelsSearch      Endpoint = "GET /mlflow/registered-models/search"
	ModelsList        Endpoint = "GET /mlflow/registered-models/list" // of 1.x alone
	ModelsLatest      Endpoint = "POST /mlflow/registered-models/get-latest-versions"
	ModelsSetTag      Endpoint = "POST /mlflow/registered-models/set-tag"
	ModelsDeleteTag   Endpoint = "DELETE /mlflow/registered-models/delete-tag"
	ModelsSetAlias    Endpoint = "POST /mlflow/registered-models/alias"
	ModelsDeleteAlias Endpoint = "DELETE /mlflow/registered-models/alias"
	ModelsGetAlias    Endpoint = "GET /mlflow/registered-models/alias"
)

// RegisteredModel is core.Model on the wire.
type RegisteredModel struct {
	Name                 string         `json:"name"`
	CreationTimestamp    Int            `json:"creation_timestamp"`
	LastUpdatedTimestamp Int            `json:"last_updated_timestamp,omitempty"`
	Description          string         `json:"description,omitempty"`
	LatestVersions       []ModelVersion `json:"latest_versions,omitempty"`
	Tags                 []Tag          `json:"tags,omitempty"`
	Aliases              []ModelAlias   `json:"aliases,omitempty"`
}

// ModelAlias is an alias of a model, whose version is text on the wire.
type ModelAlias struct {
	Alias   string `json:"alias"`
	Version string `json:"version"`
}

// RegisteredModelOf puts a model on the wire.
func RegisteredModelOf(m core.Model) RegisteredModel {
	model := RegisteredModel{
		Name: m.Name, CreationTimestamp: Int(m.CreatedAt), LastUpdatedTimestamp: Int(m.UpdatedAt), Description: m.Description,
		LatestVersions: versionsOf(m.Latest), Tags: TagsOf(m.Tags),
	}
	for _, alias := range slices.Sorted(maps.Keys(m.Aliases)) {
		model.Aliases = append(model.Aliases, ModelAlias{alias, strconv.Itoa(m.Aliases[alias])})
	}
	return model
}

// Core takes a model from the wire. Versions whose number is none are left out.
func (m RegisteredModel) Core() core.Model {
	model := core.Model{
		Name: m.Name, Description: m.Description, CreatedAt: core.Millis(m.CreationTimestamp),
		UpdatedAt: core.Millis(m.LastUpdatedTimestamp), Tags: TagMap(m.Tags), Latest: CoreVersions(m.LatestVersions),
	}
	for _, a := range m.Aliases {
		if number, err := strconv.Atoi(a.Version); err == nil {
			if model.Aliases == nil {
				model.Aliases = map[string]int{}
			}
			model.Aliases[a.Alias] = number
		}
	}
	return model
}

// CreateModel asks for ModelsCreate. Of a tag that is there twice the last value counts.
type CreateModel struct {
	Name        string `json:"name" rest:"required"`
	Tags        []Tag  `json:"tags,omitempty"`
	Description string `json:"description,omitempty"`
}

// RenameModel asks for ModelsRename.
type RenameModel struct {
	Name    string `json:"name" rest:"required"`
	NewName string `json:"new_name" rest:"required"`
}

// UpdateModel asks for ModelsUpdate. No description clears it.
type UpdateModel struct {
	Name        string `json:"name" rest:"required"`
	Description string `json:"description"`
}

// ModelName asks for ModelsGet and ModelsDelete.
type ModelName struct {
	Name string `json:"name" rest:"required"`
}

// ModelAnswer answers the calls that make, change or get a model.
type ModelAnswer struct {
	RegisteredModel RegisteredModel `json:"registered_model"`
}

// SearchModels asks for ModelsSearch and ModelsList.
type SearchModels struct {
	Filter     string   `json:"filter,omitempty"`
	MaxResults *Int     `json:"max_results,omitempty"`
	OrderBy    []string `json:"order_by,omitempty"`
	PageToken  string   `json:"page_token,omitempty"`
}

// ModelsPage answers it.
type ModelsPage struct {
	RegisteredModels []RegisteredModel `json:"registered_models,omitempty"`
	NextPageToken    string            `json:"next_page_token,omitempty"`
}

// ModelsPageOf puts a page of models on the wire.
func ModelsPageOf(p core.Page[core.Model]) ModelsPage {
	page := ModelsPage{NextPageToken: p.Next}
	for _, m := range p.Items {
		page.RegisteredModels = append(page.RegisteredModels, RegisteredModelOf(m))
	}
	return page
}

// Core takes a page of models from the wire.
func (p ModelsPage) Core() core.Page[core.Model] {
	page := core.Page[core.Model]{Next: p.NextPageToken}
	for _, m := range p.RegisteredModels {
		page.Items = append(page.Items, m.Core())
	}
	return page
}

// LatestVersions asks for ModelsLatest. No stages are all four.
type LatestVersions struct {
	Name   string   `json:"name" rest:"required"`
	Stages []string `json:"stages,omitempty"`
}

// VersionsAnswer answers it.
type VersionsAnswer struct {
	ModelVersions []ModelVersion `json:"model_versions,omitempty"`
}

// SetModelTag asks for ModelsSetTag.
type SetModelTag struct {
	Name  string `json:"name" rest:"required"`
	Key   string `json:"key" rest:"required"`
	Value string `json:"value"`
}

// DeleteModelTag asks for ModelsDeleteTag.
type DeleteModelTag struct {
	Name string `json:"name" rest:"required"`
	Key  string `json:"key" rest:"required"`
}

// SetAlias asks for ModelsSetAlias.
type SetAlias struct {
	Name    string `json:"name" rest:"required"`
	Alias   string `json:"alias" rest:"required"`
	Version string `json:"version" rest:"required"`
}

// Alias asks for ModelsDeleteAlias and ModelsGetAlias.
type Alias struct {
	Name  string `json:"name" rest:"required"`
	Alias string `json:"alias" rest:"required"`
}
