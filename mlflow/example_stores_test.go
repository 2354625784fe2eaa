package mlflow_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/mlflow"
)

func ExampleGetRun() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.LogParam(ctx, "lr", 0.1))
	run, err := mlflow.GetRun(ctx, mlflow.ActiveRun().ID())
	check(err)
	fmt.Println(run.Status, run.Params["lr"])
	_, err = mlflow.GetRun(ctx, "0123456789abcdef0123456789abcdef")
	fmt.Println(errors.Is(err, core.ErrNotFound))
	// Output:
	// RUNNING 0.1
	// true
}

func ExampleGetParentRun() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	outer, err := mlflow.StartRun(ctx, mlflow.RunOptions{})
	check(err)
	inner, err := mlflow.StartRun(ctx, mlflow.RunOptions{Nested: true})
	check(err)
	parent, err := mlflow.GetParentRun(ctx, inner.ID())
	check(err)
	fmt.Println(parent.ID == outer.ID())
	// Output: true
}

func ExampleDeleteRun() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.SetTag(ctx, "bad", true))
	check(mlflow.DeleteRun(ctx, mlflow.ActiveRun().ID()))
	runs, err := mlflow.SearchRuns(ctx, mlflow.RunSearch{})
	check(err)
	deleted, err := mlflow.SearchRuns(ctx, mlflow.RunSearch{View: core.DeletedOnly})
	check(err)
	fmt.Println(len(runs), len(deleted))
	check(mlflow.RestoreRun(ctx, mlflow.ActiveRun().ID()))
	// Output: 0 1
}

func ExampleRestoreRun() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	run, err := mlflow.StartRun(ctx, mlflow.RunOptions{})
	check(err)
	check(mlflow.DeleteRun(ctx, run.ID()))
	check(mlflow.RestoreRun(ctx, run.ID()))
	restored, err := mlflow.GetRun(ctx, run.ID())
	check(err)
	fmt.Println(restored.Lifecycle)
	// Output: active
}

func ExampleSearchRuns() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	for _, lr := range []float64{0.1, 0.01, 0.001} {
		check(mlflow.WithRun(ctx, mlflow.RunOptions{}, func(ctx context.Context, run *mlflow.Run) error {
			return errors.Join(run.LogParam(ctx, "lr", lr), run.LogMetric(ctx, "loss", lr*2, 0))
		}))
	}
	runs, err := mlflow.SearchRuns(ctx, mlflow.RunSearch{
		Filter: "metrics.loss < 0.1", OrderBy: []string{"metrics.loss ASC"}, MaxResults: 10,
	})
	check(err)
	for _, run := range runs {
		fmt.Println(run.Params["lr"], run.Metrics["loss"].Value)
	}
	// Output:
	// 0.001 0.002
	// 0.01 0.02
}

func ExampleListRunInfos() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	run, err := mlflow.StartRun(ctx, mlflow.RunOptions{Name: "baseline"})
	check(err)
	infos, err := mlflow.ListRunInfos(ctx, run.Info().ExperimentID, mlflow.RunSearch{})
	check(err)
	fmt.Println(len(infos), infos[0].Name, infos[0].Status)
	// Output: 1 baseline RUNNING
}

func ExampleGetMetricHistory() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	for step := range int64(3) {
		check(mlflow.LogMetric(ctx, "loss", float64(3-step), step))
	}
	points, err := mlflow.GetMetricHistory(ctx, mlflow.ActiveRun().ID(), "loss")
	check(err)
	for _, point := range points {
		fmt.Println(point.Step, point.Value)
	}
	// Output:
	// 0 3
	// 1 2
	// 2 1
}

func ExampleDownloadArtifacts() {
	folder, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.LogText(ctx, "[]", "model/weights.json"))
	uri := "runs:/" + string(mlflow.ActiveRun().ID()) + "/model/weights.json"
	dst := filepath.Join(folder, "copies")
	path, err := mlflow.DownloadArtifacts(ctx, mlflow.ArtifactRef{URI: uri}, dst)
	check(err)
	fmt.Println(path == filepath.Join(dst, "weights.json"))
	// Output: true
}

func ExampleListArtifacts() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.LogText(ctx, "[]", "model/weights.json"))
	found, err := mlflow.ListArtifacts(ctx, mlflow.ArtifactRef{RunID: mlflow.ActiveRun().ID(), Path: "model"})
	check(err)
	for _, artifact := range found {
		fmt.Println(artifact.Path, artifact.Dir, artifact.Size)
	}
	// Output: model/weights.json false 2
}

func ExampleRegisterModel() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.LogText(ctx, "flavors: {}\n", "model/MLmodel"))
	uri := "runs:/" + string(mlflow.ActiveRun().ID()) + "/model"
	for range 2 {
		version, err := mlflow.RegisterModel(ctx, uri, "iris", mlflow.RegisterOptions{})
		check(err)
		fmt.Println(version.Model, version.Number, version.RunID == mlflow.ActiveRun().ID())
	}
	// Output:
	// iris 1 true
	// iris 2 true
}

func ExampleSetExperiment() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	experiment, err := mlflow.SetExperiment(ctx, "iris")
	check(err)
	run, err := mlflow.StartRun(ctx, mlflow.RunOptions{})
	check(err)
	fmt.Println(experiment.Name, run.Info().ExperimentID == experiment.ID)
	// Output: iris true
}

func ExampleSetExperimentByID() {
	_, clean := inFolder()
	defer clean()
	experiment, err := mlflow.SetExperimentByID(context.Background(), "0")
	check(err)
	fmt.Println(experiment.Name)
	// Output: Default
}

func ExampleCreateExperiment() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	id, err := mlflow.CreateExperiment(ctx, core.ExperimentSpec{
		Name: "iris", ArtifactLocation: "s3://bucket/iris", Tags: map[string]string{"team": "vision"},
	})
	check(err)
	experiment, err := mlflow.GetExperiment(ctx, id)
	check(err)
	fmt.Println(experiment.Name, experiment.ArtifactLocation, experiment.Tags)
	_, err = mlflow.CreateExperiment(ctx, core.ExperimentSpec{Name: "iris"})
	fmt.Println(errors.Is(err, core.ErrExists))
	// Output:
	// iris s3://bucket/iris map[team:vision]
	// true
}

func ExampleGetExperiment() {
	_, clean := inFolder()
	defer clean()
	experiment, err := mlflow.GetExperiment(context.Background(), core.DefaultExperimentID)
	check(err)
	fmt.Println(experiment.Name, experiment.Lifecycle)
	// Output: Default active
}

func ExampleGetExperimentByName() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	experiment, err := mlflow.GetExperimentByName(ctx, "Default")
	check(err)
	fmt.Println(experiment.ID)
	_, err = mlflow.GetExperimentByName(ctx, "no such name")
	fmt.Println(errors.Is(err, core.ErrNotFound))
	// Output:
	// 0
	// true
}

func ExampleDeleteExperiment() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	id, err := mlflow.CreateExperiment(ctx, core.ExperimentSpec{Name: "iris"})
	check(err)
	check(mlflow.DeleteExperiment(ctx, id))
	_, err = mlflow.SetExperiment(ctx, "iris")
	fmt.Println(errors.Is(err, core.ErrInvalid))
	// Output: true
}

func ExampleRestoreExperiment() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	id, err := mlflow.CreateExperiment(ctx, core.ExperimentSpec{Name: "iris"})
	check(err)
	check(mlflow.DeleteExperiment(ctx, id))
	check(mlflow.RestoreExperiment(ctx, id))
	experiment, err := mlflow.GetExperiment(ctx, id)
	check(err)
	fmt.Println(experiment.Lifecycle)
	// Output: active
}

func ExampleSearchExperiments() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	for _, name := range []string{"iris", "wine"} {
		_, err := mlflow.CreateExperiment(ctx, core.ExperimentSpec{Name: name})
		check(err)
	}
	found, err := mlflow.SearchExperiments(ctx, core.ExperimentQuery{Filter: "name LIKE '%i%'", OrderBy: []string{"name DESC"}})
	check(err)
	for _, experiment := range found {
		fmt.Println(experiment.Name)
	}
	// Output:
	// wine
	// iris
}

func ExampleSetExperimentTag() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	_, err := mlflow.SetExperiment(ctx, "iris")
	check(err)
	check(mlflow.SetExperimentTag(ctx, "reviewed", true))
	experiment, err := mlflow.GetExperimentByName(ctx, "iris")
	check(err)
	fmt.Println(experiment.Tags["reviewed"])
	// Output: True
}

func ExampleSetExperimentTags() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.SetExperimentTags(ctx, map[string]any{"team": "vision", "quarter": 4}))
	experiment, err := mlflow.GetExperimentByName(ctx, "Default")
	check(err)
	fmt.Println(experiment.Tags["team"], experiment.Tags["quarter"])
	// Output: vision 4
}

func ExampleDeleteExperimentTag() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.SetExperimentTag(ctx, "draft", true))
	check(mlflow.DeleteExperimentTag(ctx, "draft"))
	fmt.Println(errors.Is(mlflow.DeleteExperimentTag(ctx, "draft"), core.ErrNotFound))
	// Output: true
}
