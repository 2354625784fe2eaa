package mlflow_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/mlflow"
)

// Ten lines of training, kept in a folder that MLflow reads.
func Example() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	defer mlflow.Finish(ctx)

	_, err := mlflow.SetExperiment(ctx, "iris")
	check(err)
	check(mlflow.LogParams(ctx, map[string]any{"lr": 0.1, "layers": []int{4, 3}}))
	for step := range int64(3) {
		check(mlflow.LogMetric(ctx, "loss", 1/float64(step+1), step))
	}
	check(mlflow.EndRun(ctx, core.Finished))

	runs, err := mlflow.SearchRuns(ctx, mlflow.RunSearch{Filter: "metrics.loss < 0.5"})
	check(err)
	fmt.Println(len(runs), runs[0].Status, runs[0].Params, runs[0].Metrics["loss"].Step)
	// Output: 1 FINISHED map[layers:[4, 3] lr:0.1] 2
}

func ExampleNewClient() {
	folder, err := os.MkdirTemp("", "mlruns")
	check(err)
	defer os.RemoveAll(folder)
	ctx := context.Background()
	client, err := mlflow.NewClient(ctx, mlflow.Options{TrackingURI: folder})
	check(err)
	defer client.Close()

	run, err := client.StartRun(ctx, mlflow.RunOptions{Name: "baseline"})
	check(err)
	check(run.LogMetric(ctx, "loss", 0.25, 1))
	check(run.End(ctx, core.Finished))
	stored, err := client.GetRun(ctx, run.ID())
	check(err)
	fmt.Println(stored.Name, stored.Status, stored.Metrics["loss"].Value)
	// Output: baseline FINISHED 0.25
}

func ExampleStartRun() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	outer, err := mlflow.StartRun(ctx, mlflow.RunOptions{Name: "search", Tags: map[string]string{"team": "vision"}})
	check(err)
	inner, err := mlflow.StartRun(ctx, mlflow.RunOptions{Name: "trial", Nested: true})
	check(err)

	stored, err := mlflow.GetRun(ctx, inner.ID())
	check(err)
	fmt.Println(stored.Name, "in", outer.Info().Name, stored.Tags[core.ParentRunTag] == string(outer.ID()))
	_, err = mlflow.StartRun(ctx, mlflow.RunOptions{})
	fmt.Println(errors.Is(err, core.ErrState))
	// Output:
	// trial in search true
	// true
}

func ExampleWithRun() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	var id core.RunID
	err := mlflow.WithRun(ctx, mlflow.RunOptions{}, func(ctx context.Context, run *mlflow.Run) error {
		id = run.ID()
		return errors.New("the loss is NaN")
	})
	fmt.Println(err)
	run, err := mlflow.GetRun(ctx, id)
	check(err)
	fmt.Println(run.Status)
	// Output:
	// the loss is NaN
	// FAILED
}

func ExampleEndRun() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	run, err := mlflow.StartRun(ctx, mlflow.RunOptions{})
	check(err)
	check(mlflow.EndRun(ctx, core.Killed))
	stored, err := mlflow.GetRun(ctx, run.ID())
	check(err)
	fmt.Println(stored.Status, stored.EndTime != 0, mlflow.ActiveRun() == nil)
	// Output: KILLED true true
}

func ExampleActiveRun() {
	_, clean := inFolder()
	defer clean()
	fmt.Println(mlflow.ActiveRun() == nil)
	run, err := mlflow.StartRun(context.Background(), mlflow.RunOptions{})
	check(err)
	fmt.Println(mlflow.ActiveRun().ID() == run.ID())
	// Output:
	// true
	// true
}

func ExampleLastActiveRun() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.LogMetric(ctx, "loss", 0.5, 0))
	check(mlflow.EndRun(ctx, core.Finished))
	last, err := mlflow.LastActiveRun(ctx)
	check(err)
	fmt.Println(last.Status, last.Metrics["loss"].Value)
	// Output: FINISHED 0.5
}

func ExampleFinish() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	train := func() { // stands for main
		defer mlflow.Finish(ctx)
		check(mlflow.LogMetric(ctx, "loss", 0.5, 0))
	}
	train()
	runs, err := mlflow.SearchRuns(ctx, mlflow.RunSearch{})
	check(err)
	fmt.Println(runs[0].Status)
	// Output: FINISHED
}

// A program that handles signals itself ends its runs itself.
func ExampleSetSignalHandling() {
	_, clean := inFolder()
	defer clean()
	mlflow.SetSignalHandling(false)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := mlflow.WithRun(ctx, mlflow.RunOptions{}, func(ctx context.Context, run *mlflow.Run) error {
		return run.LogMetric(ctx, "loss", 0.5, 0) // ends early when the user interrupts; the run is then FAILED
	})
	fmt.Println(err)
	// Output: <nil>
}

func ExampleSetTrackingURI() {
	folder, clean := inFolder()
	defer clean()
	check(mlflow.SetTrackingURI(filepath.Join(folder, "team")))
	uri, err := mlflow.GetTrackingURI()
	check(err)
	fmt.Println(filepath.Base(uri.Raw()), os.Getenv("MLFLOW_TRACKING_URI") == uri.Raw())
	// Output: team true
}

func ExampleGetTrackingURI() {
	_, clean := inFolder()
	defer clean()
	check(mlflow.SetTrackingURI("http://ada:secret@example.com:5000"))
	uri, err := mlflow.GetTrackingURI()
	check(err)
	fmt.Println(uri)
	// Output: http://***@example.com:5000
}

func ExampleIsTrackingURISet() {
	_, clean := inFolder()
	clean() // nothing is set any more
	fmt.Println(mlflow.IsTrackingURISet())
	check(mlflow.SetTrackingURI("http://example.com:5000"))
	fmt.Println(mlflow.IsTrackingURISet())
	clean()
	// Output:
	// false
	// true
}

func ExampleSetRegistryURI() {
	_, clean := inFolder()
	defer clean()
	check(mlflow.SetRegistryURI("http://models.example.com:5000"))
	uri, err := mlflow.GetRegistryURI()
	check(err)
	fmt.Println(uri, os.Getenv("MLFLOW_REGISTRY_URI"))
	// Output: http://models.example.com:5000 http://models.example.com:5000
}

func ExampleGetRegistryURI() {
	_, clean := inFolder()
	defer clean()
	models, err := mlflow.GetRegistryURI()
	check(err)
	runs, err := mlflow.GetTrackingURI()
	check(err)
	fmt.Println(models == runs)
	// Output: true
}

func ExampleText() {
	fmt.Println(mlflow.Text(true), mlflow.Text(nil), mlflow.Text(1.0), mlflow.Text(1e-5), mlflow.Text(math.NaN()),
		mlflow.Text([]any{1, "a"}))
	// Output: True None 1.0 1e-05 nan [1, 'a']
}

func ExampleNewFrame() {
	runs := []core.Run{{
		RunInfo: core.RunInfo{ID: "a1", ExperimentID: "0", Status: core.Finished, StartTime: 1700000000000},
		RunData: core.RunData{
			Metrics: map[string]core.Metric{"loss": {Value: 0.5}}, Params: map[string]string{"lr": "0.1"},
		},
	}}
	f := mlflow.NewFrame(runs)
	loss, _ := f.Column("metrics.loss")
	fmt.Println(f.Len(), loss.Numbers)
	check(f.WriteCSV(os.Stdout))
	check(f.WriteJSONL(os.Stdout))
	// Output:
	// 1 [0.5]
	// run_id,experiment_id,status,artifact_uri,start_time,end_time,metrics.loss,params.lr
	// a1,0,FINISHED,,2023-11-14T22:13:20.000Z,,0.5,0.1
	// {"run_id":"a1","experiment_id":"0","status":"FINISHED","artifact_uri":"","start_time":"2023-11-14T22:13:20.000Z","end_time":null,"metrics.loss":0.5,"params.lr":"0.1"}
}
