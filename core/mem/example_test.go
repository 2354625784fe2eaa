package mem_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func ExampleNewTracking() {
	ctx := context.Background()
	store := mem.NewTracking()
	defer store.Close()
	run, err := store.CreateRun(ctx, core.DefaultExperimentID, core.RunSpec{Name: "first"})
	if err != nil {
		panic(err)
	}
	err = store.LogBatch(ctx, run.ID, core.Batch{Metrics: []core.Metric{
		{Key: "loss", Value: 0.5, Step: 0}, {Key: "loss", Value: 0.25, Step: 1},
	}})
	if err != nil {
		panic(err)
	}
	run, err = store.Run(ctx, run.ID)
	if err != nil {
		panic(err)
	}
	fmt.Println(run.Name, run.Metrics["loss"].Value)
	// Output: first 0.25
}

func ExampleNewArtifacts() {
	ctx := context.Background()
	store := mem.NewArtifacts()
	defer store.Close()
	if _, err := store.Put(ctx, "model/weights.txt", strings.NewReader("1 2 3"), core.PutOptions{}); err != nil {
		panic(err)
	}
	r, err := store.Open(ctx, "model/weights.txt", core.ReadOptions{Offset: 2})
	if err != nil {
		panic(err)
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(text))
	// Output: 2 3
}

func ExampleNewRegistry() {
	ctx := context.Background()
	store := mem.NewRegistry()
	defer store.Close()
	if _, err := store.CreateModel(ctx, core.ModelSpec{Name: "iris"}); err != nil {
		panic(err)
	}
	v, err := store.CreateVersion(ctx, "iris", core.VersionSpec{Source: "s3://bucket/iris"})
	if err != nil {
		panic(err)
	}
	if err := store.SetAlias(ctx, core.VersionRef{Model: "iris", Number: v.Number}, "champion"); err != nil {
		panic(err)
	}
	v, err = store.VersionByAlias(ctx, "iris", "champion")
	if err != nil {
		panic(err)
	}
	fmt.Println(v.Number, v.Source)
	// Output: 1 s3://bucket/iris
}

func ExampleNewProjects() {
	ctx := context.Background()
	backend := mem.NewProjects()
	defer backend.Close()
	project := core.Project{Dir: os.TempDir(), EntryPoint: "main", Command: "python train.py"}
	id, err := backend.Submit(ctx, project, core.SubmitOptions{})
	if err != nil {
		panic(err)
	}
	for _, step := range []func() error{ // the test plays the job
		func() error { return backend.Start(id) },
		func() error { return backend.Write(id, core.LogLine{Stream: core.Stdout, Text: "epoch 1"}) },
		func() error { return backend.Finish(id, 0) },
	} {
		if err := step(); err != nil {
			panic(err)
		}
	}
	job, err := backend.Job(ctx, id)
	if err != nil {
		panic(err)
	}
	fmt.Println(job.Status, *job.ExitCode)
	// Output: FINISHED 0
}

func ExampleNewOpener() {
	ctx := context.Background()
	opener := mem.NewOpener()
	uri, err := core.ParseURI("mem://team")
	if err != nil {
		panic(err)
	}
	writer, err := opener.Open(ctx, core.OpenRequest{URI: uri})
	if err != nil {
		panic(err)
	}
	if _, err := writer.Tracking.CreateExperiment(ctx, core.ExperimentSpec{Name: "iris"}); err != nil {
		panic(err)
	}
	if err := writer.Close(); err != nil {
		panic(err)
	}
	reader, err := opener.Open(ctx, core.OpenRequest{URI: uri, ReadOnly: true}) // the same name: the same data
	if err != nil {
		panic(err)
	}
	defer reader.Close()
	e, err := reader.Tracking.Experiment(ctx, core.ExperimentRef{Name: "iris"})
	if err != nil {
		panic(err)
	}
	fmt.Println(e.ID, e.ArtifactLocation)
	// Output: 1 mem://team/1
}
