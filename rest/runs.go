package rest

import (
	"cmp"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// The calls on runs.
const (
	RunsCreate     Endpoint = "POST /mlflow/runs/create"
	RunsGet        Endpoint = "GET /mlflow/runs/get"
	RunsUpdate     Endpoint = "POST /mlflow/runs/update"
	RunsDelete     Endpoint = "POST /mlflow/runs/delete"
	RunsRestore    Endpoint = "POST /mlflow/runs/restore"
	RunsSetTag     Endpoint = "POST /mlflow/runs/set-tag"
	RunsDeleteTag  Endpoint = "POST /mlflow/runs/delete-tag"
	RunsSearch     Endpoint = "POST /mlflow/runs/search"
	RunsLogModel   Endpoint = "POST /mlflow/runs/log-model"
	RunsLogInputs  Endpoint = "POST /mlflow/runs/log-inputs"
	RunsLogOutputs Endpoint = "POST /mlflow/runs/outputs"
)

// Run is core.Run on the wire.
type Run struct {
	Info    RunInfo    `json:"info"`
	Data    RunData    `json:"data"`
	Inputs  RunInputs  `json:"inputs"`
	Outputs RunOutputs `json:"outputs"`
}

// RunInfo is core.RunInfo on the wire. RunUUID is the old name of RunID.
type RunInfo struct {
	RunUUID        string    `json:"run_uuid"`
	ExperimentID   string    `json:"experiment_id"`
	RunName        string    `json:"run_name,omitempty"`
	UserID         string    `json:"user_id"`
	Status         RunStatus `json:"status"`
	StartTime      Int       `json:"start_time"`
	EndTime        Int       `json:"end_time,omitempty"`
	ArtifactURI    string    `json:"artifact_uri,omitempty"`
	LifecycleStage string    `json:"lifecycle_stage"`
	RunID          string    `json:"run_id"`
}

// RunData is core.RunData on the wire.
type RunData struct {
	Metrics []Metric `json:"metrics,omitempty"`
	Params  []Tag    `json:"params,omitempty"`
	Tags    []Tag    `json:"tags,omitempty"`
}

// RunOf puts a run on the wire.
func RunOf(r core.Run) Run {
	run := Run{
		Info:   RunInfoOf(r.RunInfo),
		Data:   RunData{Params: TagsOf(r.Params), Tags: TagsOf(r.Tags)},
		Inputs: InputsOf(r.Inputs), Outputs: OutputsOf(r.Outputs),
	}
	if len(r.Metrics) > 0 {
		keys := make([]string, 0, len(r.Metrics)) // sorting these moves less than sorting the metrics
		for key := range r.Metrics {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		run.Data.Metrics = make([]Metric, 0, len(keys))
		for _, key := range keys {
			run.Data.Metrics = append(run.Data.Metrics, MetricOf(r.Metrics[key]))
		}
	}
	return run
}

// Core takes a run from the wire. The name of a run of 1.x is in its tag alone.
func (r Run) Core() core.Run {
	run := core.Run{
		RunInfo: r.Info.Core(),
		RunData: core.RunData{
			Metrics: make(map[string]core.Metric, len(r.Data.Metrics)), Params: TagMap(r.Data.Params), Tags: TagMap(r.Data.Tags),
		},
		Inputs: r.Inputs.Core(), Outputs: r.Outputs.Core(),
	}
	for _, m := range r.Data.Metrics {
		run.Metrics[m.Key] = m.Core()
	}
	run.Name = cmp.Or(run.Name, run.Tags[core.RunNameTag])
	return run
}

// RunInfoOf puts what a run is on the wire.
func RunInfoOf(r core.RunInfo) RunInfo {
	return RunInfo{
		RunUUID: string(r.ID), RunID: string(r.ID), ExperimentID: string(r.ExperimentID), RunName: r.Name, UserID: r.User,
		Status: RunStatus(r.Status), StartTime: Int(r.StartTime), EndTime: Int(r.EndTime), ArtifactURI: r.ArtifactURI,
		LifecycleStage: string(r.Lifecycle),
	}
}

// Core takes what a run is from the wire.
func (r RunInfo) Core() core.RunInfo {
	return core.RunInfo{
		ID: core.RunID(cmp.Or(r.RunID, r.RunUUID)), ExperimentID: core.ExperimentID(r.ExperimentID), Name: r.RunName,
		User: r.UserID, Status: core.RunStatus(r.Status), StartTime: core.Millis(r.StartTime), EndTime: core.Millis(r.EndTime),
		ArtifactURI: r.ArtifactURI, Lifecycle: core.Lifecycle(r.LifecycleStage),
	}
}

// CreateRun asks for RunsCreate.
type CreateRun struct {
	ExperimentID string `json:"experiment_id"`
	UserID       string `json:"user_id,omitempty"`
	RunName      string `json:"run_name,omitempty"`
	StartTime    Int    `json:"start_time,omitempty"`
	Tags         []Tag  `json:"tags,omitempty"`
}

// RunID asks for RunsDelete and RunsRestore.
type RunID struct {
	RunID string `json:"run_id" rest:"required"`
}

// RunRef asks for RunsGet. MLflow takes run_uuid in the place of run_id here.
type RunRef struct {
	RunID string `json:"run_id" rest:"required,or=run_uuid"`
}

// RunAnswer answers RunsCreate and RunsGet.
type RunAnswer struct {
	Run Run `json:"run"`
}

// UpdateRun asks for RunsUpdate; what is absent stays as it is.
type UpdateRun struct {
	RunID   string    `json:"run_id" rest:"required,or=run_uuid"`
	Status  RunStatus `json:"status,omitempty"`
	EndTime *Int      `json:"end_time,omitempty"`
	RunName string    `json:"run_name,omitempty"`
}

// UpdateRunAnswer answers it.
type UpdateRunAnswer struct {
	RunInfo RunInfo `json:"run_info"`
}

// SetTag asks for RunsSetTag.
type SetTag struct {
	RunID string `json:"run_id" rest:"required,or=run_uuid"`
	Key   string `json:"key" rest:"required"`
	Value string `json:"value"`
}

// DeleteTag asks for RunsDeleteTag.
type DeleteTag struct {
	RunID string `json:"run_id" rest:"required"`
	Key   string `json:"key" rest:"required"`
}

// SearchRuns asks for RunsSearch. MaxResults is 1000 when it is absent.
type SearchRuns struct {
	ExperimentIDs []string `json:"experiment_ids,omitempty"`
	Filter        string   `json:"filter,omitempty"`
	RunViewType   ViewType `json:"run_view_type,omitempty"`
	MaxResults    *Int     `json:"max_results,omitempty"`
	OrderBy       []string `json:"order_by,omitempty"`
	PageToken     string   `json:"page_token,omitempty"`
}

// RunsPage answers it.
type RunsPage struct {
	Runs          []Run  `json:"runs,omitempty"`
	NextPageToken string `json:"next_page_token,omitempty"`
}

// LogModel asks for RunsLogModel. ModelJSON is the description of a model, as in the file MLmodel but in JSON.
type LogModel struct {
	RunID     string `json:"run_id" rest:"required"`
	ModelJSON string `json:"model_json" rest:"required"`
}
