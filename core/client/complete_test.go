package client_test

import (
	"context"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/mem"
)

// zoo is a store with runs of many kinds in two experiments.
func zoo(t *testing.T) (*mem.Tracking, []core.ExperimentID) {
	t.Helper()
	s := mem.NewTracking()
	var in []core.ExperimentID
	for e := range 2 {
		exp, err := s.CreateExperiment(t.Context(), core.ExperimentSpec{Name: numbered("e", e)})
		check(t, err)
		in = append(in, exp.ID)
		for i := range 20 {
			run, err := s.CreateRun(t.Context(), exp.ID, core.RunSpec{
				Name: numbered("r", i%7), StartTime: core.Millis(100 + i%5), Tags: map[string]string{"odd": strconv.Itoa(i % 2)},
			})
			check(t, err)
			value := float64(i % 6)
			if i%6 == 5 {
				value = math.NaN()
			}
			batch := core.Batch{Params: []core.Param{{Key: "lr", Value: strconv.Itoa(i % 3)}}}
			if i%4 != 0 {
				batch.Metrics = []core.Metric{{Key: "loss", Value: value}}
			}
			check(t, s.LogBatch(t.Context(), run.ID, batch))
			if i%10 == 9 {
				check(t, client.DeleteRun(t.Context(), s, run.ID))
			}
		}
	}
	return s, in
}

func TestCompleteSearchesLikeANativeStore(t *testing.T) {
	t.Parallel()
	native, in := zoo(t)
	complete, err := client.Complete(t.Context(), &plain{Tracking: native})
	check(t, err)
	queries := []core.RunQuery{
		{Experiments: in},
		{Experiments: in[:1], View: core.AllStages},
		{Experiments: in, View: core.DeletedOnly},
		{Experiments: in, Filter: "metrics.loss < 3"},
		{Experiments: in, Filter: "metrics.loss != 3 AND tags.odd = '1'", OrderBy: []string{"params.lr DESC"}},
		{Experiments: in, Filter: "params.lr != '1'", OrderBy: []string{"metrics.loss ASC", "run_name"}},
		{Experiments: in, Filter: "run_name LIKE 'r00%'", Fields: core.RunInfoOnly, OrderBy: []string{"metrics.loss DESC"}},
		{Experiments: in, Fields: core.RunInfoOnly},
		{},
	}
	found := 0
	for _, q := range queries {
		for _, limit := range []int{0, 1, 7, 100} {
			search := func(s core.Runs) func(core.PageOptions) (core.Page[core.Run], error) {
				return func(o core.PageOptions) (core.Page[core.Run], error) {
					q.PageOptions = o
					return s.SearchRuns(t.Context(), q)
				}
			}
			want, got := walk(t, search(native), limit), walk(t, search(complete), limit)
			if diff := cmp.Diff(want, got, equalNaNs(), emptyIsNil()); diff != "" {
				t.Errorf("%+v by %d (-native +completed):\n%s", q, limit, diff)
			}
			found += len(got)
		}
	}
	if found < 500 {
		t.Errorf("the queries found %d runs: they compare too little", found)
	}
	for _, filter := range []string{"", "name LIKE 'e%'", "name = 'e001'"} {
		q := core.ExperimentQuery{Filter: filter, OrderBy: []string{"name"}, PageOptions: core.PageOptions{Limit: 1}}
		want, err := client.Collect(client.Experiments(t.Context(), native, q))
		check(t, err)
		got, err := client.Collect(client.Experiments(t.Context(), complete, q))
		check(t, err)
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
			t.Errorf("experiments %q (-native +completed):\n%s", filter, diff)
		}
	}
}

func TestCompleteRegistrySearchesLikeANativeStore(t *testing.T) {
	t.Parallel()
	native := mem.NewRegistry()
	for i := range 10 {
		name := numbered("m", i)
		_, err := native.CreateModel(t.Context(), core.ModelSpec{Name: name, Tags: map[string]string{"odd": strconv.Itoa(i % 2)}})
		check(t, err)
		for range i % 4 {
			_, err := native.CreateVersion(t.Context(), name, core.VersionSpec{Source: "s3://b/" + name})
			check(t, err)
		}
	}
	complete, err := client.CompleteRegistry(t.Context(), plainRegistry{native})
	check(t, err)
	for _, filter := range []string{"", "name LIKE 'm%5'", "tags.odd = '1'"} {
		q := core.ModelQuery{Filter: filter, PageOptions: core.PageOptions{Limit: 3}}
		want, err := client.Collect(client.Models(t.Context(), native, q))
		check(t, err)
		got, err := client.Collect(client.Models(t.Context(), complete, q))
		check(t, err)
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
			t.Errorf("models %q (-native +completed):\n%s", filter, diff)
		}
	}
	for _, filter := range []string{"", "name = 'm007'", "version_number > 1"} {
		q := core.VersionQuery{Filter: filter, OrderBy: []string{"name", "version_number"}, PageOptions: core.PageOptions{Limit: 2}}
		want, err := client.Collect(client.Versions(t.Context(), native, q))
		check(t, err)
		got, err := client.Collect(client.Versions(t.Context(), complete, q))
		check(t, err)
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
			t.Errorf("versions %q (-native +completed):\n%s", filter, diff)
		}
	}
	if _, ok := core.As[core.Aliases](complete); !ok {
		t.Error("the aliases of the registry are not passed on")
	}
}

func TestCompletedLoggedModels(t *testing.T) {
	t.Parallel()
	native := mem.NewTracking()
	run := newRun(t, native)
	for i := range 8 {
		_, err := native.CreateLoggedModel(t.Context(), run.ExperimentID, core.LoggedModelSpec{Name: numbered("lm", i%4)})
		check(t, err)
	}
	complete, err := client.Complete(t.Context(), &plain{Tracking: native})
	check(t, err)
	models, ok := core.As[core.LoggedModels](complete)
	if !ok {
		t.Fatal("the logged models of the store are not passed on")
	}
	q := core.LoggedModelQuery{
		Experiments: []core.ExperimentID{run.ExperimentID}, Filter: "name = 'lm002'", PageOptions: core.PageOptions{Limit: 1},
	}
	want, err := client.Collect(client.LoggedModels(t.Context(), native, q))
	check(t, err)
	got, err := client.Collect(client.LoggedModels(t.Context(), models, q))
	check(t, err)
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 2 {
		t.Errorf("%d found (-native +completed):\n%s", len(got), diff)
	}
}

func TestCompleteDeclaresWhatItAdds(t *testing.T) {
	t.Parallel()
	native := mem.NewTracking()
	if s, err := client.Complete(t.Context(), native); err != nil || s != core.TrackingStore(native) {
		t.Errorf("a store that searches was wrapped: %v, %v", s, err)
	}
	complete, err := client.Complete(t.Context(), &plain{Tracking: native})
	check(t, err)
	info, err := complete.Describe(t.Context())
	check(t, err)
	want, err := native.Describe(t.Context())
	check(t, err)
	if diff := cmp.Diff(append(want.Capabilities, "zz.own"), info.Capabilities); diff != "" {
		t.Errorf("-native +completed:\n%s", diff)
	}
	if !slices.IsSorted(info.Capabilities) || !info.Has(core.PagesKeyset) {
		t.Errorf("capabilities %v", info.Capabilities)
	}
	if _, ok := core.As[core.Purger](complete); !ok {
		t.Error("Purger is not passed on")
	}
	if _, ok := core.As[interface{ Close() error }](complete); ok {
		t.Error("the store itself is passed on")
	}
}

func TestCompleteReadsNothingForABadSearch(t *testing.T) {
	t.Parallel()
	inner := &plain{Tracking: mem.NewTracking()}
	complete, err := client.Complete(t.Context(), inner)
	check(t, err)
	for _, q := range []core.RunQuery{
		{Filter: "metrics.loss <"},
		{OrderBy: []string{"nonsense"}},
		{PageOptions: core.PageOptions{Limit: -1}},
		{PageOptions: core.PageOptions{Token: "foreign"}},
	} {
		q.Experiments = []core.ExperimentID{"0"}
		_, err := complete.SearchRuns(t.Context(), q)
		wantIs(t, err, core.ErrInvalid)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = complete.SearchExperiments(ctx, core.ExperimentQuery{})
	wantIs(t, err, context.Canceled)
	if inner.reads != 0 {
		t.Errorf("the store was read %d times", inner.reads)
	}
}

func TestCompleteAsksForNoMoreThanItNeeds(t *testing.T) {
	t.Parallel()
	inner := &plain{Tracking: mem.NewTracking()}
	complete, err := client.Complete(t.Context(), inner)
	check(t, err)
	for _, test := range []struct {
		query core.RunQuery
		whole bool
	}{
		{core.RunQuery{Fields: core.RunInfoOnly}, false},
		{core.RunQuery{Fields: core.RunInfoOnly, Filter: "tags.a = 'b'"}, true},
		{core.RunQuery{Fields: core.RunInfoOnly, OrderBy: []string{"metrics.a"}}, true},
		{core.RunQuery{}, true},
	} {
		_, err := complete.SearchRuns(t.Context(), test.query)
		check(t, err)
		if inner.whole != test.whole {
			t.Errorf("%+v asked for whole runs: %v, want %v", test.query, inner.whole, test.whole)
		}
	}
}
