package file

import (
	"fmt"
	"maps"

	"github.com/mlstore/mlstore/core"
)

// stageDeleted marks a deleted version, whose folder stays so that its number is not used again. Source: MLflow,
// mlflow/entities/model_registry/model_version_stages.py.
const stageDeleted = "Deleted_Internal"

// What is left of a deleted version, as MLflow's SQL store leaves it (mlflow/store/model_registry/sqlalchemy_store.py).
const (
	redactedSource  = "REDACTED-SOURCE-PATH"
	redactedRunID   = "REDACTED-RUN-ID"
	redactedRunLink = "REDACTED-RUN-LINK"
)

// registeredDocument is the meta.yaml of a model. Tags and aliases have files of their own. before is the document that it
// replaces, of which fields that we do not know stay; it may be nil.
func registeredDocument(m core.Model, before document) document {
	d := document{
		"aliases": map[string]string{}, "deployment_job_id": nil, "deployment_job_state": nil, "workspace": "default",
	}
	maps.Copy(d, before)
	d["name"] = m.Name
	d["creation_timestamp"] = int64(m.CreatedAt)
	d["last_updated_timestamp"] = int64(m.UpdatedAt)
	d["description"] = orNull(m.Description)
	return d
}

func readRegistered(d document) (core.Model, error) {
	f := fields{doc: d}
	return core.Model{
		Name:        f.need("name"),
		Description: f.text("description"),
		CreatedAt:   f.millis("creation_timestamp"),
		UpdatedAt:   f.millis("last_updated_timestamp"),
	}, f.err
}

// versionDocument is the meta.yaml of a version, made from the one before as registeredDocument is.
func versionDocument(v core.Version, before document) document {
	d := document{"deployment_job_state": nil, "workspace": "default"}
	maps.Copy(d, before)
	d["name"] = v.Model
	d["version"] = int64(v.Number)
	d["creation_timestamp"] = int64(v.CreatedAt)
	d["last_updated_timestamp"] = int64(v.UpdatedAt)
	d["user_id"] = orNull(v.User)
	d["description"] = orNull(v.Description)
	d["current_stage"] = string(v.Stage)
	d["source"] = v.Source
	d["storage_location"] = v.DownloadURI()
	d["run_id"] = orNull(string(v.RunID))
	d["run_link"] = orNull(v.RunLink)
	d["model_id"] = orNull(string(v.ModelID))
	d["status"] = statusName(v.Status)
	d["status_message"] = orNull(v.StatusMessage)
	return d
}

// deletedDocument is the meta.yaml of a version after its deletion.
func deletedDocument(v core.Version) document {
	d := versionDocument(core.Version{
		Model: v.Model, Number: v.Number, CreatedAt: v.CreatedAt, UpdatedAt: v.UpdatedAt, Stage: stageDeleted,
		Source: redactedSource, RunID: redactedRunID, RunLink: redactedRunLink, Status: v.Status,
	}, nil)
	return d
}

// readVersion reads the meta.yaml of the version number of a model. The stage of a deleted one is stageDeleted.
func readVersion(model string, number int, d document) (core.Version, error) {
	f := fields{doc: d}
	v := core.Version{
		Model: model, Number: number,
		CreatedAt:     f.millis("creation_timestamp"),
		UpdatedAt:     f.millis("last_updated_timestamp"),
		User:          f.text("user_id"),
		Description:   f.text("description"),
		Stage:         core.Stage(f.text("current_stage")),
		Source:        f.text("source"),
		Location:      f.text("storage_location"),
		RunID:         core.RunID(f.text("run_id")),
		RunLink:       f.text("run_link"),
		ModelID:       core.ModelID(f.text("model_id")),
		StatusMessage: f.text("status_message"),
	}
	if got := f.number("version"); got != int64(number) {
		f.fail("version", "is %d in the folder of version %d", got, number)
	}
	if v.Location == v.Source {
		v.Location = ""
	}
	if v.Stage == "" {
		v.Stage = core.StageNone
	}
	if v.Stage != stageDeleted {
		stage, err := core.ParseStage(string(v.Stage))
		if err != nil {
			f.fail("current_stage", "is %q, which is no stage", v.Stage)
		}
		v.Stage = stage
	}
	var err error
	if v.Status, err = parseStatus(f.text("status")); err != nil {
		f.fail("status", "%v", err)
	}
	return v, f.err
}

func statusName(s core.VersionStatus) string {
	switch s {
	case core.VersionPending:
		return "PENDING_REGISTRATION"
	case core.VersionFailed:
		return "FAILED_REGISTRATION"
	case core.VersionReady:
	}
	return "READY"
}

func parseStatus(name string) (core.VersionStatus, error) {
	for s := core.VersionPending; s <= core.VersionReady; s++ {
		if name == statusName(s) {
			return s, nil
		}
	}
	if name == "" {
		return core.VersionReady, nil
	}
	return 0, fmt.Errorf("is %q, which is none", name)
}
