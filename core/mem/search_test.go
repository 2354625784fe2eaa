package mem_test

import (
	"context"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func TestSearchRuns(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), mem.NewTracking()
	e := got(s.CreateExperiment(ctx, core.ExperimentSpec{Name: "e"}))(t)
	var ids []core.RunID
	for i := range 6 {
		in := []core.ExperimentID{"0", e.ID}[i%2]
		r := got(s.CreateRun(ctx, in, core.RunSpec{StartTime: core.Millis(10 - i), Tags: map[string]string{"n": strconv.Itoa(i)}}))(t)
		logMetrics(t, s, r.ID, core.Metric{Key: "m", Value: float64(i)}, core.Metric{Key: "m", Value: -1, Timestamp: core.Millis(i % 2)})
		ids = append(ids, r.ID)
	}
	got(s.UpdateRun(ctx, ids[4], core.RunChange{Lifecycle: core.Deleted}))(t)
	both := []core.ExperimentID{e.ID, "0", "404", "0"}
	for name, c := range map[string]struct {
		q    core.RunQuery
		want []int
	}{
		"none":      {core.RunQuery{}, nil},
		"one":       {core.RunQuery{Experiments: both[:1]}, []int{1, 3, 5}},
		"both":      {core.RunQuery{Experiments: both}, []int{0, 1, 2, 3, 5}},
		"deleted":   {core.RunQuery{Experiments: both, View: core.DeletedOnly}, []int{4}},
		"all":       {core.RunQuery{Experiments: both, View: core.AllStages}, []int{0, 1, 2, 3, 4, 5}},
		"filter":    {core.RunQuery{Experiments: both, Filter: "metrics.m >= 0 and tags.n != '2'"}, []int{0}},
		"order":     {core.RunQuery{Experiments: both, OrderBy: []string{"metrics.m DESC", "tags.n DESC"}}, []int{2, 0, 5, 3, 1}},
		"info only": {core.RunQuery{Experiments: both[:1], Fields: core.RunInfoOnly}, []int{1, 3, 5}},
	} {
		for limit := range 4 {
			var list []int
			fetch := func(ctx context.Context, o core.PageOptions) (core.Page[core.Run], error) {
				c.q.PageOptions = o
				return s.SearchRuns(ctx, c.q)
			}
			for r, err := range core.All(ctx, fetch, core.PageOptions{Limit: limit}) {
				ok(t, err)
				if want := got(s.Run(ctx, r.ID))(t); c.q.Fields == core.WholeRun {
					same(t, r, want)
				} else {
					same(t, r, core.Run{RunInfo: want.RunInfo})
				}
				list = append(list, slices.Index(ids, r.ID))
			}
			if !slices.Equal(list, c.want) {
				t.Errorf("%s, limit %d: got the runs %v, want %v", name, limit, list, c.want)
			}
		}
	}
	refused(t, drop(s.SearchRuns(ctx, core.RunQuery{Filter: "metrics.m ! 1"})), core.ErrInvalid, "!")
	refused(t, drop(s.SearchRuns(ctx, core.RunQuery{OrderBy: []string{"nothing.x"}})), core.ErrInvalid, "nothing")
}

func TestSearchesOfOtherEntities(t *testing.T) {
	t.Parallel()
	ctx, s, r := t.Context(), mem.NewTracking(), registryWith(t, 3)
	got(s.CreateExperiment(ctx, core.ExperimentSpec{Name: "e"}))(t)
	m := got(s.CreateLoggedModel(ctx, "0", core.LoggedModelSpec{Name: "m"}))(t)
	gone := got(s.CreateLoggedModel(ctx, "0", core.LoggedModelSpec{Name: "m"}))(t)
	ok(t, s.DeleteLoggedModel(ctx, gone.ID))
	ok(t, r.SetAlias(ctx, ref(2), "a"))
	ok(t, r.DeleteVersion(ctx, ref(1)))
	got(r.CreateModel(ctx, core.ModelSpec{Name: "n"}))(t)

	experiments := got(s.SearchExperiments(ctx, core.ExperimentQuery{Filter: "name = 'e'"}))(t)
	same(t, experiments.Items, []core.Experiment{got(s.Experiment(ctx, core.ExperimentRef{Name: "e"}))(t)})
	models := got(s.SearchLoggedModels(ctx, core.LoggedModelQuery{Experiments: []core.ExperimentID{"0"}, Filter: "name = 'm'"}))(t)
	same(t, models.Items, []core.LoggedModel{m})
	registered := got(r.SearchModels(ctx, core.ModelQuery{}))(t)
	same(t, registered.Items, []core.Model{got(r.Model(ctx, "m"))(t), got(r.Model(ctx, "n"))(t)})
	versions := got(r.SearchVersions(ctx, core.VersionQuery{Filter: "name = 'm'", OrderBy: []string{"version_number ASC"}}))(t)
	same(t, versions.Items, []core.Version{got(r.Version(ctx, ref(2)))(t), got(r.Version(ctx, ref(3)))(t)})

	registered.Items[0].Tags["k"], registered.Items[0].Latest[0].Source = "spoiled", "spoiled"
	registered.Items[0].Aliases["a"] = 9
	registered.Items[0].Latest[0].Tags["k"] = "spoiled"
	versions.Items[0].Aliases[0] = "spoiled"
	versions.Items[0].Tags["k"] = "spoiled"
	if v := got(r.Version(ctx, ref(3)))(t); len(v.Tags) != 0 {
		t.Errorf("a result shares memory with the store: %+v", v)
	}
	if m := got(r.Model(ctx, "m"))(t); m.Tags["k"] != "v" || m.Aliases["a"] != 2 || m.Latest[0].Source != "s3://b/k" {
		t.Errorf("a result shares memory with the store: %+v", m)
	}
	if v := got(r.VersionByAlias(ctx, "m", "a"))(t); v.Aliases[0] != "a" || len(v.Tags) != 0 {
		t.Errorf("a result shares memory with the store: %+v", v)
	}
}

// endsLater is a context that ends when it was asked often enough.
type endsLater struct {
	context.Context
	asked atomic.Int64
}

func (c *endsLater) Err() error {
	if c.asked.Add(1) > 2 {
		return context.Canceled
	}
	return nil
}

func TestSearchStopsWithItsContext(t *testing.T) {
	t.Parallel()
	s := mem.NewTracking()
	for range 2000 {
		newRun(t, s)
	}
	ctx := &endsLater{Context: t.Context()}
	_, err := s.SearchRuns(ctx, core.RunQuery{Experiments: []core.ExperimentID{"0"}})
	refused(t, err, context.Canceled, "")
	if asked := ctx.asked.Load(); asked != 3 {
		t.Errorf("the search looked %d times after its context had ended", asked-3)
	}
}
