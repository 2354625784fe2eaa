package mlflow_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/mlflow"
)

// logged is the active run as the store has it.
func logged(ctx context.Context) core.Run {
	run, err := mlflow.GetRun(ctx, mlflow.ActiveRun().ID())
	check(err)
	return run
}

// listed are the names in a directory of the active run's artifacts.
func listed(ctx context.Context, dir string) []string {
	found, err := mlflow.ListArtifacts(ctx, mlflow.ArtifactRef{RunID: mlflow.ActiveRun().ID(), Path: dir})
	check(err)
	var names []string
	for _, artifact := range found {
		names = append(names, artifact.Path)
	}
	return names
}

// content is the text of an artifact of the active run.
func content(ctx context.Context, path string) string {
	dir, err := os.MkdirTemp("", "")
	check(err)
	defer os.RemoveAll(dir)
	file, err := mlflow.DownloadArtifacts(ctx, mlflow.ArtifactRef{RunID: mlflow.ActiveRun().ID(), Path: path}, dir)
	check(err)
	text, err := os.ReadFile(file)
	check(err)
	return string(text)
}

func ExampleLogMetric() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	for step := range int64(3) {
		check(mlflow.LogMetric(ctx, "loss", 1/float64(step+1), step))
	}
	fmt.Printf("%.2f\n", logged(ctx).Metrics["loss"].Value)
	// Output: 0.33
}

func ExampleLogMetrics() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.LogMetrics(ctx, map[string]float64{"loss": 0.25, "accuracy": 0.9}, 7))
	loss, accuracy := logged(ctx).Metrics["loss"], logged(ctx).Metrics["accuracy"]
	fmt.Println(loss.Value, accuracy.Value, loss.Step, loss.Timestamp == accuracy.Timestamp)
	// Output: 0.25 0.9 7 true
}

func ExampleLogParam() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.LogParam(ctx, "lr", 1e-5))
	check(mlflow.LogParam(ctx, "lr", "1e-05")) // the same value
	err := mlflow.LogParam(ctx, "lr", 0.1)
	fmt.Println(logged(ctx).Params["lr"], errors.Is(err, core.ErrInvalid))
	// Output: 1e-05 true
}

func ExampleLogParams() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.LogParams(ctx, map[string]any{"layers": []int{64, 32}, "shuffle": true, "seed": 7}))
	fmt.Println(logged(ctx).Params)
	// Output: map[layers:[64, 32] seed:7 shuffle:True]
}

func ExampleLogBatch() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.LogBatch(ctx, core.Batch{
		Metrics: []core.Metric{{Key: "loss", Value: 0.5, Step: 1}, {Key: "loss", Value: 0.25, Step: 2}},
		Params:  []core.Param{{Key: "lr", Value: "0.1"}},
	}))
	fmt.Println(logged(ctx).Metrics["loss"].Value, logged(ctx).Params["lr"])
	// Output: 0.25 0.1
}

func ExampleSetTag() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.SetTag(ctx, "release", "1.0"))
	check(mlflow.SetTag(ctx, "release", 2.0))
	fmt.Println(logged(ctx).Tags["release"])
	// Output: 2.0
}

func ExampleSetTags() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.SetTags(ctx, map[string]any{"team": "vision", "reviewed": false}))
	fmt.Println(logged(ctx).Tags["team"], logged(ctx).Tags["reviewed"])
	// Output: vision False
}

func ExampleDeleteTag() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.SetTag(ctx, "draft", true))
	check(mlflow.DeleteTag(ctx, "draft"))
	err := mlflow.DeleteTag(ctx, "draft")
	fmt.Println(errors.Is(err, core.ErrNotFound))
	// Output: true
}

func ExampleLogArtifact() {
	folder, clean := inFolder()
	defer clean()
	ctx := context.Background()
	plot := filepath.Join(folder, "loss.svg")
	check(os.WriteFile(plot, []byte("<svg/>"), 0o600))
	check(mlflow.LogArtifact(ctx, plot, "plots"))
	fmt.Println(listed(ctx, "plots"))
	// Output: [plots/loss.svg]
}

func ExampleLogArtifacts() {
	folder, clean := inFolder()
	defer clean()
	ctx := context.Background()
	model := filepath.Join(folder, "out")
	check(os.MkdirAll(filepath.Join(model, "data"), 0o755))
	check(os.WriteFile(filepath.Join(model, "MLmodel"), nil, 0o600))
	check(os.WriteFile(filepath.Join(model, "data", "weights.json"), []byte("[]"), 0o600))
	check(mlflow.LogArtifacts(ctx, model, "model"))
	fmt.Println(listed(ctx, "model"))
	// Output: [model/MLmodel model/data]
}

func ExampleLogText() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.LogText(ctx, "Trained on a laptop.", "notes/readme.txt"))
	fmt.Println(content(ctx, "notes/readme.txt"))
	// Output: Trained on a laptop.
}

func ExampleLogDict() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	config := map[string]any{"optimizer": "adam", "lr": 0.1}
	check(mlflow.LogDict(ctx, config, "config.json"))
	check(mlflow.LogDict(ctx, config, "config.yaml"))
	fmt.Println(content(ctx, "config.json"))
	fmt.Print(content(ctx, "config.yaml"))
	// Output:
	// {
	//   "lr": 0.1,
	//   "optimizer": "adam"
	// }
	// lr: 0.1
	// optimizer: adam
}

func ExampleLogBytes() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	check(mlflow.LogBytes(ctx, []byte{0x89, 'P', 'N', 'G'}, "plots/confusion.png"))
	fmt.Println(len(content(ctx, "plots/confusion.png")))
	// Output: 4
}

func ExampleGetArtifactURI() {
	_, clean := inFolder()
	defer clean()
	ctx := context.Background()
	root, err := mlflow.GetArtifactURI(ctx, "")
	check(err)
	model, err := mlflow.GetArtifactURI(ctx, "model/weights.json")
	check(err)
	fmt.Println(strings.TrimPrefix(model, root))
	// Output: /model/weights.json
}
