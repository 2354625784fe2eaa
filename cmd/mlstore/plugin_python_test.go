//go:build unix

package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/internal/testenv"
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
func TestPluginInPythonConforms(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	out := s.ok("conformance", "run", "--plugin", pythonPlugin(t), "pydict://try")
	if strings.Count(out, " pass, 0 fail, 0 error") != 2 {
		t.Errorf("want a report of the tracking store and one of the artifacts, without failures:\n%s", out)
	}
}
