package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

func TestGarbageCollection(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.seed()
	s.must(os.WriteFile(filepath.Join(s.dir, "note.txt"), []byte("hello"), 0o600))
	for _, run := range []string{runA, runB} {
		s.ok("artifacts", "upload", "--run-id", run, filepath.Join(s.dir, "note.txt"))
	}
	gc := func(code int, args ...string) []string {
		t.Helper()
		r := s.run(append([]string{"gc", "--json"}, args...)...)
		if r.code != code {
			t.Fatalf("gc %q: %+v", args, r)
		}
		var all []collected
		s.must(json.Unmarshal([]byte(r.stdout), &all))
		var ids []string
		for _, each := range all {
			ids = append(ids, each.Kind+" "+each.ID)
		}
		return ids
	}
	expect := func(got []string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("collected (-want +got):\n%s", diff)
		}
	}
	expect(gc(0))
	expect(gc(exitConflict, "--run-ids", runA))
	s.ok("runs", "delete", runA)
	expect(gc(0, "--older-than", "1d"))
	expect(gc(0, "--dry-run"), "run "+runA)
	expect(gc(0, "--run-ids", runA), "run "+runA)
	if r := s.run("runs", "get", runA); r.code != exitNotFound {
		t.Errorf("the run is there: %+v", r)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "mlruns", "7", runA)); err == nil {
		t.Error("files of the run are there")
	}
	if got := s.ok("artifacts", "list", "--run-id", runB); got == "" {
		t.Error("artifacts of another run are gone")
	}
	expect(gc(exitConflict, "--experiment-ids", "7"))
	s.ok("experiments", "delete", "-x", "7")
	expect(gc(0, "--experiment-ids", "7"), "run "+runB, "experiment 7")
	if r := s.run("experiments", "get", "-x", "7"); r.code != exitNotFound {
		t.Errorf("the experiment is there: %+v", r)
	}
	s.ok("experiments", "create", "-n", "first") // its name is free
	expect(gc(exitNotFound, "--run-ids", runA))
}

func TestGarbageCollectionOfLoggedModels(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.seed()
	store, err := file.NewTracking(filepath.Join(s.dir, "mlruns"), file.TrackingOptions{})
	s.must(err)
	m, err := store.CreateLoggedModel(t.Context(), "7", core.LoggedModelSpec{Name: "net", SourceRunID: runA})
	s.must(err)
	s.must(store.LogOutputs(t.Context(), runA, []core.ModelOutput{{ModelID: m.ID}}))
	kept, err := store.CreateLoggedModel(t.Context(), "7", core.LoggedModelSpec{Name: "kept", SourceRunID: runA})
	s.must(err)
	s.must(store.LogOutputs(t.Context(), runA, []core.ModelOutput{{ModelID: kept.ID}}))
	alone, err := store.CreateLoggedModel(t.Context(), "7", core.LoggedModelSpec{Name: "of no run"})
	s.must(err)
	s.must(store.DeleteLoggedModel(t.Context(), m.ID))
	s.must(store.DeleteLoggedModel(t.Context(), alone.ID))
	gone := []string{"logged model " + string(alone.ID), "logged model " + string(m.ID)} // the newest first
	s.must(store.Close())
	for _, step := range []struct {
		args []string
		want []string
	}{
		{[]string{"gc", "--older-than", "1d"}, nil},
		{[]string{"gc", "--dry-run"}, gone},
		{[]string{"gc"}, gone},
		{[]string{"gc"}, nil},
	} {
		var all []collected
		s.must(json.Unmarshal([]byte(s.ok(append(step.args, "--json")...)), &all))
		var got []string
		for _, each := range all {
			got = append(got, each.Kind+" "+each.ID)
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", step.args, diff)
		}
	}
	if _, err := os.Stat(filepath.Join(s.dir, "mlruns", "7", "models", string(m.ID))); err == nil {
		t.Error("files of the model are there")
	}
}

func TestAges(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"": 0, "1d": 24 * time.Hour, "1d2h3m4s": 26*time.Hour + 3*time.Minute + 4*time.Second, "1.5h": 90 * time.Minute,
	} {
		if got, err := parseAge(text); err != nil || got != want {
			t.Errorf("age %q is %v, error %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"1", "2h1d", "-1d", "1..5h", "d"} {
		if got, err := parseAge(text); err == nil {
			t.Errorf("age %q is %v, want an error", text, got)
		}
	}
}
