package file_test

import (
	"context"
	"os"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file"
)

// The window in which a child is killed begins and ends with the removal of files that are not there.
const (
	windowBegin = "/mlstore-window-begin"
	windowEnd   = "/mlstore-window-end"
	acknowledge = "acknowledged\n"
)

// window runs act in the window and says on standard output when it has been acknowledged.
func window(act func() error) error {
	_ = os.Remove(windowBegin)
	if err := act(); err != nil {
		return err
	}
	_, _ = os.Stdout.WriteString(acknowledge) // when even this fails, the end of the process tells
	_ = os.Remove(windowEnd)
	return nil
}

// prepareStore makes a store with two experiments, one of them deleted, runs and a logged model of fixed ids.
func prepareStore(t *testing.T, dir string) {
	t.Helper()
	s, err := file.NewTracking(dir, file.TrackingOptions{})
	check(t, err)
	defer func() { check(t, s.Close()) }()
	ctx := t.Context()
	for _, e := range []core.Experiment{
		{ID: "1", Name: "one", ArtifactLocation: "/a/1", Lifecycle: core.Active, Tags: map[string]string{"k": "v", "gone": "x"}},
		{ID: "2", Name: "two", ArtifactLocation: "/a/2", Lifecycle: core.Active},
	} {
		check(t, s.ImportExperiment(ctx, e))
		for _, id := range []core.RunID{"r1", "r2", "r3"} {
			id = core.RunID(e.ID) + id
			check(t, s.ImportRun(ctx, core.Run{
				RunInfo: core.RunInfo{
					ID: id, ExperimentID: e.ID, Name: string(id), Status: core.Running, StartTime: 1, Lifecycle: core.Active,
				},
				RunData: core.RunData{Tags: map[string]string{core.RunNameTag: string(id), "t": "old", "gone": "x"}},
			}))
			check(t, s.LogBatch(ctx, id, core.Batch{Metrics: []core.Metric{{Key: "m", Value: 1, Step: 1}, {Key: "m", Value: 2, Step: 2}}}))
		}
	}
	check(t, s.UpdateExperiment(ctx, "2", core.ExperimentChange{Lifecycle: core.Deleted}))
	check(t, s.ImportLoggedModel(ctx, core.LoggedModel{
		ID: "m-1", ExperimentID: "1", Name: "model", Status: core.ModelPending, Lifecycle: core.Active,
	}))
	status := core.RunChange{Lifecycle: core.Deleted}
	_, err = s.UpdateRun(ctx, "1r3", status)
	check(t, err)
}

// killedActs are the changes that are killed.
func killedActs() map[string]func(dir string) error {
	name := "new name"
	acts := map[string]changes{
		"point": func(ctx context.Context, s *file.Tracking) error {
			return s.LogBatch(ctx, "1r1", core.Batch{Metrics: []core.Metric{{Key: "m", Value: 3, Step: 3}}})
		},
		"point-new-key": func(ctx context.Context, s *file.Tracking) error {
			return s.LogBatch(ctx, "1r1", core.Batch{Metrics: []core.Metric{{Key: "new/key", Value: 3, Step: 3}}})
		},
		"batch": func(ctx context.Context, s *file.Tracking) error {
			return s.LogBatch(ctx, "1r1", core.Batch{
				Metrics: []core.Metric{{Key: "m", Value: 3, Step: 3}, {Key: "n", Value: 1}, {Key: "n", Value: 2, ModelID: "m-1"}, {Key: "m/x", Value: 1}},
				Params:  []core.Param{{Key: "p", Value: "1"}, {Key: "q/r", Value: "2"}},
				Tags:    []core.Tag{{Key: "t", Value: "new"}, {Key: "u", Value: "1"}, {Key: core.RunNameTag, Value: "renamed"}},
			})
		},
		"tags": func(ctx context.Context, s *file.Tracking) error {
			return s.ChangeRunTags(ctx, "1r1", core.TagChange{Set: map[string]string{"t": "new", "u": "1"}, Delete: []string{"gone"}})
		},
		"rename-run": func(ctx context.Context, s *file.Tracking) error {
			_, err := s.UpdateRun(ctx, "1r1", core.RunChange{Name: name, Status: core.Finished})
			return err
		},
		"inputs": func(ctx context.Context, s *file.Tracking) error {
			return s.LogInputs(ctx, "1r1", core.Inputs{
				Datasets: []core.DatasetInput{{Dataset: core.Dataset{Name: "d", Digest: "1", Source: "s", SourceType: "local"}}},
				Models:   []core.ModelID{"m-1"},
			})
		},
		"experiment-tags": func(ctx context.Context, s *file.Tracking) error {
			return s.ChangeExperimentTags(ctx, "1", core.TagChange{Set: map[string]string{"k": "new", "l": "1"}, Delete: []string{"gone"}})
		},
		"rename-experiment": func(ctx context.Context, s *file.Tracking) error {
			return s.UpdateExperiment(ctx, "1", core.ExperimentChange{Name: &name})
		},
		"delete-experiment": func(ctx context.Context, s *file.Tracking) error {
			return s.UpdateExperiment(ctx, "1", core.ExperimentChange{Lifecycle: core.Deleted})
		},
		"restore-experiment": func(ctx context.Context, s *file.Tracking) error {
			return s.UpdateExperiment(ctx, "2", core.ExperimentChange{Lifecycle: core.Active})
		},
		"create-experiment": func(ctx context.Context, s *file.Tracking) error {
			_, err := s.CreateExperiment(ctx, core.ExperimentSpec{Name: "created", Tags: map[string]string{"a": "1", "b": "2"}})
			return err
		},
		"create-run": func(ctx context.Context, s *file.Tracking) error {
			_, err := s.CreateRun(ctx, "1", core.RunSpec{Name: "created", Tags: map[string]string{"a": "1", "b": "2"}})
			return err
		},
		"create-model": func(ctx context.Context, s *file.Tracking) error {
			_, err := s.CreateLoggedModel(ctx, "1", core.LoggedModelSpec{Name: "created", Tags: map[string]string{"a": "1"}})
			return err
		},
		"update-model": func(ctx context.Context, s *file.Tracking) error {
			_, err := s.UpdateLoggedModel(ctx, "m-1", core.LoggedModelChange{
				Status: core.ModelReady, Tags: core.TagChange{Set: map[string]string{"a": "1"}}, Params: map[string]string{"p": "1"},
			})
			return err
		},
		"purge-run":        func(ctx context.Context, s *file.Tracking) error { return s.PurgeRun(ctx, "1r3") },
		"purge-experiment": func(ctx context.Context, s *file.Tracking) error { return s.PurgeExperiment(ctx, "2") },
	}
	all := map[string]func(string) error{}
	for name, act := range acts {
		all[name] = act.on(file.Durable)
	}
	for _, name := range []string{"point", "point-new-key", "batch", "rename-run", "delete-experiment", "create-run"} {
		all[relaxedAct+name] = acts[name].on(file.Relaxed)
	}
	return all
}

// relaxedAct begins the names of changes of a store that flushes later: the end of the process may take nothing from it.
const relaxedAct = "relaxed-"

// changes is a change of a tracking store.
type changes func(ctx context.Context, s *file.Tracking) error

// on makes the change in the window, in a store of a durability.
func (act changes) on(durability file.Durability) func(dir string) error {
	return func(dir string) error {
		s, err := file.NewTracking(dir, file.TrackingOptions{Durability: durability})
		if err != nil {
			return err
		}
		return window(func() error { return act(context.Background(), s) })
	}
}
