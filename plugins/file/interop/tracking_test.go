package interop_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mlstore/mlstore/core"
)

// A whole store is read, searched and changed by the one who has not written it.
func TestMLflow(t *testing.T) {
	t.Parallel()
	for version, major := range releases() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			m := start(t, version)
			s := searchesFor(major)
			for name, test := range map[string]func(*testing.T){
				"they write": func(t *testing.T) { t.Helper(); theyWrite(t, m, s) },
				"we write":   func(t *testing.T) { t.Helper(); theyChange(t, m, major, s) },
				"together":   func(t *testing.T) { t.Helper(); together(t, m) },
				"hidden":     func(t *testing.T) { t.Helper(); hidden(t, m) },
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					test(t)
				})
			}
		})
	}
}

// compare fails the test unless MLflow and we see the same in the folder.
func compare(t *testing.T, m *mlflow, root string, s searches) shown {
	t.Helper()
	theirs, ours := showMLflow(t, m, root, s), showOurs(t, root, s)
	if diff := cmp.Diff(theirs, ours, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-MLflow +ours):\n%s", diff)
	}
	return ours
}

// theyWrite reads what MLflow has written.
func theyWrite(t *testing.T, m *mlflow, s searches) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "mlruns")
	m.do(t, "write", root, nil, nil)
	seen := compare(t, m, root, s)
	s.found(t, seen)
}

// theyChange reads with MLflow what we have written, has MLflow change it, and changes it back.
func theyChange(t *testing.T, m *mlflow, major int, s searches) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "mlruns")
	w := weWrite(t, root, major)
	seen := compare(t, m, root, s)
	s.found(t, seen)
	w.there(t, seen)
	var made core.RunID
	m.do(t, "change", root, args{
		"run": w.run, "deleted": w.deletedRun, "experiment": w.experiment, "trashed": w.deletedExperiment,
	}, &made)
	seen = compare(t, m, root, searches{})
	changed := seen.Experiments[w.experiment]
	if changed.Lifecycle != core.Deleted || changed.Name != "renamed by MLflow" || changed.Tags["theirs"] != "tag" {
		t.Errorf("the experiment is %+v", changed)
	}
	if back := seen.Experiments[w.deletedExperiment]; back.Lifecycle != core.Active || back.Runs[made].Latest["loss"] != "1" {
		t.Errorf("the restored experiment is %+v", back)
	}
	ours := writer{t, open(t, root)}
	ours.changeExperiment(w.experiment, core.ExperimentChange{Lifecycle: core.Active})
	ours.changeExperiment(w.deletedExperiment, core.ExperimentChange{Lifecycle: core.Deleted})
	ours.change(w.deletedRun, core.RunChange{Lifecycle: core.Active})
	ours.change(w.run, core.RunChange{Name: "ours again", Status: core.Running})
	ours.log(w.run, core.Batch{
		Metrics: []core.Metric{{Key: "loss", Value: 7, Timestamp: 1, Step: 101}}, Params: []core.Param{{Key: "theirs", Value: "ü\nx"}},
		Tags: []core.Tag{{Key: "theirs", Value: "no longer"}},
	})
	compare(t, m, root, searches{})
}
