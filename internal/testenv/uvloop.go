package testenv

import (
	"context"
	"path/filepath"
	"testing"
)

// Uvloop returns a folder with the Python package uvloop, for the PYTHONPATH of MLflow's server. With it uvicorn does not wait
// 40 ms before each small answer, so that benchmarks compare with it and not with the stall.
func Uvloop(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), installTimeout)
	defer cancel()
	v := venvs{root: Root(t), logf: t.Logf}
	dir, err := v.ensure(ctx, "uvloop", v.install)
	if err != nil {
		t.Fatalf("prepare uvloop: %v", err)
	}
	return filepath.Join(dir, "lib", "python"+pythonVersion, "site-packages")
}
