package main

import (
	"cmp"
	"context"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/mlflow"
)

func (a *app) runsCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "runs", Short: "List, search, show, delete and restore runs"}
	cmd.AddCommand(a.runsListCommand(), a.runsSearchCommand(), a.runsGetCommand(), a.runsHistoryCommand(),
		a.runsChangeCommand("delete", "Delete a run; restore brings it back", client.DeleteRun),
		a.runsChangeCommand("restore", "Restore a deleted run", client.RestoreRun))
	return cmd
}

// runFlags are the flags that choose runs.
type runFlags struct {
	experimentIDs, experimentNames []string
	all                            bool
	view, filter                   string
	orderBy, columns               []string
	max                            int
}

func (f *runFlags) add(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.experimentIDs, "experiment-id", nil, "experiments (default $MLFLOW_EXPERIMENT_ID, else 0)")
	flags.StringArrayVar(&f.experimentNames, "experiment-name", nil, "experiments by name (default $MLFLOW_EXPERIMENT_NAME)")
	flags.StringVarP(&f.view, "view", "v", "active_only", "active_only, deleted_only or all")
	flags.StringArrayVar(&f.columns, "columns", nil, "further columns, such as metrics.loss, params.lr or tags.team")
	flags.IntVar(&f.max, "max-results", 0, "most runs to print (0 is all)")
	_ = cmd.RegisterFlagCompletionFunc("experiment-id", a.completeExperimentIDs)
	_ = cmd.RegisterFlagCompletionFunc("experiment-name", a.completeExperimentNames)
	_ = cmd.RegisterFlagCompletionFunc("view", completeViews)
}

func (a *app) runsListCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use: "list", Short: "List the runs of an experiment", Args: cobra.NoArgs,
		Example: "  mlstore runs list --experiment-id 0\n  mlstore runs list --experiment-name iris --columns metrics.test_loss -o csv",
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.showRuns(cmd.Context(), f) },
	}
	f.add(a, cmd)
	return cmd
}

func (a *app) runsSearchCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use: "search", Short: "Search runs in MLflow's search language", Args: cobra.NoArgs,
		Example: `  mlstore runs search --filter "metrics.loss < 0.1 AND params.model = 'cnn'" --order-by "metrics.loss ASC"`,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.showRuns(cmd.Context(), f) },
	}
	f.add(a, cmd)
	cmd.Flags().StringVar(&f.filter, "filter", "", "which runs, such as \"metrics.loss < 0.1\"")
	cmd.Flags().StringArrayVar(&f.orderBy, "order-by", nil, "order, such as \"metrics.loss ASC\"")
	cmd.Flags().BoolVar(&f.all, "all-experiments", false, "search in all active experiments")
	return cmd
}

func (a *app) showRuns(ctx context.Context, f runFlags) error {
	view, err := parseView(f.view)
	if err != nil {
		return err
	}
	if f.max < 0 {
		return usage("--max-results is %d: it must not be negative", f.max)
	}
	columns, err := runColumns(f.columns)
	if err != nil {
		return err
	}
	return a.withTracking(ctx, func(store core.TrackingStore) error {
		query := core.RunQuery{Filter: f.filter, OrderBy: f.orderBy, View: view}
		if query.Experiments, err = a.experimentsOf(ctx, store, f); err != nil {
			return err
		}
		if a.output == "table" && len(f.columns) == 0 {
			query.Fields = core.RunInfoOnly
		}
		info, err := store.Describe(ctx)
		if err != nil {
			return err
		}
		query.Limit = min(f.max, info.Limits.RunPage.Max)
		runs := first(client.Runs(ctx, store, query), f.max)
		if a.output == "csv" && len(f.columns) == 0 {
			all, err := client.Collect(runs)
			if err != nil {
				return err
			}
			return mlflow.NewFrame(all).WriteCSV(a.stdout)
		}
		return listing[core.Run]{columns, runObject}.show(a, runs)
	})
}

// experimentsOf are the ids of the experiments that the flags or the environment name, all of which exist.
func (a *app) experimentsOf(ctx context.Context, store core.TrackingStore, f runFlags) ([]core.ExperimentID, error) {
	if f.all {
		var ids []core.ExperimentID
		for e, err := range client.Experiments(ctx, store, core.ExperimentQuery{}) {
			if err != nil {
				return nil, err
			}
			ids = append(ids, e.ID)
		}
		return ids, nil
	}
	var refs []core.ExperimentRef
	for _, id := range f.experimentIDs {
		refs = append(refs, core.ExperimentRef{ID: core.ExperimentID(id)})
	}
	for _, name := range f.experimentNames {
		refs = append(refs, core.ExperimentRef{Name: name})
	}
	if len(refs) == 0 {
		name, id := a.env("MLFLOW_EXPERIMENT_NAME"), core.ExperimentID(a.env("MLFLOW_EXPERIMENT_ID"))
		if name != "" {
			id = ""
		} else {
			id = cmp.Or(id, core.DefaultExperimentID)
		}
		refs = append(refs, core.ExperimentRef{ID: id, Name: name})
	}
	var ids []core.ExperimentID
	for _, ref := range refs {
		e, err := store.Experiment(ctx, ref)
		if err != nil {
			return nil, err
		}
		ids = append(ids, e.ID)
	}
	return ids, nil
}

// first ends a sequence after n items; 0 is all.
func first[T any](items iter.Seq2[T, error], n int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		left := n
		for item, err := range items {
			if !yield(item, err) {
				return
			}
			if left--; left == 0 {
				return
			}
		}
	}
}

// runColumns are the usual columns and those that were asked for.
func runColumns(extra []string) ([]column[core.Run], error) {
	columns := []column[core.Run]{
		{"run_id", func(r core.Run) string { return string(r.ID) }},
		{"name", func(r core.Run) string { return r.Name }},
		{"status", func(r core.Run) string { return r.Status.String() }},
		{"start_time", func(r core.Run) string { return stamp(r.StartTime) }},
		{"duration", duration},
		{"user", func(r core.Run) string { return r.User }},
	}
	for _, list := range extra {
		for name := range strings.SplitSeq(list, ",") {
			group, key, _ := strings.Cut(name, ".")
			var text func(core.Run) string
			switch group {
			case "metrics":
				text = func(r core.Run) string { return metricText(r.Metrics, key) }
			case "params":
				text = func(r core.Run) string { return r.Params[key] }
			case "tags":
				text = func(r core.Run) string { return r.Tags[key] }
			default:
				return nil, usage("unknown column %q: write metrics.<key>, params.<key> or tags.<key>", name)
			}
			columns = append(columns, column[core.Run]{name, text})
		}
	}
	return columns, nil
}

func metricText(metrics map[string]core.Metric, key string) string {
	m, found := metrics[key]
	if !found {
		return ""
	}
	return number(m.Value)
}

// duration is how long a run that has ended took.
func duration(r core.Run) string {
	if r.EndTime == 0 || r.EndTime < r.StartTime {
		return ""
	}
	d := r.EndTime.Time().Sub(r.StartTime.Time())
	if d > time.Minute {
		d = d.Round(time.Second)
	}
	return d.String()
}

func parseView(name string) (core.View, error) {
	switch strings.ToLower(name) {
	case "active_only":
		return core.ActiveOnly, nil
	case "deleted_only":
		return core.DeletedOnly, nil
	case "all":
		return core.AllStages, nil
	}
	return 0, usage("unknown view %q: it must be one of active_only, deleted_only, all", name)
}

func completeViews(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return []string{"active_only", "deleted_only", "all"}, cobra.ShellCompDirectiveNoFileComp
}

func (a *app) runsGetCommand() *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use: "get [RUN_ID]", Aliases: []string{"describe"}, Short: "Show a run with all that it logged",
		Long: "Show a run with all that it logged. Called as describe, like MLflow's command, it prints JSON.",
		Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.completeRunIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.CalledAs() == "describe" && !cmd.Flags().Changed("output") {
				a.output = "json"
			}
			id, err := argument("run-id", id, args)
			if err != nil {
				return err
			}
			return a.withTracking(cmd.Context(), func(store core.TrackingStore) error {
				run, err := store.Run(cmd.Context(), core.RunID(id))
				if err != nil {
					return err
				}
				return runDetails(run).showOne(a, run)
			})
		},
	}
	a.addRunID(cmd, &id)
	return cmd
}

func (a *app) addRunID(cmd *cobra.Command, id *string) {
	cmd.Flags().StringVarP(id, "run-id", "r", "", "id of the run")
	_ = cmd.RegisterFlagCompletionFunc("run-id", a.completeRunIDs)
}

// argument is the value of a flag that may also be given as the only argument.
func argument(name, flag string, args []string) (string, error) {
	switch {
	case flag == "" && len(args) == 1:
		return args[0], nil
	case flag != "" && len(args) == 0:
		return flag, nil
	case flag != "":
		return "", usage("give --%s or an argument, not both", name)
	}
	return "", usage("say which: --%s or an argument is missing", name)
}

func (a *app) runsChangeCommand(use, short string, change func(context.Context, core.Runs, core.RunID) error) *cobra.Command {
	var id string
	cmd := &cobra.Command{
		Use: use + " [RUN_ID]", Short: short, Args: cobra.MaximumNArgs(1), ValidArgsFunction: a.completeRunIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := argument("run-id", id, args)
			if err != nil {
				return err
			}
			return a.withTracking(cmd.Context(), func(store core.TrackingStore) error {
				if err := change(cmd.Context(), store, core.RunID(id)); err != nil {
					return err
				}
				a.note("run %s has been %sd", id, use)
				return nil
			})
		},
	}
	a.addRunID(cmd, &id)
	return cmd
}

func (a *app) runsHistoryCommand() *cobra.Command {
	var id, key string
	cmd := &cobra.Command{
		Use: "history [RUN_ID]", Short: "Print every point of a metric", Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeRunIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := argument("run-id", id, args)
			if err != nil {
				return err
			}
			return a.withTracking(cmd.Context(), func(store core.TrackingStore) error {
				return metricListing().show(a, client.History(cmd.Context(), store, core.RunID(id), key, core.HistoryOptions{}))
			})
		},
	}
	a.addRunID(cmd, &id)
	cmd.Flags().StringVar(&key, "metric", "", "name of the metric")
	_ = cmd.MarkFlagRequired("metric")
	return cmd
}

// finite reports whether JSON has the number.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
