package file_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

// spoil is a way in which a run goes bad. kind and path are what Check says of it; sound is that the store still shows it.
type spoil struct {
	name, kind, path string
	sound            bool
	do               func(run string) error
}

func spoils() []spoil {
	write := func(name, text string) func(string) error {
		return func(run string) error { return os.WriteFile(filepath.Join(run, name), []byte(text), 0o644) }
	}
	remove := func(name string) func(string) error {
		return func(run string) error { return os.RemoveAll(filepath.Join(run, name)) }
	}
	meta := func(old, replacement string) func(string) error {
		return func(run string) error {
			data, err := os.ReadFile(filepath.Join(run, "meta.yaml"))
			if err != nil || !strings.Contains(string(data), old) {
				return errors.Join(err, errors.New("not in meta.yaml: "+old))
			}
			return write("meta.yaml", strings.Replace(string(data), old, replacement, 1))(run)
		}
	}
	folder := func(name string) func(string) error {
		return func(run string) error {
			return errors.Join(remove(name)(run), os.MkdirAll(filepath.Join(run, name), 0o755))
		}
	}
	return []spoil{
		{"no meta.yaml", "run", "meta.yaml", false, remove("meta.yaml")},
		{"an empty meta.yaml", "run", "meta.yaml", false, write("meta.yaml", "")},
		{"half a meta.yaml", "run", "meta.yaml", false, write("meta.yaml", "artifact_uri: /x\nend_time: 1\nexperiment_i")},
		{"a meta.yaml that is none", "run", "meta.yaml", false, write("meta.yaml", "\x00\xff{[")},
		{"a meta.yaml that is a list", "run", "meta.yaml", false, write("meta.yaml", "- 1\n- 2\n")},
		{"a huge meta.yaml", "run", "meta.yaml", false, write("meta.yaml", strings.Repeat("a: b\n", 1<<18))},
		{"a folder for meta.yaml", "run", "meta.yaml", false, folder("meta.yaml")},
		{"another experiment's id", "run", "meta.yaml", false, meta("experiment_id: '1'", "experiment_id: '2'")},
		{"another run's id", "run", "meta.yaml", false, meta("run_id: '1r1'", "run_id: other")},
		{"an unknown status", "run", "meta.yaml", false, meta("status: 1", "status: 9")},
		{"a status that is no number", "run", "meta.yaml", false, meta("status: 1", "status: [1]")},
		{"a line of four fields", "metric", "metrics/m", false, write("metrics/m", "1 1.0 1\n1 2 3 4\n")},
		{"a line without a number", "metric", "metrics/m", false, write("metrics/m", "1 one 1\n")},
		{"an empty line", "metric", "metrics/m", false, write("metrics/m", "1 1.0 1\n\n1 2.0 2\n")},
		{"a torn last line", "metric", "metrics/m", true, write("metrics/m", "0 1.0 1\n0 2.0 2\n17000 0.1")},
		{"an empty metric", "metric", "metrics/empty", true, write("metrics/empty", "")},
		{"a folder that is empty", "", "", true, folder("metrics/folder")},
		{"a name that is no key", "file", "tags/a~b", true, write("tags/a~b", "x")},
		{"a foreign file", "", "", true, write("notes.txt", "x")},
		{"a link out of the store", "file", "tags/link", true, func(run string) error {
			return os.Symlink("/etc/hostname", filepath.Join(run, "tags/link"))
		}},
		{"an input that is none", "input", "inputs/x/meta.yaml", false, func(run string) error {
			return errors.Join(os.MkdirAll(filepath.Join(run, "inputs/x"), 0o755), write("inputs/x/meta.yaml", "a: b\n")(run))
		}},
		{"no folder for artifacts", "run", "", true, remove("artifacts")},
		{"a start with a part of a millisecond", "", "", true, meta("start_time: 1\n", "start_time: 1.75\n")},
		{"a line of whole floats", "", "", true, write("metrics/m", "1.5 1.0 1.0\n2.5 2.0 2.0\n")},
	}
}

// TestMalformedRun spoils one run in each way. Its neighbors are found as before, the store says what is wrong with which
// file, and asking for the run itself is ErrDataLoss that names the file.
func TestMalformedRun(t *testing.T) {
	t.Parallel()
	for _, bad := range spoils() {
		t.Run(bad.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "mlruns")
			prepareStore(t, dir)
			check(t, bad.do(filepath.Join(dir, "1", "1r1")))
			var mu sync.Mutex
			var reported []string
			s, err := file.NewTracking(dir, file.TrackingOptions{Report: func(f file.Finding) {
				mu.Lock()
				defer mu.Unlock()
				reported = append(reported, f.Path)
			}})
			check(t, err)
			defer func() { check(t, s.Close()) }()
			place := strings.TrimSuffix("1/1r1/"+bad.path, "/")
			judgeNeighbors(t, s, bad.sound, place)
			if !bad.sound && !slices.Contains(reported, place) {
				t.Errorf("reported %q, want %q", reported, place)
			}
			var found []file.Finding
			for f, err := range s.Check(t.Context()) {
				check(t, err)
				found = append(found, f)
			}
			switch {
			case bad.kind == "":
				if len(found) > 0 {
					t.Errorf("found %+v, want nothing", found)
				}
			case len(found) != 1 || found[0].Kind != bad.kind || found[0].Path != place || found[0].Problem == "" || found[0].Fix == "":
				t.Errorf("found %+v, want one of kind %q at %q", found, bad.kind, place)
			case found[0].Unread != (!bad.sound || bad.kind == "file"):
				t.Errorf("found %+v: whether it is unread is wrong", found)
			}
		})
	}
}

func judgeNeighbors(t *testing.T, s *file.Tracking, sound bool, place string) {
	t.Helper()
	page, err := s.SearchRuns(t.Context(), core.RunQuery{Experiments: []core.ExperimentID{"1"}, View: core.AllStages})
	check(t, err)
	var ids []core.RunID
	for _, r := range page.Items {
		ids = append(ids, r.ID)
	}
	want := []core.RunID{"1r1", "1r2", "1r3"}
	if !sound {
		want = want[1:]
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("runs found (-want +got):\n%s", diff)
	}
	r, err := s.Run(t.Context(), "1r1")
	switch {
	case sound:
		check(t, err)
		if m := r.Metrics["m"]; m.Value != 2 || m.Step != 2 || len(r.Metrics) != 1 || len(r.Tags) != 3 {
			t.Errorf("the run shows %v, %v", r.Metrics, r.Tags)
		}
	case !errors.Is(err, core.ErrDataLoss) || !strings.Contains(err.Error(), place):
		t.Errorf("Run: error %v, want data loss that names %s", err, place)
	}
}

// TestMalformedExperiment spoils an experiment; the others stay.
func TestMalformedExperiment(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "name: x\n", "experiment_id: '7'\nname: x\nartifact_location: /x\n"} {
		dir := filepath.Join(t.TempDir(), "mlruns")
		prepareStore(t, dir)
		check(t, os.WriteFile(filepath.Join(dir, "1", "meta.yaml"), []byte(text), 0o644))
		check(t, os.MkdirAll(filepath.Join(dir, "models"), 0o755))
		check(t, os.Mkdir(filepath.Join(dir, "no id!"), 0o755))
		s := openTracking(t, dir)
		all, err := s.SearchExperiments(t.Context(), core.ExperimentQuery{View: core.AllStages})
		check(t, err)
		if len(all.Items) != 2 {
			t.Errorf("meta.yaml %q: found %v, want the other two", text, all.Items)
		}
		_, err = s.Experiment(t.Context(), core.ExperimentRef{ID: "1"})
		if !errors.Is(err, core.ErrDataLoss) || !strings.Contains(err.Error(), "1/meta.yaml") {
			t.Errorf("meta.yaml %q: error %v, want data loss that names it", text, err)
		}
		if problems := leftovers(t, dir); len(problems) != 2 {
			t.Errorf("meta.yaml %q: found %q, want two", text, problems)
		}
		_, err = s.CreateExperiment(t.Context(), core.ExperimentSpec{Name: "new"})
		check(t, err)
	}
}

// TestTracesAreCounted puts MLflow's traces into an active and a deleted experiment. They are no runs, and counted.
func TestTracesAreCounted(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mlruns")
	prepareStore(t, dir)
	for _, name := range []string{"1/traces/tr-1", "1/traces/tr-2", ".trash/2/traces/tr-3"} {
		check(t, os.MkdirAll(filepath.Join(dir, name), 0o755))
	}
	s := openTracking(t, dir)
	counts, err := s.CountTraces(t.Context())
	check(t, err)
	if diff := cmp.Diff(map[core.ExperimentID]int{"1": 2, "2": 1}, counts); diff != "" {
		t.Errorf("traces (-want +got):\n%s", diff)
	}
	if problems := leftovers(t, dir); len(problems) > 0 {
		t.Errorf("found %q", problems)
	}
}

// TestLinkedFolders puts links to folders of the same store in the place of a run and of an experiment. They are not seen,
// and Check says so.
func TestLinkedFolders(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"1/link", "link"} {
		dir := filepath.Join(t.TempDir(), "mlruns")
		prepareStore(t, dir)
		if err := os.Symlink("1r1", filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		s := openTracking(t, dir)
		var found []file.Finding
		for f, err := range s.Check(t.Context()) {
			check(t, err)
			found = append(found, f)
		}
		if len(found) != 1 || found[0].Path != name || !strings.Contains(found[0].Fix, "link") {
			t.Errorf("%s: found %+v, want one of the link", name, found)
		}
	}
}

// TestLineInTheMakingStays logs while MLflow, which keeps no locks, is in the middle of a line.
func TestLineInTheMakingStays(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mlruns")
	prepareStore(t, dir)
	name := filepath.Join(dir, "1", "1r1", "metrics", "m")
	check(t, os.WriteFile(name, []byte("0 1.0 1\n170000"), 0o644))
	s := openTracking(t, dir)
	rest := make(chan error)
	go func() {
		<-time.After(100 * time.Millisecond)
		f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteString("0 2.0 2\n")
			err = errors.Join(err, f.Close())
		}
		rest <- err
	}()
	check(t, s.LogBatch(t.Context(), "1r1", core.Batch{Metrics: []core.Metric{{Key: "m", Value: 5, Step: 5}}}))
	check(t, <-rest)
	data, err := os.ReadFile(name)
	check(t, err)
	if diff := cmp.Diff("0 1.0 1\n1700000 2.0 2\n0 5.0 5\n", string(data)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}

// TestTornLineIsTakenOff logs to a metric whose last line was cut short.
func TestTornLineIsTakenOff(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mlruns")
	prepareStore(t, dir)
	name := filepath.Join(dir, "1", "1r1", "metrics", "m")
	check(t, os.WriteFile(name, []byte("0 1.0 1\n1700000000000 0.1"), 0o644))
	s := openTracking(t, dir)
	check(t, s.LogBatch(t.Context(), "1r1", core.Batch{Metrics: []core.Metric{{Key: "m", Value: 5, Step: 5}}}))
	data, err := os.ReadFile(name)
	check(t, err)
	if diff := cmp.Diff("0 1.0 1\n0 5.0 5\n", string(data)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}
