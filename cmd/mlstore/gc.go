package main

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/registry"
)

// collector removes for good what has been deleted.
type collector struct {
	app      *app
	store    core.TrackingStore
	purger   core.Purger
	models   core.LoggedModels // nil where the store has none
	resolver *registry.Resolver
	settings registry.Settings

	before core.Millis // only what was deleted before; 0 is everything
	dryRun bool
	done   []collected
}

// collected is one entity that was removed, or would be.
type collected struct {
	Kind      string      `json:"kind"`
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	DeletedAt core.Millis `json:"deleted_at,omitempty"`
	Artifacts string      `json:"artifacts,omitempty"`
	Error     string      `json:"error,omitempty"`
}

func collectedListing() listing[collected] {
	return listing[collected]{
		columns: []column[collected]{
			{"kind", func(c collected) string { return c.Kind }},
			{"id", func(c collected) string { return c.ID }},
			{"name", func(c collected) string { return c.Name }},
			{"deleted", func(c collected) string { return stamp(c.DeletedAt) }},
			{"artifacts", func(c collected) string { return c.Artifacts }},
			{"error", func(c collected) string { return c.Error }},
		},
		object: func(c collected) any { return c },
	}
}

func (a *app) gcCommand() *cobra.Command {
	var olderThan, experiments, runs string
	var dryRun bool
	cmd := &cobra.Command{
		Use: "gc", Short: "Remove for good what has been deleted, with its artifacts",
		Long: `Remove deleted runs and experiments for good, with everything that they logged and their artifacts. An experiment goes
with all its runs and logged models. Logged models that were deleted one by one go too. Artifacts go first: what fails
half-way is still there, deleted, and can be tried again.`,
		Example: "  mlstore gc --dry-run\n  mlstore gc --older-than 30d",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			age, err := parseAge(olderThan)
			if err != nil {
				return err
			}
			c := &collector{app: a, dryRun: dryRun}
			if age > 0 {
				c.before = core.MillisOf(time.Now().Add(-age))
			}
			err = c.run(cmd.Context(), list[core.ExperimentID](experiments), list[core.RunID](runs))
			show := collectedListing().show(a, func(yield func(collected, error) bool) {
				for _, each := range c.done {
					if !yield(each, nil) {
						return
					}
				}
			})
			return joined(err, show)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&olderThan, "older-than", "", "only what was deleted longer ago than this, such as 1d2h3m4s")
	flags.StringVar(&experiments, "experiment-ids", "", "only these deleted experiments, separated by commas, and their runs")
	flags.StringVar(&runs, "run-ids", "", "only these deleted runs, separated by commas")
	flags.BoolVar(&dryRun, "dry-run", false, "list what would be removed, and remove nothing")
	return cmd
}

// parseAge reads MLflow's form of an age: days, hours, minutes and seconds, each of which may be missing. Source: MLflow,
// mlflow/cli, gc.
func parseAge(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	parts := regexp.MustCompile(`^(?:([\d.]+)d)?(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s)?$`).FindStringSubmatch(text)
	if parts == nil {
		return 0, usage("--older-than is %q: write it as 1d2h3m4s, leaving out what is 0", text)
	}
	var age time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		if parts[i+1] == "" {
			continue
		}
		n, err := strconv.ParseFloat(parts[i+1], 64)
		if err != nil {
			return 0, usage("--older-than is %q: %s is no number", text, parts[i+1])
		}
		age += time.Duration(n * float64(unit))
	}
	return age, nil
}

// list reads ids that are separated by commas.
func list[T ~string](text string) []T {
	var all []T
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, T(part))
		}
	}
	return all
}

func (c *collector) run(ctx context.Context, experiments []core.ExperimentID, runs []core.RunID) (err error) {
	if c.resolver, c.settings, err = c.app.stores(); err != nil {
		return err
	}
	if c.store, err = c.resolver.Tracking(ctx, c.settings.Tracking, c.settings); err != nil {
		return err
	}
	defer func() { err = joined(err, c.store.Close()) }()
	var can bool
	if c.purger, can = core.As[core.Purger](c.store); !can {
		return core.Errorf(core.Unimplemented, "the store cannot remove anything for good")
	}
	c.models, _ = core.As[core.LoggedModels](c.store)
	var failed []error
	for _, id := range runs {
		r, err := c.store.Run(ctx, id)
		if err == nil && r.Lifecycle != core.Deleted {
			err = core.State(id, "run %q is not deleted: delete it first", string(id))
		}
		if err == nil {
			err = c.collect(ctx, c.ofRun(ctx, r.RunInfo))
		}
		failed = append(failed, err)
	}
	for _, id := range experiments {
		e, err := c.store.Experiment(ctx, core.ExperimentRef{ID: id})
		if err == nil && e.Lifecycle != core.Deleted {
			err = core.State(id, "experiment %q is not deleted: delete it first", string(id))
		}
		if err == nil {
			err = c.collectExperiment(ctx, e)
		}
		failed = append(failed, err)
	}
	if len(runs) == 0 && len(experiments) == 0 {
		failed = append(failed, c.all(ctx))
	}
	return partly(errors.Join(failed...), c.done)
}

// partly gives an error beside which something was removed the exit code for that.
func partly(err error, done []collected) error {
	if err != nil && slices.ContainsFunc(done, func(c collected) bool { return c.Error == "" }) {
		return coded(exitPartial, err)
	}
	return err
}

// all removes every deleted experiment, and the deleted runs of the others.
func (c *collector) all(ctx context.Context) error {
	experiments, err := client.Collect(client.Experiments(ctx, c.store, core.ExperimentQuery{View: core.AllStages}))
	if err != nil {
		return err
	}
	var failed []error
	for _, e := range experiments {
		if e.Lifecycle == core.Deleted && c.old(e.UpdatedAt) {
			failed = append(failed, c.collectExperiment(ctx, e))
			continue
		}
		within, err := c.within(ctx, e.ID, core.DeletedOnly) // before any goes: a page may depend on it
		if err != nil {
			return errors.Join(append(failed, err)...)
		}
		var removals []removal
		for _, r := range within.runs {
			if c.old(r.DeletedAt) {
				removals = append(removals, c.ofRun(ctx, r))
			}
		}
		for _, m := range within.models {
			if m.Lifecycle == core.Deleted && c.old(m.UpdatedAt) {
				removals = append(removals, c.ofModel(ctx, m))
			}
		}
		failed = append(failed, c.collect(ctx, removals...))
	}
	return errors.Join(failed...)
}

// old reports whether something was deleted long enough ago. Of what nobody knows the time of, it was not.
func (c *collector) old(deleted core.Millis) bool {
	return c.before == 0 || deleted != 0 && deleted < c.before
}

// collectExperiment removes an experiment with the artifacts of all its runs and logged models.
func (c *collector) collectExperiment(ctx context.Context, e core.Experiment) error {
	within, err := c.within(ctx, e.ID, core.AllStages)
	if err != nil {
		return err
	}
	var removals []removal
	for _, r := range within.runs {
		removals = append(removals, c.ofRun(ctx, r))
	}
	var failed []error
	for _, m := range within.models {
		switch {
		case m.Lifecycle == core.Deleted:
			removals = append(removals, c.ofModel(ctx, m))
		case !c.dryRun: // it goes with the experiment
			failed = append(failed, c.removeArtifacts(ctx, m.ArtifactURI))
		}
	}
	if err := errors.Join(append(failed, c.collect(ctx, removals...))...); err != nil {
		return err
	}
	entry := collected{Kind: "experiment", ID: string(e.ID), Name: e.Name, DeletedAt: e.UpdatedAt}
	return c.collect(ctx, removal{entry, func() error { return c.purger.PurgeExperiment(ctx, e.ID) }})
}

func (c *collector) removeArtifacts(ctx context.Context, location string) error {
	uri, err := core.ParseURI(location)
	if err != nil {
		return err
	}
	repo, err := c.resolver.Artifacts(ctx, uri, c.settings)
	if err != nil {
		return err
	}
	return joined(repo.Delete(ctx, "", core.DeleteOptions{All: true}), repo.Close())
}
