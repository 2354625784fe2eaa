package interop_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/mlstore/mlstore/core"
)

// show shows the database as our stores see it.
func (s stores) show(t *testing.T, q searches) shown {
	t.Helper()
	all := shown{Experiments: map[core.ExperimentID]shownExperiment{}, Models: s.models(t)}
	for e, err := range core.All(t.Context(), func(ctx context.Context, o core.PageOptions) (core.Page[core.Experiment], error) {
		return s.SearchExperiments(ctx, core.ExperimentQuery{View: core.AllStages, PageOptions: o})
	}, core.PageOptions{Limit: 7}) {
		check(t, err)
		all.Experiments[e.ID] = s.experiment(t, e)
	}
	var active []core.ExperimentID
	for id, e := range all.Experiments {
		if e.Lifecycle == core.Active {
			active = append(active, id)
		}
	}
	for _, each := range q.runs {
		var found []core.RunID
		page, err := s.SearchRuns(t.Context(), core.RunQuery{
			Experiments: active, Filter: each.Filter, OrderBy: each.Order, View: core.View(each.View - 1),
		})
		check(t, err)
		for _, r := range page.Items {
			found = append(found, r.ID)
		}
		all.RunsFound = append(all.RunsFound, found)
	}
	for _, each := range q.experiments {
		var found []string
		page, err := s.SearchExperiments(t.Context(), core.ExperimentQuery{
			Filter: each.Filter, OrderBy: each.Order, View: core.View(each.View - 1),
		})
		check(t, err)
		for _, e := range page.Items {
			found = append(found, e.Name)
		}
		all.ExperimentsFound = append(all.ExperimentsFound, found)
	}
	for _, each := range q.versions {
		var found []string
		page, err := s.registry.SearchVersions(t.Context(), core.VersionQuery{Filter: each.Filter, OrderBy: each.Order})
		check(t, err)
		for _, v := range page.Items {
			found = append(found, v.Model+"/"+strconv.Itoa(v.Number))
		}
		all.VersionsFound = append(all.VersionsFound, found)
	}
	return all
}

func (s stores) experiment(t *testing.T, e core.Experiment) shownExperiment {
	t.Helper()
	seen := shownExperiment{
		Name: e.Name, Location: e.ArtifactLocation, Lifecycle: e.Lifecycle, Created: e.CreatedAt, Updated: e.UpdatedAt, Tags: e.Tags,
		Runs: map[core.RunID]shownRun{}, Models: map[core.ModelID]shownLogged{},
	}
	for r, err := range core.All(t.Context(), func(ctx context.Context, o core.PageOptions) (core.Page[core.Run], error) {
		return s.SearchRuns(ctx, core.RunQuery{Experiments: []core.ExperimentID{e.ID}, View: core.AllStages, PageOptions: o})
	}, core.PageOptions{Limit: 3}) {
		check(t, err)
		seen.Runs[r.ID] = s.run(t, r).sorted()
	}
	if e.Lifecycle == core.Deleted {
		return seen
	}
	logged, _ := core.As[core.LoggedModels](s.TrackingStore)
	page, err := logged.SearchLoggedModels(t.Context(), core.LoggedModelQuery{Experiments: []core.ExperimentID{e.ID}})
	check(t, err)
	for _, m := range page.Items {
		l := shownLogged{
			Name: m.Name, Type: m.Type, Run: m.SourceRunID, ArtifactURI: m.ArtifactURI, Created: m.CreatedAt, Updated: m.UpdatedAt,
			Status: map[core.ModelStatus]string{
				core.ModelPending: "PENDING", core.ModelReady: "READY", core.ModelFailed: "FAILED",
			}[m.Status],
			Params: m.Params, Tags: m.Tags,
		}
		for _, x := range m.Metrics {
			l.Metrics = append(l.Metrics, shownMetric{x.Key, numberOf(x.Value), x.Step, x.Timestamp, x.RunID})
		}
		seen.Models[m.ID] = l.sorted()
	}
	return seen
}

func (s stores) run(t *testing.T, r core.Run) shownRun {
	t.Helper()
	seen := shownRun{
		Name: r.Name, User: r.User, Status: r.Status.String(), Start: r.StartTime, End: r.EndTime, ArtifactURI: r.ArtifactURI,
		Lifecycle: r.Lifecycle, Latest: map[string]number{}, History: map[string][]shownPoint{}, Params: r.Params, Tags: r.Tags,
		Inputs: r.Inputs.Models,
	}
	for key, m := range r.Metrics {
		seen.Latest[key] = numberOf(m.Value)
		for point, err := range core.All(t.Context(), func(ctx context.Context, o core.PageOptions) (core.Page[core.Metric], error) {
			return s.MetricHistory(ctx, r.ID, key, core.HistoryOptions{PageOptions: o})
		}, core.PageOptions{Limit: 500}) {
			check(t, err)
			seen.History[key] = append(seen.History[key], shownPoint{numberOf(point.Value), point.Step, point.Timestamp})
		}
	}
	for _, d := range r.Inputs.Datasets {
		seen.Datasets = append(seen.Datasets, shownDataset{
			d.Dataset.Name, d.Dataset.Digest, d.Dataset.SourceType, d.Dataset.Source, d.Dataset.Schema, d.Dataset.Profile, d.Tags,
		})
	}
	for _, o := range r.Outputs {
		seen.Outputs = append(seen.Outputs, shownOutput{o.ModelID, o.Step})
	}
	return seen
}

func (s stores) models(t *testing.T) map[string]shownModel {
	t.Helper()
	all := map[string]shownModel{}
	page, err := s.registry.SearchModels(t.Context(), core.ModelQuery{PageOptions: core.PageOptions{Limit: 1000}})
	check(t, err)
	for _, m := range page.Items {
		seen := shownModel{
			Description: m.Description, Tags: m.Tags, Created: m.CreatedAt, Updated: m.UpdatedAt, Aliases: m.Aliases,
			Latest: map[core.Stage]int{}, Versions: map[string]shownVersion{},
		}
		for _, v := range m.Latest {
			seen.Latest[v.Stage] = v.Number
		}
		for v, err := range core.All(t.Context(), func(ctx context.Context, o core.PageOptions) (core.Page[core.Version], error) {
			return s.registry.SearchVersions(ctx, core.VersionQuery{Filter: "name = '" + m.Name + "'", PageOptions: o})
		}, core.PageOptions{Limit: 2}) {
			check(t, err)
			seen.Versions[strconv.Itoa(v.Number)] = shownVersion{
				Source: v.Source, Stage: v.Stage, Description: v.Description, Run: v.RunID, Link: v.RunLink, Tags: v.Tags,
				Aliases: v.Aliases, Status: "READY", Created: v.CreatedAt, Updated: v.UpdatedAt, User: v.User,
			}
		}
		all[m.Name] = seen
	}
	return all
}
