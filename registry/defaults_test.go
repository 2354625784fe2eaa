package registry_test

import (
	"path/filepath"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	local := filepath.Join("/work", "mlruns")
	tests := []struct {
		name               string
		set                *string
		setRegistry        string
		env                map[string]string
		tracking, registry string
	}{
		{name: "nothing", tracking: local, registry: local},
		{name: "environment", env: map[string]string{"MLFLOW_TRACKING_URI": "http://h"}, tracking: "http://h", registry: "http://h"},
		{name: "empty environment", env: map[string]string{"MLFLOW_TRACKING_URI": ""}, tracking: local, registry: local},
		{name: "set", set: text("sqlite:///x"), env: map[string]string{"MLFLOW_TRACKING_URI": "http://h"}, tracking: "sqlite:///x", registry: "sqlite:///x"},
		{name: "set to nothing", set: text(""), env: map[string]string{"MLFLOW_TRACKING_URI": "http://h"}, tracking: local, registry: local},
		{name: "registry by environment", env: map[string]string{"MLFLOW_REGISTRY_URI": "http://r"}, tracking: local, registry: "http://r"},
		{name: "registry set", setRegistry: "http://s", env: map[string]string{"MLFLOW_REGISTRY_URI": "http://r"}, tracking: local, registry: "http://s"},
		{name: "databricks", set: text("databricks"), tracking: "databricks", registry: "databricks-uc"},
		{name: "profile", set: text("databricks://p:k"), tracking: "databricks://p:k", registry: "databricks-uc://p:k"},
		{name: "databricks, registry set", set: text("databricks"), setRegistry: "databricks", tracking: "databricks", registry: "databricks"},
		{name: "folder", set: text("./databricks"), tracking: "./databricks", registry: "./databricks"},
		{name: "unity catalog", set: text("databricks-uc"), tracking: "databricks-uc", registry: "databricks-uc"},
	}
	for _, test := range tests {
		d := registry.Defaults{Tracking: test.set, Registry: test.setRegistry, Env: func(name string) string { return test.env[name] }, Dir: "/work"}
		tracking, err := d.TrackingURI()
		check(t, err)
		models, err := d.RegistryURI()
		check(t, err)
		if tracking.Raw() != test.tracking || models.Raw() != test.registry {
			t.Errorf("%s: %s and %s, want %s and %s", test.name, tracking, models, test.tracking, test.registry)
		}
	}
	var zero registry.Defaults
	if u, err := zero.TrackingURI(); err != nil || u.Raw() != "./mlruns" {
		t.Errorf("the zero value gives %s, %v", u, err)
	}
	bad := registry.Defaults{Tracking: text("a\nb")}
	_, err := bad.RegistryURI()
	wantIs(t, err, core.ErrInvalid)
}
