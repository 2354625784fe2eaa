package registry

import (
	"path/filepath"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// Variables that name stores.
const (
	TrackingVariable = "MLFLOW_TRACKING_URI"
	RegistryVariable = "MLFLOW_REGISTRY_URI"
)

// Defaults say which stores are meant when a caller names none, in MLflow's order (mlflow/tracking/_tracking_service/utils.py,
// mlflow/tracking/_model_registry/utils.py). It looks at nothing but its fields.
type Defaults struct {
	Tracking *string             // what the program set; nil is nothing, and "" means ./mlruns
	Registry string              // what the program set; "" is nothing
	Env      func(string) string // the environment, such as os.Getenv; nil is an empty one
	Dir      string              // the working directory; "" leaves paths relative
}

// TrackingURI is what was set, else MLFLOW_TRACKING_URI unless it is empty, else the folder mlruns in the working
// directory.
func (d Defaults) TrackingURI() (core.URI, error) {
	text := d.env(TrackingVariable)
	if d.Tracking != nil {
		text = *d.Tracking
	}
	if text == "" {
		text = "./mlruns"
		if d.Dir != "" {
			text = filepath.Join(d.Dir, "mlruns")
		}
	}
	return core.ParseURI(text)
}

// RegistryURI is what was set, else MLFLOW_REGISTRY_URI unless it is empty, else the tracking URI. For a tracking URI of
// Databricks that is Unity Catalog with the same profile: `databricks://p` gives `databricks-uc://p`.
func (d Defaults) RegistryURI() (core.URI, error) {
	text := d.Registry
	if text == "" {
		text = d.env(RegistryVariable)
	}
	if text != "" {
		return core.ParseURI(text)
	}
	tracking, err := d.TrackingURI()
	if err != nil {
		return core.URI{}, err
	}
	const workspace, catalog = "databricks", "databricks-uc"
	raw := tracking.Raw()
	if raw == workspace || tracking.Scheme() == workspace && strings.HasPrefix(raw[len(workspace):], "://") {
		return core.ParseURI(catalog + raw[len(workspace):])
	}
	return tracking, nil
}

func (d Defaults) env(name string) string {
	if d.Env == nil {
		return ""
	}
	return d.Env(name)
}
