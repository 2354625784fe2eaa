package file_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

// indexed makes a store with 100 runs whose index is on disk, and returns it open and warm.
func indexed(t *testing.T) (*file.Tracking, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "mlruns")
	s, err := file.NewTracking(dir, file.TrackingOptions{Durability: file.Relaxed})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	check(t, s.ImportExperiment(t.Context(), core.Experiment{ID: "1", Name: "one", ArtifactLocation: "/a", Lifecycle: core.Active}))
	for i := range 100 {
		id := core.RunID(fmt.Sprintf("run%d", i))
		check(t, s.ImportRun(t.Context(), core.Run{
			RunInfo: core.RunInfo{ID: id, ExperimentID: "1", Name: string(id), Status: core.Running, Lifecycle: core.Active},
			RunData: core.RunData{
				Params: map[string]string{"p": "1", "in/folder": "2"}, Tags: map[string]string{"t": "old", "gone": "x"},
			},
		}))
		check(t, s.LogBatch(t.Context(), id, core.Batch{Metrics: []core.Metric{{Key: "m", Value: 1, Step: 1}, {Key: "a/b", Value: 2}}}))
	}
	index := filepath.Join(dir, ".mlstore.trash", "index", "1")
	for end := time.Now().Add(20 * time.Second); ; {
		reader, err := file.NewTracking(dir, file.TrackingOptions{})
		check(t, err)
		everything(t, reader)
		check(t, reader.Close())
		// What is younger than the tick of the file system's clock does not go into an index.
		if info, err := os.Stat(index); err == nil && info.Size() > 100*200 {
			break
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) || time.Now().After(end) {
			t.Fatalf("no whole index: %v", err)
		}
		check(t, os.RemoveAll(index))
	}
	everything(t, s)
	return s, dir
}

func everything(t *testing.T, s *file.Tracking) core.Page[core.Run] {
	t.Helper()
	page, err := s.SearchRuns(t.Context(), core.RunQuery{Experiments: []core.ExperimentID{"1"}, View: core.AllStages})
	check(t, err)
	return page
}

// narrow are pages that most runs are not on, some for their metrics, params and tags alone.
func narrow(t *testing.T, s *file.Tracking) (pages []core.Page[core.Run]) {
	t.Helper()
	for _, query := range []core.RunQuery{
		{Filter: "metrics.m > 1"},
		{Filter: "metrics.m = 1 AND tags.t = 'old'"},
		{Filter: "params.p != '1' AND status = 'FINISHED'"},
		{OrderBy: []string{"metrics.m DESC"}},
		{OrderBy: []string{"tags.t", "params.p DESC"}, View: core.AllStages},
		{Filter: "tags.gone IS NULL", View: core.DeletedOnly},
	} {
		query.Experiments, query.Limit = []core.ExperimentID{"1"}, 3
		for range 2 {
			page, err := s.SearchRuns(t.Context(), query)
			check(t, err)
			pages = append(pages, page)
			query.Token = page.Next
		}
	}
	return pages
}

// TestForeignWriterShows changes a store behind its back in every way in which MLflow does, and some more. A store with a
// warm index, one with the index of the disk and one without any show the same.
func TestForeignWriterShows(t *testing.T) {
	t.Parallel()
	warm, dir := indexed(t)
	run := filepath.Join(dir, "1", "run7")
	appendTo := func(name, text string) error {
		f, err := os.OpenFile(filepath.Join(run, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		_, err = f.WriteString(text)
		return errors.Join(err, f.Close())
	}
	write := func(name, text string) error { return os.WriteFile(filepath.Join(run, name), []byte(text), 0o644) }
	meta := func(old, replacement string) error {
		data, err := os.ReadFile(filepath.Join(run, "meta.yaml"))
		if err != nil || !strings.Contains(string(data), old) {
			return errors.Join(err, errors.New("not in meta.yaml: "+old))
		}
		return write("meta.yaml", strings.Replace(string(data), old, replacement, 1))
	}
	before := everything(t, warm)
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"a point", func() error { return appendTo("metrics/m", "5 7.5 9\n") }},
		{"a point of a metric in a folder", func() error { return appendTo("metrics/a/b", "5 7.5 9\n") }},
		{"a new metric", func() error { return appendTo("metrics/new", "5 7.5 9\n") }},
		{"a new metric in a folder that is there", func() error { return appendTo("metrics/a/c", "5 7.5 9\n") }},
		{"a new param", func() error { return write("params/new", "x") }},
		{"a param in a new folder", func() error {
			return errors.Join(os.Mkdir(filepath.Join(run, "params/deep"), 0o755), write("params/deep/p", "x"))
		}},
		{"another param of the same length", func() error { return write("params/p", "2") }},
		{"another tag of the same length", func() error { return write("tags/t", "new") }},
		{"a tag removed", func() error { return os.Remove(filepath.Join(run, "tags/gone")) }},
		{"the status", func() error { return meta("status: 1", "status: 3") }},
		{"the stage of life", func() error { return meta("lifecycle_stage: active", "lifecycle_stage: deleted") }},
		{"an input", func() error {
			return errors.Join(os.MkdirAll(filepath.Join(run, "inputs/0123"), 0o755),
				write("inputs/0123/meta.yaml", "destination_id: m-2\ndestination_type: RUN\nsource_id: m-2\nsource_type: MODEL\ntags: {}\n"))
		}},
		{"a file that takes another's place and time", func() error {
			name := filepath.Join(run, "tags/t")
			info, err := os.Stat(name)
			if err != nil {
				return err
			}
			return errors.Join(write("tags.tmp", "odd"), os.Chtimes(filepath.Join(run, "tags.tmp"), info.ModTime(), info.ModTime()),
				os.Rename(filepath.Join(run, "tags.tmp"), name))
		}},
		{"a tag overwritten, its time set back", func() error {
			name := filepath.Join(run, "tags/t")
			info, err := os.Stat(name)
			if err != nil {
				return err
			}
			return errors.Join(write("tags/t", "set"), os.Chtimes(name, info.ModTime(), info.ModTime()))
		}},
		{"a run removed", func() error { return os.RemoveAll(filepath.Join(dir, "1", "run8")) }},
		{"a run copied", func() error {
			other := filepath.Join(dir, "1", "copy")
			if err := os.CopyFS(other, os.DirFS(filepath.Join(dir, "1", "run9"))); err != nil {
				return err
			}
			data, err := os.ReadFile(filepath.Join(other, "meta.yaml"))
			return errors.Join(err, os.WriteFile(filepath.Join(other, "meta.yaml"), []byte(strings.ReplaceAll(string(data), "run9", "copy")), 0o644))
		}},
	} {
		becomeFirm(t, warm)
		check(t, step.do())
		got := everything(t, warm)
		if cmp.Equal(before, got) {
			t.Errorf("%s: the warm index does not see it", step.name)
		}
		onDisk := openTracking(t, dir)
		if diff := cmp.Diff(got, everything(t, onDisk)); diff != "" {
			t.Errorf("%s: index in memory and on disk (-memory +disk):\n%s", step.name, diff)
		}
		check(t, os.Rename(filepath.Join(dir, ".mlstore.trash", "index"), filepath.Join(dir, "index.trash")))
		none := openTracking(t, dir)
		if diff := cmp.Diff(everything(t, none), got); diff != "" {
			t.Errorf("%s: with an index and without (-without +with):\n%s", step.name, diff)
		}
		if diff := cmp.Diff(narrow(t, openTracking(t, dir)), narrow(t, warm)); diff != "" {
			t.Errorf("%s: pages of a few runs, read anew and known (-anew +known):\n%s", step.name, diff)
		}
		check(t, none.Close())
		check(t, os.RemoveAll(filepath.Join(dir, ".mlstore.trash", "index")))
		check(t, os.Rename(filepath.Join(dir, "index.trash"), filepath.Join(dir, ".mlstore.trash", "index")))
		before = got
	}
}

// TestForeignKeyShows searches for a key that no run has, until MLflow logs it.
func TestForeignKeyShows(t *testing.T) {
	t.Parallel()
	s, dir := indexed(t)
	for filter, name := range map[string]string{
		"metrics.late > 1": "metrics/late", "metrics.`late/key` > 1": "metrics/late/key", "params.late = '0 2 0\n'": "params/late",
		"tags.late = '0 2 0\n'": "tags/late", "metrics.m = 2": "metrics/m",
	} {
		becomeFirm(t, s)
		query := core.RunQuery{Experiments: []core.ExperimentID{"1"}, Filter: filter}
		for _, want := range []int{0, 1} {
			for range 2 {
				page, err := s.SearchRuns(t.Context(), query)
				check(t, err)
				if len(page.Items) != want {
					t.Errorf("%s: found %d runs, want %d", filter, len(page.Items), want)
				}
			}
			file := filepath.Join(dir, "1", "run5", name)
			if filter == "metrics.`late/key` > 1" {
				check(t, os.RemoveAll(filepath.Dir(file)))
				check(t, os.MkdirAll(filepath.Dir(file), 0o755))
			}
			if name != "metrics/m" {
				check(t, os.RemoveAll(file))
			}
			check(t, os.WriteFile(file, []byte("0 2 0\n"), 0o644))
		}
	}
}

// becomeFirm lets a store know everything by its stamps: what has changed a moment ago is read again each time.
func becomeFirm(t *testing.T, s *file.Tracking) {
	t.Helper()
	<-time.After(150 * time.Millisecond) // more than a tick of the file system's clock
	everything(t, s)
}

// TestChangesInOneTick overwrites a tag in place again and again, as MLflow does, so quickly that the file system's clock
// does not tell one change from the next.
func TestChangesInOneTick(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mlruns")
	prepareStore(t, dir)
	s := openTracking(t, dir)
	for i := range 2000 {
		want := fmt.Sprintf("%04d", i)
		check(t, os.WriteFile(filepath.Join(dir, "1", "1r1", "tags", "t"), []byte(want), 0o644))
		r, err := s.Run(t.Context(), "1r1")
		check(t, err)
		if got := r.Tags["t"]; got != want {
			t.Fatalf("the tag is %s, want %s", got, want)
		}
	}
}

// TestGarbledIndexIsPassedOver breaks the index at every place.
func TestGarbledIndexIsPassedOver(t *testing.T) {
	t.Parallel()
	s, dir := indexed(t)
	want := everything(t, s)
	name := filepath.Join(dir, ".mlstore.trash", "index", "1")
	whole, err := os.ReadFile(name)
	check(t, err)
	places := []int{strings.Index(string(whole), "run42"), strings.LastIndex(string(whole), "old")}
	for at := 0; at < len(whole); at += 1 + len(whole)/20 {
		places = append(places, at)
	}
	for _, at := range places {
		flipped := append([]byte(nil), whole...)
		flipped[at] ^= 0x55
		for _, data := range [][]byte{whole[:at], flipped} {
			check(t, os.WriteFile(name, data, 0o640))
			if diff := cmp.Diff(want, everything(t, openTracking(t, dir))); diff != "" {
				t.Errorf("index garbled at %d (-want +got):\n%s", at, diff)
			}
		}
	}
}
