package file

import (
	"fmt"

	"github.com/mlstore/mlstore/core"
)

// modelDocument is the meta.yaml of a logged model. Params, tags and metrics have files of their own.
// Source: MLflow, mlflow/store/tracking/file_store.py.
func modelDocument(m core.LoggedModel) document {
	return document{
		"artifact_location":      m.ArtifactURI,
		"creation_timestamp":     int64(m.CreatedAt),
		"experiment_id":          string(m.ExperimentID),
		"last_updated_timestamp": int64(m.UpdatedAt),
		"lifecycle_stage":        string(m.Lifecycle),
		"model_id":               string(m.ID),
		"model_type":             orNull(m.Type),
		"name":                   m.Name,
		"source_run_id":          orNull(string(m.SourceRunID)),
		"status":                 int64(m.Status),
		"status_message":         orNull(m.StatusMessage),
	}
}

// readModel reads the meta.yaml of the logged model in the folder named id of the experiment in.
func readModel(in core.ExperimentID, id core.ModelID, data []byte) (core.LoggedModel, error) {
	doc, err := parseYAML(data)
	if err != nil {
		return core.LoggedModel{}, err
	}
	f := fields{doc: doc}
	m := core.LoggedModel{
		ID: core.ModelID(f.need("model_id")), ExperimentID: core.ExperimentID(f.need("experiment_id")),
		Name: f.need("name"), Type: f.text("model_type"), SourceRunID: core.RunID(f.text("source_run_id")),
		ArtifactURI: f.text("artifact_location"), Status: core.ModelStatus(f.number("status")),
		StatusMessage: f.text("status_message"), Lifecycle: f.lifecycle("lifecycle_stage"),
		CreatedAt: f.millis("creation_timestamp"), UpdatedAt: f.millis("last_updated_timestamp"),
	}
	switch {
	case f.err != nil:
	case m.ID != id:
		f.err = fmt.Errorf("it is of logged model %q, but lies in the folder of %q", string(m.ID), string(id))
	case m.ExperimentID != in:
		f.err = fmt.Errorf("it is of experiment %q, but lies in the folder of %q", string(m.ExperimentID), string(in))
	case m.Status < core.ModelPending || m.Status > core.ModelFailed:
		f.err = fmt.Errorf("the field status is %d, which no logged model has", int(m.Status))
	}
	return m, f.err
}
