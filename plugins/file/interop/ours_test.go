package interop_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

// open opens the tracking store in root. Whatever it reports as malformed fails the test.
func open(t testing.TB, root string) *file.Tracking {
	t.Helper()
	s, err := file.NewTracking(root, file.TrackingOptions{Report: func(f file.Finding) { t.Errorf("finding %+v", f) }})
	check(t, err)
	t.Cleanup(func() { check(t, s.Close()) })
	return s
}

// collect reads all the pages of a search.
func collect[T any](t testing.TB, o core.PageOptions, page func(context.Context, core.PageOptions) (core.Page[T], error)) []T {
	t.Helper()
	var all []T
	for item, err := range core.All(t.Context(), page, o) {
		check(t, err)
		all = append(all, item)
	}
	return all
}

func searchRuns(t testing.TB, s core.TrackingStore, q core.RunQuery) []core.Run {
	t.Helper()
	return collect(t, core.PageOptions{}, func(ctx context.Context, o core.PageOptions) (core.Page[core.Run], error) {
		q.PageOptions = o
		return s.SearchRuns(ctx, q)
	})
}

func searchExperiments(t testing.TB, s core.TrackingStore, q core.ExperimentQuery) []core.Experiment {
	t.Helper()
	return collect(t, core.PageOptions{}, func(ctx context.Context, o core.PageOptions) (core.Page[core.Experiment], error) {
		q.PageOptions = o
		return s.SearchExperiments(ctx, q)
	})
}

// showOurs shows the store as we see it, and checks that nothing in it is malformed.
func showOurs(t testing.TB, root string, s searches) shown {
	t.Helper()
	store := open(t, root)
	for finding, err := range store.Check(t.Context()) {
		check(t, err)
		t.Errorf("check found %+v", finding)
	}
	all := shown{Experiments: map[core.ExperimentID]shownExperiment{}}
	var active []core.ExperimentID
	for _, e := range searchExperiments(t, store, core.ExperimentQuery{View: core.AllStages}) {
		runs := map[core.RunID]shownRun{}
		for _, r := range searchRuns(t, store, core.RunQuery{Experiments: []core.ExperimentID{e.ID}, View: core.AllStages}) {
			runs[r.ID] = showRun(t, store, r)
		}
		if e.Lifecycle == core.Active && (e.Name == "searched" || e.Name == "lineage") {
			active = append(active, e.ID)
		}
		all.Experiments[e.ID] = shownExperiment{
			Name: e.Name, Location: e.ArtifactLocation, Lifecycle: e.Lifecycle, Created: e.CreatedAt, Updated: e.UpdatedAt,
			Tags: full(e.Tags), Runs: runs, Models: showModels(t, store, e),
		}
	}
	for _, q := range s.runs {
		found := []core.RunID{}
		for _, r := range searchRuns(t, store, core.RunQuery{
			Experiments: active, Filter: q.Filter, OrderBy: q.Order, View: core.View(q.View - 1),
		}) {
			found = append(found, r.ID)
		}
		all.Searches = append(all.Searches, found)
	}
	for _, q := range s.experiments {
		found := []string{}
		for _, e := range searchExperiments(t, store, core.ExperimentQuery{
			Filter: q.Filter, OrderBy: q.Order, View: core.View(q.View - 1),
		}) {
			found = append(found, e.Name)
		}
		all.Orders = append(all.Orders, found)
	}
	return all
}

func showRun(t testing.TB, store *file.Tracking, r core.Run) shownRun {
	t.Helper()
	s := shownRun{
		Name: r.Name, User: r.User, Status: r.Status.String(), Start: r.StartTime, End: r.EndTime, ArtifactURI: r.ArtifactURI,
		Lifecycle: r.Lifecycle, Latest: map[string]number{}, History: map[string][]shownPoint{}, Params: full(r.Params),
		Tags: full(r.Tags), Datasets: []shownDataset{}, Inputs: slices.Concat([]core.ModelID{}, r.Inputs.Models),
		Outputs: []shownOutput{}, Artifacts: showArtifacts(t, r.ArtifactURI),
	}
	for key, latest := range r.Metrics {
		s.Latest[key] = numberOf(latest.Value)
		points := collect(t, core.PageOptions{}, func(ctx context.Context, o core.PageOptions) (core.Page[core.Metric], error) {
			return store.MetricHistory(ctx, r.ID, key, core.HistoryOptions{PageOptions: o})
		})
		for _, p := range points {
			s.History[key] = append(s.History[key], shownPoint{numberOf(p.Value), p.Step, p.Timestamp})
		}
	}
	for _, in := range r.Inputs.Datasets {
		d := in.Dataset
		s.Datasets = append(s.Datasets, shownDataset{d.Name, d.Digest, d.SourceType, d.Source, d.Schema, d.Profile, full(in.Tags)})
	}
	for _, out := range r.Outputs {
		s.Outputs = append(s.Outputs, shownOutput{out.ModelID, out.Step})
	}
	return s.sorted()
}

func showModels(t testing.TB, store *file.Tracking, e core.Experiment) map[core.ModelID]shownModel {
	t.Helper()
	all := map[core.ModelID]shownModel{}
	if e.Lifecycle != core.Active {
		return all
	}
	found := collect(t, core.PageOptions{}, func(ctx context.Context, o core.PageOptions) (core.Page[core.LoggedModel], error) {
		return store.SearchLoggedModels(ctx, core.LoggedModelQuery{Experiments: []core.ExperimentID{e.ID}, PageOptions: o})
	})
	statuses := map[core.ModelStatus]string{core.ModelPending: "PENDING", core.ModelReady: "READY", core.ModelFailed: "FAILED"}
	for _, m := range found {
		s := shownModel{
			Name: m.Name, Type: m.Type, Run: m.SourceRunID, ArtifactURI: m.ArtifactURI, Status: statuses[m.Status],
			Message: m.StatusMessage, Created: m.CreatedAt, Updated: m.UpdatedAt, Params: full(m.Params), Tags: full(m.Tags),
			Metrics: []shownMetric{},
		}
		for _, x := range m.Metrics {
			s.Metrics = append(s.Metrics, shownMetric{
				x.Key, numberOf(x.Value), x.Step, x.Timestamp, x.RunID, x.DatasetName, x.DatasetDigest,
			})
		}
		slices.SortFunc(s.Metrics, compareShown)
		all[m.ID] = s
	}
	return all
}

func showArtifacts(t testing.TB, location string) map[string]shownArtifact {
	t.Helper()
	repository, err := file.NewArtifacts(location, file.ArtifactsOptions{})
	check(t, err)
	defer func() { check(t, repository.Close()) }()
	all := map[string]shownArtifact{}
	for _, a := range collect(t, core.PageOptions{}, func(ctx context.Context, o core.PageOptions) (core.Page[core.Artifact], error) {
		return repository.List(ctx, "", core.ListOptions{Recursive: true, PageOptions: o})
	}) {
		r, err := repository.Open(t.Context(), a.Path, core.ReadOptions{})
		check(t, err)
		digest := sha256.New()
		_, err = io.Copy(digest, r)
		check(t, err)
		check(t, r.Close())
		all[a.Path] = shownArtifact{a.Size, hex.EncodeToString(digest.Sum(nil))}
	}
	return all
}

// full makes no map an empty one.
func full[V any](m map[string]V) map[string]V {
	whole := map[string]V{}
	maps.Copy(whole, m)
	return whole
}
