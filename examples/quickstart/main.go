// Command quickstart is the program of the README: one run with a param, a metric for each step and a file.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/mlstore/mlstore/mlflow"
)

func main() {
	ctx := context.Background()
	if err := mlflow.WithRun(ctx, mlflow.RunOptions{Name: "quickstart"}, train); err != nil {
		log.Fatal(err)
	}
}

func train(ctx context.Context, run *mlflow.Run) error {
	rate := 0.1
	if err := run.LogParam(ctx, "learning_rate", rate); err != nil {
		return err
	}
	for step := range int64(10) {
		if err := run.LogMetric(ctx, "loss", 1/(1+rate*float64(step)), step); err != nil {
			return err
		}
	}
	fmt.Println("look at run", run.ID())
	return run.LogText(ctx, "trained for 10 steps\n", "notes.txt")
}
