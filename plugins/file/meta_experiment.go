package file

import (
	"fmt"

	"github.com/mlstore/mlstore/core"
)

const metaFile = "meta.yaml"

// experimentDocument is the meta.yaml of an experiment as MLflow 3 writes it; 1.x reads four fields of it. Tags have files of
// their own. Source: MLflow, mlflow/store/tracking/file_store.py.
func experimentDocument(e core.Experiment) document {
	return document{
		"artifact_location": e.ArtifactLocation,
		"creation_time":     timeOrNull(e.CreatedAt),
		"experiment_id":     string(e.ID),
		"last_update_time":  timeOrNull(e.UpdatedAt),
		"lifecycle_stage":   string(e.Lifecycle),
		"name":              e.Name,
		"trace_location":    nil,
		"workspace":         "default",
	}
}

// readExperiment reads the meta.yaml of the experiment in the folder named id. What lies in the trash is deleted, whatever
// the file says: 1.x only moves the folder.
func readExperiment(id core.ExperimentID, data []byte, trashed bool) (core.Experiment, error) {
	doc, err := parseYAML(data)
	if err != nil {
		return core.Experiment{}, err
	}
	f := fields{doc: doc}
	e := core.Experiment{
		ID:               core.ExperimentID(f.need("experiment_id")),
		Name:             f.need("name"),
		ArtifactLocation: f.need("artifact_location"),
		Lifecycle:        f.lifecycle("lifecycle_stage"),
		CreatedAt:        f.millis("creation_time"),
		UpdatedAt:        f.millis("last_update_time"),
	}
	if f.err == nil && e.ID != id {
		f.err = fmt.Errorf("it is of experiment %q, but lies in the folder of %q", string(e.ID), string(id))
	}
	if trashed {
		e.Lifecycle = core.Deleted
	}
	return e, f.err
}
