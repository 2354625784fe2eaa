package file_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

func ExampleNewTracking() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, err := file.NewTracking(filepath.Join(dir, "mlruns"), file.TrackingOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	ctx := context.Background()
	run, err := store.CreateRun(ctx, core.DefaultExperimentID, core.RunSpec{Name: "first"})
	if err != nil {
		log.Fatal(err)
	}
	err = store.LogBatch(ctx, run.ID, core.Batch{Metrics: []core.Metric{{Key: "loss", Value: 0.25}}})
	if err != nil {
		log.Fatal(err)
	}
	found, err := store.SearchRuns(ctx, core.RunQuery{
		Experiments: []core.ExperimentID{core.DefaultExperimentID}, Filter: "metrics.loss < 0.5",
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range found.Items {
		fmt.Println(r.Name, r.Metrics["loss"].Value)
	}
	// Output: first 0.25
}

func ExampleTracking_Check() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, err := file.NewTracking(dir, file.TrackingOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	if err := os.Mkdir(filepath.Join(dir, "0", "half-made"), 0o700); err != nil {
		log.Fatal(err)
	}
	for finding, err := range store.Check(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(finding.Path+":", finding.Problem)
	}
	// Output: 0/half-made/meta.yaml: it is missing
}

func ExampleOpener() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	uri, err := core.ParseURI("file://" + filepath.ToSlash(dir) + "/mlruns?durability=relaxed")
	if err != nil {
		log.Fatal(err)
	}
	backend, err := file.Opener{}.Open(context.Background(), core.OpenRequest{URI: uri})
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	experiment, err := backend.Tracking.Experiment(context.Background(), core.ExperimentRef{Name: "Default"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(experiment.ID, experiment.Lifecycle)
	// Output: 0 active
}
