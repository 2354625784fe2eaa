package mlflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
)

// paged is a tracking store that notes the length of each page asked for.
type paged struct {
	core.TrackingStore
	limits []int
	fields []core.RunFields
}

func (s *paged) SearchRuns(ctx context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	s.limits, s.fields = append(s.limits, q.Limit), append(s.fields, q.Fields)
	return s.TrackingStore.SearchRuns(ctx, q)
}

func TestSearchAsksForNoMoreThanItNeeds(t *testing.T) {
	t.Parallel()
	store := &paged{}
	c := clientOf(t, inMemory(t, func(b core.Backend) core.Backend {
		store.TrackingStore = b.Tracking
		b.Tracking = store
		return b
	}), nil)
	for range 10_001 {
		_, err := c.Tracking().CreateRun(t.Context(), "0", core.RunSpec{})
		must(t, err)
	}
	for _, test := range []struct {
		most, found int
		limits      []int
	}{
		{0, 10_001, []int{10_000, 10_000}},
		{10_000, 10_000, []int{10_000}},
		{10_001, 10_001, []int{10_000, 1}},
		{7, 7, []int{7}},
	} {
		store.limits = nil
		runs, err := c.SearchRuns(t.Context(), RunSearch{MaxResults: test.most})
		if err != nil || len(runs) != test.found {
			t.Errorf("at most %d: %d runs, %v", test.most, len(runs), err)
		}
		if diff := cmp.Diff(test.limits, store.limits); diff != "" {
			t.Errorf("at most %d, pages (-want +got):\n%s", test.most, diff)
		}
	}
	store.limits, store.fields = nil, nil
	infos, err := c.ListRunInfos(t.Context(), "0", RunSearch{})
	if err != nil || len(infos) != 1000 || !slices.Equal(store.fields, []core.RunFields{core.RunInfoOnly}) {
		t.Errorf("%d infos in %v, %v", len(infos), store.fields, err)
	}
	for _, err := range []error{
		second(c.SearchRuns(t.Context(), RunSearch{MaxResults: -1})), second(c.ListRunInfos(t.Context(), "0", RunSearch{MaxResults: -1})),
		second(c.SearchExperiments(t.Context(), core.ExperimentQuery{PageOptions: core.PageOptions{Limit: -1}})),
	} {
		if !errors.Is(err, core.ErrInvalid) {
			t.Errorf("a negative number of results: %v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestSearchedExperiments(t *testing.T) {
	t.Parallel()
	r := inMemory(t, nil)
	c := clientOf(t, r, nil)
	var ids []core.ExperimentID
	for i := range 3 {
		id, err := c.CreateExperiment(t.Context(), core.ExperimentSpec{Name: fmt.Sprint("e", i)})
		must(t, err)
		ids = append(ids, id)
		start(t, c, RunOptions{ExperimentID: id, Name: fmt.Sprint("r", i)})
	}
	start(t, c, RunOptions{Name: "default"})
	must(t, c.DeleteExperiment(t.Context(), ids[2]))
	for _, test := range []struct {
		name   string
		search RunSearch
		active core.ExperimentID
		want   []string // nil is an error
	}{
		{"nothing", RunSearch{}, "", []string{"default"}},
		{"nothing, with an active one", RunSearch{}, ids[0], []string{"r0"}},
		{"ids", RunSearch{ExperimentIDs: ids[:2]}, "", []string{"r0", "r1"}},
		{"unknown ids", RunSearch{ExperimentIDs: []core.ExperimentID{"4711"}}, "", []string{}},
		{"names", RunSearch{ExperimentNames: []string{"e1", "none"}}, "", []string{"r1"}},
		{"unknown names", RunSearch{ExperimentNames: []string{"none"}}, ids[0], []string{}},
		{"all", RunSearch{AllExperiments: true}, ids[0], []string{"default", "r0", "r1"}},
		{"ids before all", RunSearch{AllExperiments: true, ExperimentIDs: ids[:1]}, "", []string{"r0"}},
		{"a filter", RunSearch{AllExperiments: true, Filter: "attributes.run_name = 'r1'"}, "", []string{"r1"}},
		{"deleted ones", RunSearch{ExperimentIDs: ids, View: core.DeletedOnly}, "", []string{"r2"}},
		{"both", RunSearch{ExperimentIDs: ids, ExperimentNames: []string{"e0"}}, "", nil},
		{"a bad filter", RunSearch{Filter: "nonsense"}, "", nil},
	} {
		runs, err := c.searchRuns(t.Context(), test.search, test.active)
		names := []string{}
		for _, run := range runs {
			names = append(names, run.Name)
		}
		slices.Sort(names)
		switch {
		case test.want == nil && !errors.Is(err, core.ErrInvalid):
			t.Errorf("%s: %v", test.name, err)
		case test.want != nil && (err != nil || !slices.Equal(names, test.want)):
			t.Errorf("%s: %v, %v", test.name, names, err)
		}
	}
	if found, err := c.SearchExperiments(t.Context(), core.ExperimentQuery{View: core.AllStages}); err != nil || len(found) != 4 {
		t.Errorf("all experiments: %v, %v", found, err)
	}
	q := core.ExperimentQuery{OrderBy: []string{"name ASC"}, PageOptions: core.PageOptions{Limit: 2}}
	if found, err := c.SearchExperiments(t.Context(), q); err != nil || len(found) != 2 || found[1].Name != "e0" {
		t.Errorf("the first two: %v, %v", found, err)
	}
	if runs, err := clientOf(t, r, map[string]string{"MLFLOW_EXPERIMENT_NAME": "e1"}).SearchRuns(t.Context(), RunSearch{}); err != nil ||
		len(runs) != 1 || runs[0].Name != "r1" {
		t.Errorf("the experiment of the environment: %v, %v", runs, err)
	}
}

func TestRunsAndExperimentsComeAndGo(t *testing.T) {
	t.Parallel()
	c, ctx := newClient(t, nil), t.Context()
	id, err := c.CreateExperiment(ctx, core.ExperimentSpec{Name: "e", Tags: map[string]string{"a": "1"}})
	must(t, err)
	must(t, c.SetExperimentTags(ctx, id, map[string]any{"b": true}))
	must(t, c.DeleteExperimentTag(ctx, id, "a"))
	must(t, c.SetExperimentTags(ctx, id, nil))
	experiment, err := c.GetExperimentByName(ctx, "e")
	if err != nil || experiment.ID != id || len(experiment.Tags) != 1 || experiment.Tags["b"] != "True" {
		t.Errorf("%+v, %v", experiment, err)
	}
	run := start(t, c, RunOptions{ExperimentID: id})
	must(t, c.DeleteRun(ctx, run.ID()))
	if got := stored(t, c, run.ID()); got.Lifecycle != core.Deleted {
		t.Errorf("the run is %v", got.Lifecycle)
	}
	must(t, c.RestoreRun(ctx, run.ID()))
	must(t, c.DeleteExperiment(ctx, id))
	if err := run.LogMetric(ctx, "m", 1, 0); !errors.Is(err, core.ErrState) {
		t.Errorf("log to the run of a deleted experiment: %v", err)
	}
	must(t, c.RestoreExperiment(ctx, id))
	must(t, run.LogMetric(ctx, "m", 1, 0))
	if _, err := c.GetExperimentByName(ctx, "none"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("an unknown name: %v", err)
	}
	if _, err := c.GetRun(ctx, "0123456789abcdef0123456789abcdef"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("an unknown run: %v", err)
	}
}
