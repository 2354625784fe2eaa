package mem_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

// step is one change and what it does to the times of an entity: '+' advances the update time, '=' leaves all as it is.
type step struct {
	name string
	do   func() error
	want string // one sign for each entity watched
}

// watch performs the steps a second apart and compares the times of each entity before and after.
func watch(t *testing.T, steps []step, times ...func() (created, updated core.Millis)) {
	t.Helper()
	for _, s := range steps {
		time.Sleep(time.Second) // in a bubble: no time passes
		type pair struct{ created, updated core.Millis }
		before := make([]pair, len(times))
		for i, of := range times {
			before[i].created, before[i].updated = of()
		}
		ok(t, s.do())
		for i, of := range times {
			want := before[i]
			if s.want[i] == '+' {
				want.updated = core.Now()
			}
			if created, updated := of(); want != (pair{created, updated}) {
				t.Errorf("%s, entity %d: created %d, updated %d; want %+v", s.name, i, created, updated, want)
			}
		}
	}
}

func TestExperimentTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, s := t.Context(), mem.NewTracking()
		e := got(s.CreateExperiment(ctx, core.ExperimentSpec{Name: "e"}))(t)
		update := func(c core.ExperimentChange) func() error {
			return func() error { return s.UpdateExperiment(ctx, e.ID, c) }
		}
		watch(t, []step{
			{"rename", update(core.ExperimentChange{Name: new("f")}), "+"},
			{"own name", update(core.ExperimentChange{Name: new("f")}), "="},
			{"tag", func() error {
				return s.ChangeExperimentTags(ctx, e.ID, core.TagChange{Set: map[string]string{"k": "v"}})
			}, "="},
			{"run", func() error { return drop(s.CreateRun(ctx, e.ID, core.RunSpec{})) }, "="},
			{"delete", update(core.ExperimentChange{Lifecycle: core.Deleted}), "+"},
			{"restore", update(core.ExperimentChange{Lifecycle: core.Active}), "+"},
		}, func() (core.Millis, core.Millis) {
			e := got(s.Experiment(ctx, core.ExperimentRef{ID: e.ID}))(t)
			return e.CreatedAt, e.UpdatedAt
		})
	})
}

func TestRegistryTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, s := t.Context(), registryWith(t, 3)
		name := "m"
		at := func(n int) core.VersionRef { return core.VersionRef{Model: name, Number: n} }
		got(s.SetStage(ctx, at(2), core.StageChange{Stage: core.StageStaging}))(t)
		tags := core.TagChange{Set: map[string]string{"x": "y"}}
		version := func(n int) func() (core.Millis, core.Millis) {
			return func() (core.Millis, core.Millis) {
				v := got(s.Version(ctx, at(n)))(t)
				return v.CreatedAt, v.UpdatedAt
			}
		}
		watch(t, []step{
			{"model tag", func() error { return drop(s.UpdateModel(ctx, name, core.ModelChange{Tags: tags})) }, "==="},
			{"version tag", func() error { return drop(s.UpdateVersion(ctx, at(1), core.VersionChange{Tags: tags})) }, "==="},
			{"model text", func() error { return drop(s.UpdateModel(ctx, name, core.ModelChange{Description: new("d")})) }, "+=="},
			{"version text", func() error {
				return drop(s.UpdateVersion(ctx, at(1), core.VersionChange{Description: new("d")}))
			}, "++="},
			{"alias", func() error { return s.SetAlias(ctx, at(1), "a") }, "==="},
			{"new version", func() error { return drop(s.CreateVersion(ctx, name, core.VersionSpec{Source: "s3://b/k"})) }, "+=="},
			{"archive", func() error {
				return drop(s.SetStage(ctx, at(1), core.StageChange{Stage: core.StageStaging, ArchiveExisting: true}))
			}, "+++"},
			{"delete version", func() error { return s.DeleteVersion(ctx, at(3)) }, "+=="},
			{"own name", func() error { return drop(s.UpdateModel(ctx, name, core.ModelChange{Name: new("m")})) }, "==="},
			{"rename", func() error {
				defer func() { name = "n" }()
				return drop(s.UpdateModel(ctx, "m", core.ModelChange{Name: new("n")}))
			}, "+++"},
		}, func() (core.Millis, core.Millis) {
			m := got(s.Model(ctx, name))(t)
			return m.CreatedAt, m.UpdatedAt
		}, version(1), version(2))
	})
}
