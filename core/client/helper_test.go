package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/core/mem"
)

// newRun makes a run in a new experiment.
func newRun(t testing.TB, s core.TrackingStore) core.Run {
	t.Helper()
	in, err := s.CreateExperiment(t.Context(), core.ExperimentSpec{Name: "exp " + string(core.NewRunID())})
	check(t, err)
	run, err := s.CreateRun(t.Context(), in.ID, core.RunSpec{StartTime: 1})
	check(t, err)
	return run
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantIs(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("got error %v, want one that is %v", err, target)
	}
}

// put stores text as an artifact.
func put(t testing.TB, r core.ArtifactRepository, path, text string) {
	t.Helper()
	_, err := r.Put(t.Context(), path, strings.NewReader(text), core.PutOptions{})
	check(t, err)
}

// plain is a tracking store that cannot search: it refuses filters and orders, and answers in a useless order.
type plain struct {
	*mem.Tracking
	whole bool // whole runs were asked for
	reads int
}

func (p *plain) Ability(target any) bool {
	slot, ok := target.(*core.LoggedModels)
	if !ok {
		return client.PassAbility(target, p.Tracking)
	}
	*slot = plainModels{p.Tracking}
	return true
}

func (p *plain) Describe(ctx context.Context) (core.Info, error) {
	info, err := withoutSearch(p.Tracking.Describe(ctx))
	info.Capabilities = append(info.Capabilities, "zz.own")
	return info, err
}

func withoutSearch(info core.Info, err error) (core.Info, error) {
	info.Capabilities = slices.DeleteFunc(info.Capabilities, func(c core.Capability) bool { return c == core.SearchNative })
	return info, err
}

func refuse(filter string, order int) error {
	if filter == "" && order == 0 {
		return nil
	}
	return core.Errorf(core.Unimplemented, "no search for %q", filter)
}

func (p *plain) SearchExperiments(ctx context.Context, q core.ExperimentQuery) (core.Page[core.Experiment], error) {
	p.reads++
	if err := refuse(q.Filter, len(q.OrderBy)); err != nil {
		return core.Page[core.Experiment]{}, err
	}
	q.OrderBy, q.Limit = []string{"name DESC"}, 3
	return p.Tracking.SearchExperiments(ctx, q)
}

func (p *plain) SearchRuns(ctx context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	p.reads++
	if err := refuse(q.Filter, len(q.OrderBy)); err != nil {
		return core.Page[core.Run]{}, err
	}
	p.whole = q.Fields == core.WholeRun
	q.OrderBy, q.Limit = []string{"run_id DESC"}, 3
	return p.Tracking.SearchRuns(ctx, q)
}

type plainModels struct{ *mem.Tracking }

func (p plainModels) SearchLoggedModels(ctx context.Context, q core.LoggedModelQuery) (core.Page[core.LoggedModel], error) {
	if err := refuse(q.Filter, len(q.OrderBy)+len(q.Datasets)); err != nil {
		return core.Page[core.LoggedModel]{}, err
	}
	q.OrderBy, q.Limit = []core.LoggedModelOrder{{Field: "name"}}, 3
	return p.Tracking.SearchLoggedModels(ctx, q)
}

// plainRegistry is a registry that cannot search.
type plainRegistry struct{ *mem.Registry }

func (p plainRegistry) Describe(ctx context.Context) (core.Info, error) {
	return withoutSearch(p.Registry.Describe(ctx))
}

func (p plainRegistry) SearchModels(ctx context.Context, q core.ModelQuery) (core.Page[core.Model], error) {
	if err := refuse(q.Filter, len(q.OrderBy)); err != nil {
		return core.Page[core.Model]{}, err
	}
	q.OrderBy, q.Limit = []string{"name DESC"}, 3
	return p.Registry.SearchModels(ctx, q)
}

func (p plainRegistry) SearchVersions(ctx context.Context, q core.VersionQuery) (core.Page[core.Version], error) {
	if err := refuse(q.Filter, len(q.OrderBy)); err != nil {
		return core.Page[core.Version]{}, err
	}
	q.OrderBy, q.Limit = []string{"version_number DESC"}, 3
	return p.Registry.SearchVersions(ctx, q)
}

// walk reads every page of a search at the page length of o.
func walk[T any](t testing.TB, search func(core.PageOptions) (core.Page[T], error), limit int) []T {
	t.Helper()
	all := core.All(t.Context(), func(_ context.Context, o core.PageOptions) (core.Page[T], error) { return search(o) },
		core.PageOptions{Limit: limit})
	items, err := client.Collect(all)
	check(t, err)
	return items
}

func numbered(prefix string, n int) string { return fmt.Sprintf("%s%03d", prefix, n) }

func equalNaNs() cmp.Option { return cmpopts.EquateNaNs() }

func emptyIsNil() cmp.Option { return cmpopts.EquateEmpty() }
