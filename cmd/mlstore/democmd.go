package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/cmd/mlstore/demo"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

func (a *app) demoCommand() *cobra.Command {
	var dir string
	var o demo.Options
	cmd := &cobra.Command{
		Use: "demo", Short: "Train a small classifier and keep everything about it", Args: cobra.NoArgs,
		Long: "Train a softmax classifier on Fisher's Iris measurements at three learning rates. Params, metrics of each epoch, a\n" +
			"picture, the weights and a registered model go into the folder mlruns below --dir, or the store that --tracking-uri\n" +
			"or MLFLOW_TRACKING_URI names. With --artifacts the pictures and models go elsewhere, such as s3://bucket/prefix.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.TrackingURI, o.RegistryURI, o.Logger = a.trackingURI, a.registryURI, a.logger()
			if o.TrackingURI == "" && cmd.Flags().Changed("dir") {
				o.TrackingURI = filepath.Join(dir, "mlruns")
			}
			result, err := demo.Run(cmd.Context(), o, a.stdout)
			if err != nil {
				return err
			}
			a.trackingURI = result.TrackedAt.Raw()
			return a.tellDemo(cmd.Context(), result)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", ".", "folder in which mlruns is made")
	cmd.Flags().StringVar(&o.Artifacts, "artifacts", "", "URI for the artifacts, served by a plugin if need be")
	cmd.Flags().IntVar(&o.Epochs, "epochs", 100, "epochs of each training")
	cmd.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of the split into training and test data")
	return cmd
}

// tellDemo prints the runs and says how to look at what there is.
func (a *app) tellDemo(ctx context.Context, r demo.Result) error {
	a.say("\nThe runs of experiment %q:\n\n", r.Experiment.Name)
	err := a.showRuns(ctx, runFlags{
		experimentIDs: []string{string(r.Experiment.ID)}, view: "active_only", orderBy: []string{"metrics.test_loss ASC"},
		columns: []string{"params.learning_rate,metrics.test_loss,metrics.test_accuracy"},
	})
	if err != nil {
		return err
	}
	a.say("\nRegistered: models:/%s/%d\n", r.Version.Model, r.Version.Number)
	a.say("\nFiles of the best run:\n")
	resolver, settings, err := a.stores()
	if err != nil {
		return err
	}
	root, err := core.ParseURI("runs:/" + string(r.Best))
	if err != nil {
		return err
	}
	repo, err := resolver.Artifacts(ctx, root, settings)
	if err != nil {
		return err
	}
	err = a.withTracking(ctx, func(store core.TrackingStore) error {
		run, err := store.Run(ctx, r.Best)
		if err != nil {
			return err
		}
		for file, err := range client.Artifacts(ctx, repo, "", core.ListOptions{Recursive: true}) {
			if err != nil {
				return err
			}
			a.say("  %s\n", core.JoinLocation(run.ArtifactURI, file.Path))
		}
		return nil
	})
	if err := joined(err, repo.Close()); err != nil {
		return err
	}
	where := r.TrackedAt.String()
	if r.TrackedAt.IsLocal() {
		a.say("\nLook at them with MLflow (3.x refuses folders unless it is told to take them):\n\n"+
			"  MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri %s\n\nor here:\n\n", where)
	} else {
		a.say("\nLook at them with:\n\n")
	}
	a.say("  %s runs list --experiment-id %s --tracking-uri %s\n", os.Args[0], r.Experiment.ID, where)
	return nil
}

// say writes a line for people to standard output.
func (a *app) say(format string, args ...any) {
	_, _ = io.WriteString(a.stdout, visible(fmt.Sprintf(format, args...), true))
}
