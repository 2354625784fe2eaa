package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/mlflow"
)

func (a *app) experimentsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "experiments", Short: "Create, search, show, rename, delete and restore experiments"}
	cmd.AddCommand(
		a.experimentsCreateCommand(), a.experimentsSearchCommand(), a.experimentsGetCommand(), a.experimentsRenameCommand(),
		a.experimentsLifeCommand("delete", "Delete an experiment with its runs; restore brings them back", core.Deleted),
		a.experimentsLifeCommand("restore", "Restore a deleted experiment with its runs", core.Active),
		a.experimentsCSVCommand(),
	)
	return cmd
}

func (a *app) experimentsCreateCommand() *cobra.Command {
	var spec core.ExperimentSpec
	cmd := &cobra.Command{
		Use: "create", Short: "Create an experiment", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTracking(cmd.Context(), func(store core.TrackingStore) error {
				e, err := store.CreateExperiment(cmd.Context(), spec)
				if err != nil {
					return err
				}
				return experimentListing().showOne(a, e)
			})
		},
	}
	cmd.Flags().StringVarP(&spec.Name, "experiment-name", "n", "", "name of the experiment")
	cmd.Flags().StringVarP(&spec.ArtifactLocation, "artifact-location", "l", "",
		"URI below which artifacts go (default: the store chooses)")
	_ = cmd.MarkFlagRequired("experiment-name")
	return cmd
}

func (a *app) experimentsSearchCommand() *cobra.Command {
	var viewName string
	var query core.ExperimentQuery
	var most int
	cmd := &cobra.Command{
		Use: "search", Aliases: []string{"list"}, Short: "Search experiments", Args: cobra.NoArgs,
		Example: `  mlstore experiments list
  mlstore experiments search --filter "name LIKE 'iris%'" --order-by "name ASC"`,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if query.View, err = parseView(viewName); err != nil {
				return err
			}
			if most < 0 {
				return usage("--max-results is %d: it must not be negative", most)
			}
			return a.withTracking(cmd.Context(), func(store core.TrackingStore) error {
				return experimentListing().show(a, first(client.Experiments(cmd.Context(), store, query), most))
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&viewName, "view", "v", "active_only", "active_only, deleted_only or all")
	flags.StringVar(&query.Filter, "filter", "", "which experiments, such as \"name LIKE 'iris%'\"")
	flags.StringArrayVar(&query.OrderBy, "order-by", nil, "order, such as \"name ASC\"")
	flags.IntVar(&most, "max-results", 0, "most experiments to print (0 is all)")
	_ = cmd.RegisterFlagCompletionFunc("view", completeViews)
	return cmd
}

// experimentFlags name one experiment.
type experimentFlags struct{ id, name string }

func (f *experimentFlags) add(a *app, cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.id, "experiment-id", "x", "", "id of the experiment")
	cmd.Flags().StringVarP(&f.name, "experiment-name", "n", "", "name of the experiment, instead of its id")
	_ = cmd.RegisterFlagCompletionFunc("experiment-id", a.completeExperimentIDs)
	_ = cmd.RegisterFlagCompletionFunc("experiment-name", a.completeExperimentNames)
}

func (f *experimentFlags) find(ctx context.Context, store core.TrackingStore) (core.Experiment, error) {
	if (f.id == "") == (f.name == "") {
		return core.Experiment{}, usage("say which experiment: give one of --experiment-id and --experiment-name")
	}
	return store.Experiment(ctx, core.ExperimentRef{ID: core.ExperimentID(f.id), Name: f.name})
}

func (a *app) experimentsGetCommand() *cobra.Command {
	var f experimentFlags
	cmd := &cobra.Command{
		Use: "get", Short: "Show an experiment", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withTracking(cmd.Context(), func(store core.TrackingStore) error {
				e, err := f.find(cmd.Context(), store)
				if err != nil {
					return err
				}
				return experimentListing().showOne(a, e)
			})
		},
	}
	f.add(a, cmd)
	return cmd
}

func (a *app) experimentsRenameCommand() *cobra.Command {
	var f experimentFlags
	var name string
	cmd := &cobra.Command{
		Use: "rename", Short: "Rename an experiment", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.changeExperiment(cmd.Context(), f, core.ExperimentChange{Name: &name}, "renamed")
		},
	}
	f.add(a, cmd)
	cmd.Flags().StringVar(&name, "new-name", "", "the new name")
	_ = cmd.MarkFlagRequired("new-name")
	return cmd
}

func (a *app) experimentsLifeCommand(use, short string, to core.Lifecycle) *cobra.Command {
	var f experimentFlags
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.changeExperiment(cmd.Context(), f, core.ExperimentChange{Lifecycle: to}, use+"d")
		},
	}
	f.add(a, cmd)
	return cmd
}

func (a *app) changeExperiment(ctx context.Context, f experimentFlags, change core.ExperimentChange, done string) error {
	return a.withTracking(ctx, func(store core.TrackingStore) error {
		e, err := f.find(ctx, store)
		if err != nil {
			return err
		}
		if err := store.UpdateExperiment(ctx, e.ID, change); err != nil {
			return err
		}
		a.note("experiment %s (%s) has been %s", e.ID, e.Name, done)
		return nil
	})
}

func (a *app) experimentsCSVCommand() *cobra.Command {
	var f experimentFlags
	var file string
	cmd := &cobra.Command{
		Use: "csv", Short: "Write all runs of an experiment as CSV", Args: cobra.NoArgs,
		Long: "Write all runs of an experiment as CSV, with a column for each metric, param and tag.\n" +
			"As in MLflow, -o names the file.",
		Annotations: map[string]string{fileOutput: ""},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("output") {
				file = a.output
			}
			return a.withTracking(cmd.Context(), func(store core.TrackingStore) error {
				e, err := f.find(cmd.Context(), store)
				if err != nil {
					return err
				}
				runs, err := client.Collect(client.Runs(cmd.Context(), store, core.RunQuery{Experiments: []core.ExperimentID{e.ID}}))
				if err != nil {
					return err
				}
				return a.writeTo(file, mlflow.NewFrame(runs).WriteCSV)
			})
		},
	}
	f.add(a, cmd)
	cmd.Flags().StringVar(&file, "filename", "", "file to write (default standard output)")
	return cmd
}

// writeTo calls write with a new file, or with standard output when there is no name.
func (a *app) writeTo(name string, write func(io.Writer) error) error {
	if name == "" {
		return write(a.stdout)
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o666) //nolint:gosec // a result for others to read
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
