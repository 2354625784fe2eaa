//go:build unix

package main

import (
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/sdk"
	"github.com/mlstore/mlstore/sdk/sdktest"
)

// pythonPlugin builds the example in Python and returns its program.
func pythonPlugin(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := testenv.GRPC(t).Command(t.Context(), "build.py", "--out", dir)
	cmd.Dir = filepath.Join(testenv.Root(t), "examples", "plugin-python")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the plugin in Python: %v\n%s", err, out)
	}
	return filepath.Join(dir, "mlstore-plugin-pydict")
}

// A plugin that no Go was written for passes the core level with both of its stores.
func TestConformanceOfThePluginInPython(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	out := s.ok("conformance", "run", "--plugin", pythonPlugin(t), "pydict://try")
	if strings.Count(out, " pass, 0 fail, 0 error") != 4 {
		t.Errorf("want reports of the tracking store, the artifacts and what lies before each, without failures:\n%s", out)
	}
}

// Nothing that lies between host and plugin is different for it: errors, sizes, floats, instances, pins, what is left behind.
func TestConformanceOfTheBoundaryInPython(t *testing.T) {
	t.Parallel()
	p := sdk.Plugin{
		Name: "pydict", Version: "1.0.0",
		Schemes: []core.ManifestScheme{{Scheme: "pydict", Kinds: []string{"tracking", "artifacts"}}},
	}
	sdktest.Test(t, p, sdktest.Options{
		Program: pythonPlugin(t), Transports: []conformance.Transport{conformance.Process},
		Shape: func(o *conformance.Options) { o.Only = []string{"PL-*", "*-001"} },
		Fresh: func(t conformance.T) core.OpenRequest {
			uri, err := core.ParseURI("pydict://" + strings.ToLower(rand.Text()))
			conformance.NoError(t, "the URI", err)
			return core.OpenRequest{URI: uri}
		},
	})
}

// An installed plugin serves its scheme to every command, and doctor tells it from one that does not start.
func TestPluginDoctorStartsPlugins(t *testing.T) {
	t.Parallel()
	s := pluginShell(t, "toy", "toy")
	s.ok("plugin", "install", pythonPlugin(t))
	if out := s.ok("plugin", "doctor"); !strings.Contains(out, "pydict") || !strings.Contains(out, " ms") {
		t.Errorf("doctor of one that is well:\n%s", out)
	}
	out := s.ok("doctor", "--probe", "--tracking-uri", "pydict://mine", "--registry-uri", "./models") // all in one process
	if strings.Count(out, "wrote, read and deleted") != 3 {
		t.Errorf("a run and an artifact in the plugin:\n%s", out)
	}
	if out := s.ok("conformance", "run", "pydict://try", "--only", "TS-00*"); !strings.Contains(out, " pass, 0 fail") {
		t.Errorf("the suite on an installed plugin:\n%s", out)
	}
	s.ok("plugin", "install", "--describe", "./mlstore-plugin-toy")
	r := s.run("plugin", "doctor", "-o", "csv")
	if r.code != exitPlugin || !strings.Contains(r.stdout, "pydict,1.0.0,yes") || !strings.Contains(r.stdout, "toy,1.0.0,no") {
		t.Errorf("doctor of one that does not start: %+v", r)
	}
}
