package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/registry"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFolderServesRunsAndTheirArtifacts(t *testing.T) {
	t.Parallel()
	r, err := embedded.New()
	check(t, err)
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "100% mine", "mlruns")
	at, err := core.ParseURI(dir)
	check(t, err)
	s := registry.Settings{Tracking: at, Registry: at}
	store, err := r.Tracking(ctx, at, s)
	check(t, err)
	run, err := store.CreateRun(ctx, core.DefaultExperimentID, core.RunSpec{Name: "first", StartTime: core.Now()})
	check(t, err)
	reference, err := core.ParseURI("runs:/" + string(run.ID) + "/plots")
	check(t, err)
	repo, err := r.Artifacts(ctx, reference, s)
	check(t, err)
	_, err = repo.Put(ctx, "loss.txt", strings.NewReader("0.1"), core.PutOptions{})
	check(t, err)
	check(t, repo.Close())
	check(t, store.Close())
	artifacts := filepath.Join(dir, "0", string(run.ID), "artifacts")
	if entries, err := os.ReadDir(artifacts); err != nil || len(entries) != 1 {
		t.Errorf("in the artifact folder are %v, %v: want plots alone", entries, err)
	}
	text, err := os.ReadFile(filepath.Join(artifacts, "plots", "loss.txt"))
	check(t, err)
	if string(text) != "0.1" {
		t.Errorf("the file holds %q", text)
	}
}

func TestOptionsAddSchemes(t *testing.T) {
	t.Parallel()
	rule := registry.Rule{Opener: core.OpenerFunc(nil), Kinds: []registry.Kind{registry.Tracking}}
	r, err := embedded.New(embedded.With("other", rule))
	check(t, err)
	if got := fmt.Sprint(r.Schemes()); got != "[file http https mlflow-artifacts other sqlite]" {
		t.Errorf("schemes %s", got)
	}
	if _, err := embedded.New(embedded.With("file", rule)); !errors.Is(err, core.ErrExists) {
		t.Errorf("a second rule for file: %v", err)
	}
}

func ExampleNew() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "mlstore-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	resolver, err := embedded.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	uri, err := core.ParseURI(filepath.Join(dir, "mlruns"))
	if err != nil {
		fmt.Println(err)
		return
	}
	store, err := resolver.Tracking(ctx, uri, registry.Settings{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()
	experiment, err := store.Experiment(ctx, core.ExperimentRef{ID: core.DefaultExperimentID})
	fmt.Println(experiment.Name, err)
	// Output: Default <nil>
}
