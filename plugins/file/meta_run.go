package file

import (
	"fmt"

	"github.com/mlstore/mlstore/core"
)

// runDocument is the meta.yaml of a run with the fields that MLflow 1, 2 and 3 each need: 1.x reads run_uuid, newer ones
// run_id. deleted_time is null in a new run, a time in a deleted one, and else absent.
// Source: MLflow, mlflow/store/tracking/file_store.py.
func runDocument(r core.RunInfo, created bool) document {
	d := document{
		"artifact_uri":     r.ArtifactURI,
		"end_time":         timeOrNull(r.EndTime),
		"entry_point_name": "",
		"experiment_id":    string(r.ExperimentID),
		"lifecycle_stage":  string(r.Lifecycle),
		"name":             "",
		"run_id":           string(r.ID),
		"run_name":         r.Name,
		"run_uuid":         string(r.ID),
		"source_name":      "",
		"source_type":      int64(4), // LOCAL
		"source_version":   "",
		"start_time":       int64(r.StartTime),
		"status":           int64(r.Status),
		"tags":             emptyList{},
		"user_id":          r.User,
	}
	switch {
	case r.DeletedAt != 0:
		d["deleted_time"] = int64(r.DeletedAt)
	case created:
		d["deleted_time"] = nil
	}
	return d
}

// readRun reads the meta.yaml of the run in the folder named id of the experiment in. The name is empty in files of 1.x.
func readRun(in core.ExperimentID, id core.RunID, data []byte) (core.RunInfo, error) {
	doc, err := parseYAML(data)
	if err != nil {
		return core.RunInfo{}, err
	}
	f := fields{doc: doc}
	idField := "run_id"
	if doc[idField] == nil {
		idField = "run_uuid"
	}
	r := core.RunInfo{
		ID:           core.RunID(f.need(idField)),
		ExperimentID: core.ExperimentID(f.need("experiment_id")),
		Name:         f.text("run_name"),
		User:         f.text("user_id"),
		Status:       core.Running,
		StartTime:    f.millis("start_time"),
		EndTime:      f.millis("end_time"),
		ArtifactURI:  f.text("artifact_uri"),
		Lifecycle:    f.lifecycle("lifecycle_stage"),
		DeletedAt:    f.millis("deleted_time"),
	}
	if doc["status"] != nil {
		r.Status = core.RunStatus(f.number("status"))
	}
	switch {
	case f.err != nil:
	case r.ID != id:
		f.err = fmt.Errorf("it is of run %q, but lies in the folder of %q", string(r.ID), string(id))
	case r.ExperimentID != in:
		f.err = fmt.Errorf("it is of experiment %q, but lies in the folder of %q", string(r.ExperimentID), string(in))
	case !r.Status.Valid():
		f.err = fmt.Errorf("the field status is %d, which is no run status", int(r.Status))
	}
	if r.Lifecycle == core.Active {
		r.DeletedAt = 0
	}
	return r, f.err
}
