package testenv

import (
	"context"
	"path/filepath"
	"testing"
	"time"
)

// installTimeout bounds the making of one environment: half a minute on a fast network.
const installTimeout = 10 * time.Minute

// MLflow returns a Python environment with that release of MLflow: "1.30.1", "2.22.5" or "3.18.0", each at the exact
// pins of constraints/mlflow-VERSION.txt. The first call on a machine makes the environment, which takes ten seconds
// to a few minutes and about half a gigabyte; later ones cost a few system calls.
//
// It fails the test for an unknown version, a missing CPython 3.11, or an installation that fails.
func MLflow(t testing.TB, version string) *Python {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), installTimeout)
	defer cancel()
	v := venvs{root: Root(t), logf: t.Logf}
	dir, err := v.ensure(ctx, "mlflow-"+version, v.installMLflow)
	if err != nil {
		t.Fatalf("prepare MLflow %s: %v", version, err)
	}
	return &Python{dir: dir}
}

// mlflowVersions lists the releases that MLflow knows, by their files of pins.
func mlflowVersions(root string) ([]string, error) {
	const prefix, suffix = "mlflow-", ".txt"
	paths, err := filepath.Glob(filepath.Join(root, constraintsDir, prefix+"*"+suffix))
	if err != nil {
		return nil, err
	}
	var versions []string
	for _, path := range paths {
		name := filepath.Base(path)
		versions = append(versions, name[len(prefix):len(name)-len(suffix)])
	}
	return versions, nil
}
