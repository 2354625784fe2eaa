package rest

import (
	"encoding/json"

	"github.com/mlstore/mlstore/core"
)

// The calls on logged models. Those on their artifacts stand with the artifacts.
const (
	LoggedModelsCreate    Endpoint = "POST /mlflow/logged-models"
	LoggedModelsGet       Endpoint = "GET /mlflow/logged-models/{model_id}"
	LoggedModelsFinalize  Endpoint = "PATCH /mlflow/logged-models/{model_id}"
	LoggedModelsDelete    Endpoint = "DELETE /mlflow/logged-models/{model_id}"
	LoggedModelsLogParams Endpoint = "POST /mlflow/logged-models/{model_id}/params"
	LoggedModelsSetTags   Endpoint = "PATCH /mlflow/logged-models/{model_id}/tags"
	LoggedModelsDeleteTag Endpoint = "DELETE /mlflow/logged-models/{model_id}/tags/{tag_key...}"
	LoggedModelsSearch    Endpoint = "POST /mlflow/logged-models/search"
)

// ModelStatus is a core.ModelStatus on the wire, where it is a name; a number is read too.
type ModelStatus core.ModelStatus

// The names of statuses, at their numbers less 1. Source: mlflow/protos/service.proto.
func modelStatuses() []string {
	return []string{"LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"}
}

// MarshalJSON writes the name; what is no status is the text of nothing known.
func (s ModelStatus) MarshalJSON() ([]byte, error) {
	names := modelStatuses()
	if s < 1 || int(s) > len(names) {
		return json.Marshal("LOGGED_MODEL_STATUS_UNSPECIFIED")
	}
	return json.Marshal(names[s-1])
}

// UnmarshalJSON reads a name or number.
func (s *ModelStatus) UnmarshalJSON(text []byte) error {
	if string(text) == `"LOGGED_MODEL_STATUS_UNSPECIFIED"` {
		*s = 0
		return nil
	}
	n, err := enumOf(text, modelStatuses())
	*s = ModelStatus(n + 1)
	return err
}

// LoggedModel is core.LoggedModel on the wire.
type LoggedModel struct {
	Info LoggedModelInfo `json:"info"`
	Data LoggedModelData `json:"data"`
}

// LoggedModelInfo is the first part of it. Type and run are there also when empty, as with MLflow's SQL store.
type LoggedModelInfo struct {
	ModelID                string      `json:"model_id"`
	ExperimentID           string      `json:"experiment_id"`
	Name                   string      `json:"name"`
	CreationTimestampMs    Int         `json:"creation_timestamp_ms"`
	LastUpdatedTimestampMs Int         `json:"last_updated_timestamp_ms"`
	ArtifactURI            string      `json:"artifact_uri"`
	Status                 ModelStatus `json:"status"`
	ModelType              string      `json:"model_type"`
	SourceRunID            string      `json:"source_run_id"`
	StatusMessage          string      `json:"status_message,omitempty"`
	Tags                   []Tag       `json:"tags,omitempty"`
}

// LoggedModelData is the second part of it.
type LoggedModelData struct {
	Params  []Tag    `json:"params,omitempty"`
	Metrics []Metric `json:"metrics,omitempty"`
}

// LoggedModelOf puts a logged model on the wire.
func LoggedModelOf(m core.LoggedModel) LoggedModel {
	model := LoggedModel{
		Info: LoggedModelInfo{
			ModelID: string(m.ID), ExperimentID: string(m.ExperimentID), Name: m.Name, CreationTimestampMs: Int(m.CreatedAt),
			LastUpdatedTimestampMs: Int(m.UpdatedAt), ArtifactURI: m.ArtifactURI, Status: ModelStatus(m.Status), ModelType: m.Type,
			SourceRunID: string(m.SourceRunID), StatusMessage: m.StatusMessage, Tags: TagsOf(m.Tags),
		},
		Data: LoggedModelData{Params: TagsOf(m.Params)},
	}
	for _, point := range m.Metrics {
		model.Data.Metrics = append(model.Data.Metrics, RunMetricOf(point))
	}
	return model
}

// Core takes a logged model from the wire. What is on the wire is active, as far as it says.
func (m LoggedModel) Core() core.LoggedModel {
	model := core.LoggedModel{
		ID: core.ModelID(m.Info.ModelID), ExperimentID: core.ExperimentID(m.Info.ExperimentID), Name: m.Info.Name,
		Type: m.Info.ModelType, SourceRunID: core.RunID(m.Info.SourceRunID), ArtifactURI: m.Info.ArtifactURI,
		Status: core.ModelStatus(m.Info.Status), StatusMessage: m.Info.StatusMessage, Lifecycle: core.Active,
		CreatedAt: core.Millis(m.Info.CreationTimestampMs), UpdatedAt: core.Millis(m.Info.LastUpdatedTimestampMs),
		Params: TagMap(m.Data.Params), Tags: TagMap(m.Info.Tags),
	}
	for _, point := range m.Data.Metrics {
		model.Metrics = append(model.Metrics, point.RunMetric())
	}
	return model
}

// CreateLoggedModel asks for LoggedModelsCreate.
type CreateLoggedModel struct {
	ExperimentID string `json:"experiment_id" rest:"required"`
	Name         string `json:"name,omitempty"`
	ModelType    string `json:"model_type,omitempty"`
	SourceRunID  string `json:"source_run_id,omitempty"`
	Params       []Tag  `json:"params,omitempty"`
	Tags         []Tag  `json:"tags,omitempty"`
}

// LoggedModelAnswer answers the calls that make, change or get a logged model.
type LoggedModelAnswer struct {
	Model LoggedModel `json:"model"`
}

// GetLoggedModel asks for LoggedModelsGet.
type GetLoggedModel struct {
	ModelID      string `json:"-" rest:"path=model_id"`
	AllowDeleted bool   `json:"allow_deleted,omitempty"`
}

// LoggedModelID asks for LoggedModelsDelete.
type LoggedModelID struct {
	ModelID string `json:"-" rest:"path=model_id"`
}

// FinalizeLoggedModel asks for LoggedModelsFinalize. The id in the path counts.
type FinalizeLoggedModel struct {
	ModelID string      `json:"-" rest:"path=model_id"`
	InBody  string      `json:"model_id,omitempty"`
	Status  ModelStatus `json:"status" rest:"required"`
}

// LogModelParams asks for LoggedModelsLogParams. The id in the path counts.
type LogModelParams struct {
	ModelID string `json:"-" rest:"path=model_id"`
	InBody  string `json:"model_id,omitempty"`
	Params  []Tag  `json:"params,omitempty"`
}

// SetLoggedModelTags asks for LoggedModelsSetTags.
type SetLoggedModelTags struct {
	ModelID string `json:"-" rest:"path=model_id"`
	Tags    []Tag  `json:"tags,omitempty"`
}

// DeleteLoggedModelTag asks for LoggedModelsDeleteTag.
type DeleteLoggedModelTag struct {
	ModelID string `json:"-" rest:"path=model_id"`
	Key     string `json:"-" rest:"path=tag_key"`
}

// SearchLoggedModels asks for LoggedModelsSearch. The list of experiments may be empty, but must be there.
type SearchLoggedModels struct {
	ExperimentIDs []string         `json:"experiment_ids" rest:"required"`
	Filter        string           `json:"filter,omitempty"`
	Datasets      []ModelDataset   `json:"datasets,omitempty"`
	MaxResults    *Int             `json:"max_results,omitempty"`
	OrderBy       []LoggedModelKey `json:"order_by,omitempty"`
	PageToken     string           `json:"page_token,omitempty"`
}

// ModelDataset is a core.DatasetRef on the wire.
type ModelDataset struct {
	DatasetName   string `json:"dataset_name" rest:"required"`
	DatasetDigest string `json:"dataset_digest,omitempty"`
}

// LoggedModelKey is a core.LoggedModelOrder on the wire; no Ascending is true.
type LoggedModelKey struct {
	FieldName     string `json:"field_name" rest:"required"`
	Ascending     *bool  `json:"ascending,omitempty"`
	DatasetName   string `json:"dataset_name,omitempty"`
	DatasetDigest string `json:"dataset_digest,omitempty"`
}

// SearchLoggedModelsOf puts a search on the wire.
func SearchLoggedModelsOf(q core.LoggedModelQuery) SearchLoggedModels {
	search := SearchLoggedModels{ExperimentIDs: []string{}, Filter: q.Filter, PageToken: q.Token}
	for _, id := range q.Experiments {
		search.ExperimentIDs = append(search.ExperimentIDs, string(id))
	}
	for _, d := range q.Datasets {
		search.Datasets = append(search.Datasets, ModelDataset{d.Name, d.Digest})
	}
	for _, o := range q.OrderBy {
		ascending := !o.Descending
		search.OrderBy = append(search.OrderBy, LoggedModelKey{o.Field, &ascending, o.DatasetName, o.DatasetDigest})
	}
	if q.Limit > 0 {
		limit := Int(q.Limit)
		search.MaxResults = &limit
	}
	return search
}

// Query is the search without its page.
func (s SearchLoggedModels) Query() core.LoggedModelQuery {
	q := core.LoggedModelQuery{Filter: s.Filter}
	for _, id := range s.ExperimentIDs {
		q.Experiments = append(q.Experiments, core.ExperimentID(id))
	}
	for _, d := range s.Datasets {
		q.Datasets = append(q.Datasets, core.DatasetRef{Name: d.DatasetName, Digest: d.DatasetDigest})
	}
	for _, o := range s.OrderBy {
		q.OrderBy = append(q.OrderBy, core.LoggedModelOrder{
			Field: o.FieldName, Descending: o.Ascending != nil && !*o.Ascending, DatasetName: o.DatasetName,
			DatasetDigest: o.DatasetDigest,
		})
	}
	return q
}

// LoggedModelsPage answers it.
type LoggedModelsPage struct {
	Models        []LoggedModel `json:"models,omitempty"`
	NextPageToken string        `json:"next_page_token,omitempty"`
}

// LoggedModelsPageOf puts a page of logged models on the wire.
func LoggedModelsPageOf(p core.Page[core.LoggedModel]) LoggedModelsPage {
	page := LoggedModelsPage{NextPageToken: p.Next}
	for _, m := range p.Items {
		page.Models = append(page.Models, LoggedModelOf(m))
	}
	return page
}

// Core takes a page of logged models from the wire.
func (p LoggedModelsPage) Core() core.Page[core.LoggedModel] {
	page := core.Page[core.LoggedModel]{Next: p.NextPageToken}
	for _, m := range p.Models {
		page.Items = append(page.Items, m.Core())
	}
	return page
}
