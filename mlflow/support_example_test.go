package mlflow_test

import (
	"context"
	"os"
	"path/filepath"

	"github.com/mlstore/mlstore/mlflow"
)

// inFolder gives an example a folder of its own, in which mlruns keeps its runs, until the function that it returns is called.
func inFolder() (folder string, clean func()) {
	folder, err := os.MkdirTemp("", "mlruns")
	check(err)
	check(mlflow.SetTrackingURI(filepath.Join(folder, "mlruns")))
	return folder, func() {
		check(mlflow.Reset(context.Background()))
		check(os.RemoveAll(folder))
	}
}

// check ends an example that fails.
func check(err error) {
	if err != nil {
		panic(err)
	}
}
