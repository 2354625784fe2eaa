package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

const (
	completionTime = 2 * time.Second
	completionMost = 200
)

// offer collects completions from one page of a store.
func offer(
	find func(context.Context) ([]cobra.Completion, error), cmd *cobra.Command,
) ([]cobra.Completion, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	found, err := find(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

func (a *app) completeExperiments(
	cmd *cobra.Command, name func(core.Experiment) cobra.Completion,
) ([]cobra.Completion, cobra.ShellCompDirective) {
	return offer(func(ctx context.Context) (all []cobra.Completion, err error) {
		err = a.quietly().withTracking(ctx, func(store core.TrackingStore) error {
			for e, err := range first(client.Experiments(ctx, store, core.ExperimentQuery{}), completionMost) {
				if err != nil {
					return err
				}
				all = append(all, name(e))
			}
			return nil
		})
		return all, err
	}, cmd)
}

func (a *app) completeExperimentIDs(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return a.completeExperiments(cmd, func(e core.Experiment) cobra.Completion {
		return cobra.CompletionWithDesc(string(e.ID), visible(e.Name, false))
	})
}

func (a *app) completeExperimentNames(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return a.completeExperiments(cmd, func(e core.Experiment) cobra.Completion { return visible(e.Name, false) })
}

func (a *app) completeRunIDs(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return offer(func(ctx context.Context) (all []cobra.Completion, err error) {
		err = a.quietly().withTracking(ctx, func(store core.TrackingStore) error {
			query := core.RunQuery{View: core.AllStages, Fields: core.RunInfoOnly}
			if query.Experiments, err = a.experimentsOf(ctx, store, runFlags{all: true}); err != nil {
				return err
			}
			for run, err := range first(client.Runs(ctx, store, query), completionMost) {
				if err != nil {
					return err
				}
				all = append(all, cobra.CompletionWithDesc(string(run.ID), visible(run.Name+" "+run.Status.String(), false)))
			}
			return nil
		})
		return all, err
	}, cmd)
}

func (a *app) completeModelNames(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return offer(func(ctx context.Context) (all []cobra.Completion, err error) {
		err = a.quietly().withRegistry(ctx, func(store core.RegistryStore) error {
			for m, err := range first(client.Models(ctx, store, core.ModelQuery{}), completionMost) {
				if err != nil {
					return err
				}
				all = append(all, visible(m.Name, false))
			}
			return nil
		})
		return all, err
	}, cmd)
}

// quietly is the app without a word on standard error.
func (a *app) quietly() *app {
	quiet := *a
	quiet.stderr = io.Discard
	return &quiet
}
