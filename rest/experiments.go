package rest

import "github.com/mlstore/mlstore/core"

// The calls on experiments.
const (
	ExperimentsCreate    Endpoint = "POST /mlflow/experiments/create"
	ExperimentsGet       Endpoint = "GET /mlflow/experiments/get"
	ExperimentsGetByName Endpoint = "GET /mlflow/experiments/get-by-name"
	ExperimentsDelete    Endpoint = "POST /mlflow/experiments/delete"
	ExperimentsRestore   Endpoint = "POST /mlflow/experiments/restore"
	ExperimentsUpdate    Endpoint = "POST /mlflow/experiments/update"
	ExperimentsSetTag    Endpoint = "POST /mlflow/experiments/set-experiment-tag"
	ExperimentsDeleteTag Endpoint = "POST /mlflow/experiments/delete-experiment-tag"
	ExperimentsSearch    Endpoint = "POST /mlflow/experiments/search"
	ExperimentsSearchGet Endpoint = "GET /mlflow/experiments/search"
	ExperimentsList      Endpoint = "GET /mlflow/experiments/list" // of 1.x alone
)

// Experiment is core.Experiment on the wire.
type Experiment struct {
	ExperimentID     string `json:"experiment_id"`
	Name             string `json:"name"`
	ArtifactLocation string `json:"artifact_location"`
	LifecycleStage   string `json:"lifecycle_stage"`
	LastUpdateTime   Int    `json:"last_update_time,omitempty"`
	CreationTime     Int    `json:"creation_time,omitempty"`
	Tags             []Tag  `json:"tags,omitempty"`
	Workspace        string `json:"workspace,omitempty"` // since 3.14
}

// ExperimentOf puts an experiment on the wire.
func ExperimentOf(e core.Experiment) Experiment {
	return Experiment{
		ExperimentID: string(e.ID), Name: e.Name, ArtifactLocation: e.ArtifactLocation, LifecycleStage: string(e.Lifecycle),
		LastUpdateTime: Int(e.UpdatedAt), CreationTime: Int(e.CreatedAt), Tags: TagsOf(e.Tags), Workspace: "default",
	}
}

// Core takes an experiment from the wire.
func (e Experiment) Core() core.Experiment {
	return core.Experiment{
		ID: core.ExperimentID(e.ExperimentID), Name: e.Name, ArtifactLocation: e.ArtifactLocation,
		Lifecycle: core.Lifecycle(e.LifecycleStage), CreatedAt: core.Millis(e.CreationTime),
		UpdatedAt: core.Millis(e.LastUpdateTime), Tags: TagMap(e.Tags),
	}
}

// CreateExperiment asks for ExperimentsCreate.
type CreateExperiment struct {
	Name             string `json:"name" rest:"required"`
	ArtifactLocation string `json:"artifact_location,omitempty"`
	Tags             []Tag  `json:"tags,omitempty"`
}

// CreateExperimentAnswer answers it.
type CreateExperimentAnswer struct {
	ExperimentID string `json:"experiment_id"`
}

// ExperimentID asks for ExperimentsGet, ExperimentsDelete and ExperimentsRestore.
type ExperimentID struct {
	ExperimentID string `json:"experiment_id" rest:"required"`
}

// ExperimentName asks for ExperimentsGetByName.
type ExperimentName struct {
	ExperimentName string `json:"experiment_name" rest:"required"`
}

// ExperimentAnswer answers ExperimentsGet and ExperimentsGetByName.
type ExperimentAnswer struct {
	Experiment Experiment `json:"experiment"`
}

// UpdateExperiment asks for ExperimentsUpdate.
type UpdateExperiment struct {
	ExperimentID string `json:"experiment_id" rest:"required"`
	NewName      string `json:"new_name" rest:"required"`
}

// SetExperimentTag asks for ExperimentsSetTag.
type SetExperimentTag struct {
	ExperimentID string `json:"experiment_id" rest:"required"`
	Key          string `json:"key" rest:"required"`
	Value        string `json:"value"`
}

// DeleteExperimentTag asks for ExperimentsDeleteTag.
type DeleteExperimentTag struct {
	ExperimentID string `json:"experiment_id" rest:"required"`
	Key          string `json:"key" rest:"required"`
}

// SearchExperiments asks for ExperimentsSearch. ExperimentsList has no filter and order.
type SearchExperiments struct {
	MaxResults Int      `json:"max_results,omitempty"`
	PageToken  string   `json:"page_token,omitempty"`
	Filter     string   `json:"filter,omitempty"`
	OrderBy    []string `json:"order_by,omitempty"`
	ViewType   ViewType `json:"view_type,omitempty"`
}

// ExperimentsPage answers ExperimentsSearch and ExperimentsList.
type ExperimentsPage struct {
	Experiments   []Experiment `json:"experiments,omitempty"`
	NextPageToken string       `json:"next_page_token,omitempty"`
}

// ExperimentsPageOf puts a page on the wire.
func ExperimentsPageOf(p core.Page[core.Experiment]) ExperimentsPage {
	page := ExperimentsPage{NextPageToken: p.Next}
	for _, e := range p.Items {
		page.Experiments = append(page.Experiments, ExperimentOf(e))
	}
	return page
}
