package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/registry"
)

// probeResult is how a store took a write, a read and a deletion.
type probeResult struct {
	Kind  registry.Kind `json:"kind"`
	OK    bool          `json:"ok"`
	Error string        `json:"error,omitempty"`

	err error
}

// probe writes to each store, reads back what it wrote, and deletes it.
func (a *app) probe(ctx context.Context) []probeResult {
	name := "mlstore-doctor-" + strings.ToLower(rand.Text())
	var artifacts error = core.Errorf(core.Unavailable, "there is no run to keep an artifact in")
	tracking := a.withTracking(ctx, func(store core.TrackingStore) error {
		e, err := store.CreateExperiment(ctx, core.ExperimentSpec{Name: name})
		if err != nil {
			return err
		}
		run, err := probeRun(ctx, store, e.ID)
		if err == nil {
			artifacts = a.probeArtifacts(ctx, run.ArtifactURI)
		}
		return joined(err, removeProbe(ctx, store, e.ID, run.ID))
	})
	models := a.withRegistry(ctx, func(store core.RegistryStore) error {
		if _, err := store.CreateModel(ctx, core.ModelSpec{Name: name}); err != nil {
			return err
		}
		_, err := store.Model(ctx, name)
		return joined(err, store.DeleteModel(ctx, name))
	})
	var all []probeResult
	for _, p := range []probeResult{
		{Kind: registry.Tracking, err: tracking}, {Kind: registry.Artifacts, err: artifacts}, {Kind: registry.Registry, err: models},
	} {
		if p.OK = p.err == nil; !p.OK {
			p.Error = p.err.Error()
		}
		all = append(all, p)
	}
	return all
}

func probeRun(ctx context.Context, store core.TrackingStore, in core.ExperimentID) (core.Run, error) {
	run, err := store.CreateRun(ctx, in, core.RunSpec{StartTime: core.Now()})
	if err != nil {
		return run, err
	}
	if err := client.LogMetric(ctx, store, run.ID, core.Metric{Key: "probe", Value: 1, Timestamp: core.Now()}); err != nil {
		return run, err
	}
	read, err := store.Run(ctx, run.ID)
	if err == nil && read.Metrics["probe"].Value != 1 {
		err = core.Errorf(core.DataLoss, "the metric of run %s is %v after it was logged as 1", run.ID, read.Metrics["probe"].Value)
	}
	return run, err
}

// removeProbe deletes the run and the experiment, for good where the store can.
func removeProbe(ctx context.Context, store core.TrackingStore, e core.ExperimentID, run core.RunID) error {
	var errs []error
	if run != "" {
		errs = append(errs, client.DeleteRun(ctx, store, run))
	}
	errs = append(errs, store.UpdateExperiment(ctx, e, core.ExperimentChange{Lifecycle: core.Deleted}))
	if purger, ok := core.As[core.Purger](store); ok {
		if run != "" {
			errs = append(errs, purger.PurgeRun(ctx, run))
		}
		errs = append(errs, purger.PurgeExperiment(ctx, e))
	}
	return errors.Join(errs...)
}

func (a *app) probeArtifacts(ctx context.Context, root string) error {
	resolver, settings, err := a.stores()
	if err != nil {
		return err
	}
	uri, err := core.ParseURI(root)
	if err != nil {
		return err
	}
	repo, err := resolver.Artifacts(ctx, uri, settings)
	if err != nil {
		return err
	}
	return joined(probeFile(ctx, repo), repo.Close())
}

func probeFile(ctx context.Context, repo core.ArtifactRepository) error {
	const name, content = "probe.txt", "written by mlstore doctor\n"
	if _, err := repo.Put(ctx, name, strings.NewReader(content), core.PutOptions{}); err != nil {
		return err
	}
	r, err := repo.Open(ctx, name, core.ReadOptions{})
	if err != nil {
		return err
	}
	read, err := io.ReadAll(r)
	if err = joined(err, r.Close()); err == nil && string(read) != content {
		err = core.Errorf(core.DataLoss, "%s came back as other bytes than were written", name)
	}
	return joined(err, repo.Delete(ctx, name, core.DeleteOptions{}))
}

// showDiagnosis prints what doctor found, for people or as JSON. As lines or CSV it prints the findings alone.
func (a *app) showDiagnosis(d diagnosis) error {
	switch a.output {
	case "json":
		return writeObject(a.stdout, d)
	case "jsonl", "csv":
		return findingListing().show(a, func(yield func(finding, error) bool) {
			for _, f := range d.Findings {
				if !yield(f, nil) {
					return
				}
			}
		})
	}
	out := bufio.NewWriter(a.stdout)
	rows := [][]string{
		{"mlstore", d.Build.Version},
		{"commit", d.Build.Commit},
		{"contract", d.Build.Contract},
		{"go", d.Build.Go},
		{"platform", d.Build.Platform},
	}
	for _, name := range slices.Sorted(maps.Keys(d.Environment)) {
		rows = append(rows, []string{name, d.Environment[name]})
	}
	for _, s := range d.Stores {
		health := fmt.Sprintf("%s: %s, answered in %.1f ms", s.URI, s.Store, s.Milliseconds)
		if s.err != nil {
			health = s.URI + ": " + s.Error
		}
		rows = append(rows, []string{string(s.Kind), health})
	}
	for _, p := range d.Probes {
		health := "wrote, read and deleted"
		if !p.OK {
			health = p.Error
		}
		rows = append(rows, []string{"probe of " + string(p.Kind), health})
	}
	align(out, rows, false)
	for i, f := range d.Findings {
		if i == 0 {
			_, _ = fmt.Fprintf(out, "\nFindings: %d\n", len(d.Findings))
		}
		_, _ = fmt.Fprintf(out, "  %s (%s): %s\n    fix: %s\n",
			visible(f.Path, false), f.What, visible(f.Problem, false), visible(f.Fix, false))
	}
	return out.Flush()
}

func findingListing() listing[finding] {
	return listing[finding]{
		columns: []column[finding]{
			{"store", func(f finding) string { return string(f.Kind) }},
			{"path", func(f finding) string { return f.Path }},
			{"kind", func(f finding) string { return f.What }},
			{"problem", func(f finding) string { return f.Problem }},
			{"fix", func(f finding) string { return f.Fix }},
		},
		object: func(f finding) any { return f },
	}
}
