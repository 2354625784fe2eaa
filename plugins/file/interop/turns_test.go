package interop_test

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

// together lets MLflow and two handles of ours write to one run, first in turn and then at the same time, while MLflow's
// way to rename a run, which writes meta.yaml in place, goes on.
func together(t *testing.T, m *mlflow) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "mlruns")
	one, two := writer{t, open(t, root)}, writer{t, open(t, root)}
	run := one.run(core.DefaultExperimentID, core.RunSpec{Name: "together"}).ID
	const turn, crowd = 20, 300
	for n := range 3 {
		start := n * turn
		m.do(t, "append", root, args{"run": run, "points": turn, "start": start}, nil)
		ourAppend(one, run, "one", start, turn)
		ourAppend(two, run, "two", start, turn)
	}
	wrote(t, one, run, 3*turn)
	compare(t, m, root, searches{})

	var all sync.WaitGroup
	all.Go(func() { ourAppend(one, run, "one", 3*turn, crowd) })
	all.Go(func() { ourAppend(two, run, "two", 3*turn, crowd) })
	m.do(t, "append", root, args{"run": run, "points": crowd, "start": 3 * turn, "rename": true}, nil)
	all.Wait()
	wrote(t, one, run, 3*turn+crowd)
	race(t, m, root, run)
	compare(t, m, root, searches{})
}

// race lets MLflow and us append to one file as fast as each can: a line that is not written at once would be torn.
func race(t *testing.T, m *mlflow, root string, run core.RunID) {
	t.Helper()
	s, err := file.NewTracking(root, file.TrackingOptions{Durability: file.Relaxed})
	check(t, err)
	defer func() { check(t, s.Close()) }()
	const theirs, most = 1000, 20_000
	point := core.Metric{Key: "race", Value: -1, Timestamp: 1600000000000}
	w := writer{t, s}
	w.log(run, core.Batch{Metrics: []core.Metric{point}})
	ours := 1
	var end atomic.Bool
	var racer sync.WaitGroup
	racer.Go(func() {
		for ; ours < most && !end.Load() && !t.Failed(); ours++ {
			point.Step = int64(ours)
			w.log(run, core.Batch{Metrics: []core.Metric{point}})
		}
	})
	m.do(t, "race", root, args{"run": run, "points": theirs}, nil)
	end.Store(true)
	racer.Wait()
	r, err := s.Run(t.Context(), run)
	check(t, err)
	if got := len(showRun(t, s, r).History["race"]); got != ours+theirs {
		t.Errorf("%d points, want %d of ours and %d of MLflow's", got, ours, theirs)
	}
}

// ourAppend does what act append of MLflow does, with a metric, params and tags of its own.
func ourAppend(w writer, run core.RunID, own string, start, points int) {
	w.t.Helper()
	for n := start; n < start+points; n++ {
		point := core.Metric{Key: "shared", Value: float64(n), Timestamp: core.Millis(1600000000000 + n), Step: int64(n)}
		if own == "two" {
			point.Value = -point.Value - 1
		}
		mine := point
		mine.Key = own
		b := core.Batch{Metrics: []core.Metric{point}}
		if n%10 == 0 {
			key := own + " " + strconv.Itoa(n)
			b.Metrics = append(b.Metrics, mine)
			b.Params = []core.Param{{Key: key, Value: strconv.Itoa(n)}}
			b.Tags = []core.Tag{{Key: key, Value: strconv.Itoa(n)}, {Key: own, Value: strconv.Itoa(n)}}
			w.log(run, b)
			continue
		}
		w.log(run, b)
		w.log(run, core.Batch{Metrics: []core.Metric{mine}})
	}
}

// wrote checks that each point, param and tag of the three writers is there once.
func wrote(t *testing.T, w writer, run core.RunID, points int) {
	t.Helper()
	r, err := w.s.Run(t.Context(), run)
	check(t, err)
	shown := showRun(t, w.s, r)
	for key, want := range map[string]int{"shared": 3 * points, "one": points, "two": points, "theirs": points} {
		if got := len(shown.History[key]); got != want {
			t.Errorf("metric %s has %d points, want %d", key, got, want)
		}
	}
	for _, writer := range []string{"one", "two", "theirs"} {
		for n := 0; n < points; n += 10 {
			key, want := writer+" "+strconv.Itoa(n), strconv.Itoa(n)
			if r.Params[key] != want || r.Tags[key] != want {
				t.Errorf("param %s is %q, and the tag %q", key, r.Params[key], r.Tags[key])
			}
		}
		if got, want := r.Tags[writer], strconv.Itoa((points-1)/10*10); got != want {
			t.Errorf("tag %s is %q, want %q", writer, got, want)
		}
	}
}

// hidden checks that MLflow sees nothing of the folder that is ours alone, whatever lies in it, and that a warning would be
// noticed.
func hidden(t *testing.T, m *mlflow) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "mlruns")
	w := writer{t, open(t, root)}
	run := w.run(core.DefaultExperimentID, core.RunSpec{})
	w.log(run.ID, core.Batch{Tags: []core.Tag{{Key: "k", Value: "v"}}})
	if entries, err := os.ReadDir(filepath.Join(root, ".mlstore.trash")); err != nil || len(entries) == 0 {
		t.Fatalf("the hidden folder has %d entries, %v", len(entries), err)
	}
	before := tree(t, root)
	var seen shown
	if warnings := m.ask(t, "show", root, nil, &seen); len(warnings) > 0 {
		t.Errorf("MLflow warned: %q", warnings)
	}
	if len(seen.Experiments) != 1 || len(seen.Experiments[core.DefaultExperimentID].Runs) != 1 {
		t.Errorf("MLflow sees %+v", seen)
	}
	if after := tree(t, root); after != before {
		t.Errorf("MLflow has changed\n%sto\n%s", before, after)
	}
	check(t, os.MkdirAll(filepath.Join(root, "not-ours", "x"), 0o700))
	if warnings := m.ask(t, "show", root, nil, nil); len(warnings) == 0 {
		t.Error("MLflow's warning of a malformed experiment was not noticed")
	}
}

// tree lists the names of all files below root.
func tree(t *testing.T, root string) string {
	t.Helper()
	names := ""
	check(t, filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		names += path + "\n"
		return err
	}))
	return names
}
