package client_test

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/mem"
)

func ExampleLogBatch() {
	ctx := context.Background()
	store := mem.NewTracking()
	experiment, err := client.EnsureExperiment(ctx, store, core.ExperimentSpec{Name: "iris"})
	if err != nil {
		fmt.Println(err)
		return
	}
	run, err := store.CreateRun(ctx, experiment.ID, core.RunSpec{Name: "first"})
	if err != nil {
		fmt.Println(err)
		return
	}
	var batch core.Batch
	for step := range int64(2500) {
		batch.Metrics = append(batch.Metrics, core.Metric{Key: "loss", Value: 1 / float64(step+1), Step: step})
	}
	fmt.Println(client.LogBatch(ctx, store, run.ID, batch, core.DefaultLimits()))
	// Output: <nil>
}

func ExampleSplit() {
	batch := core.Batch{Metrics: make([]core.Metric, 2500)}
	for _, part := range client.Split(batch, core.DefaultLimits()) {
		fmt.Println(len(part.Metrics))
	}
	// Output:
	// 1000
	// 1000
	// 500
}

func ExampleComplete() {
	ctx := context.Background()
	store, err := client.Complete(ctx, mem.NewTracking()) // this one searches by itself and comes back as it is
	if err != nil {
		fmt.Println(err)
		return
	}
	for experiment, err := range client.Experiments(ctx, store, core.ExperimentQuery{Filter: "name LIKE 'Def%'"}) {
		fmt.Println(experiment.Name, err)
	}
	// Output: Default <nil>
}

func ExampleCompleteRegistry() {
	registry, err := client.CompleteRegistry(context.Background(), mem.NewRegistry())
	fmt.Println(registry != nil, err)
	// Output: true <nil>
}

func ExampleFS() {
	ctx := context.Background()
	artifacts := mem.NewArtifacts()
	if _, err := artifacts.Put(ctx, "plots/loss.txt", strings.NewReader("0.1"), core.PutOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	text, err := fs.ReadFile(client.FS(ctx, artifacts), "plots/loss.txt")
	fmt.Println(string(text), err)
	// Output: 0.1 <nil>
}

func ExampleSub() {
	ctx := context.Background()
	artifacts := mem.NewArtifacts()
	plots, err := client.Sub(artifacts, "run/plots")
	if err != nil {
		fmt.Println(err)
		return
	}
	stored, err := plots.Put(ctx, "loss.txt", strings.NewReader("0.1"), core.PutOptions{})
	fmt.Println(stored.Path, err)
	whole, err := artifacts.Stat(ctx, "run/plots/loss.txt")
	fmt.Println(whole.Path, err)
	// Output:
	// loss.txt <nil>
	// run/plots/loss.txt <nil>
}
