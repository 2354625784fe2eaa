package core_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/mlstore/mlstore/core"
)

// databricks is the skeleton of a tracking store on a Databricks workspace: it builds the requests that it would send.
type databricks struct{ *recorder }

var (
	_ core.TrackingStore = databricks{}
	_ core.Lineage       = databricks{}
	_ core.LoggedModels  = databricks{}
)

func (d databricks) Describe(context.Context) (core.Info, error) {
	return core.Info{Name: "databricks", Capabilities: core.CapabilitiesOf(d, core.SearchNative)}, nil
}

func (d databricks) Close() error { return nil }

func (d databricks) CreateExperiment(_ context.Context, s core.ExperimentSpec) (core.Experiment, error) {
	return core.Experiment{Name: s.Name}, d.send("POST", "experiments/create",
		map[string]any{"name": s.Name, "artifact_location": s.ArtifactLocation, "tags": s.Tags})
}

func (d databricks) Experiment(_ context.Context, ref core.ExperimentRef) (core.Experiment, error) {
	if ref.Name != "" {
		return core.Experiment{}, d.send("GET", "experiments/get-by-name", map[string]any{"experiment_name": ref.Name})
	}
	return core.Experiment{}, d.send("GET", "experiments/get", map[string]any{"experiment_id": ref.ID})
}

func (d databricks) UpdateExperiment(_ context.Context, id core.ExperimentID, c core.ExperimentChange) error {
	switch {
	case c.Name != nil:
		return d.send("POST", "experiments/update", map[string]any{"experiment_id": id, "new_name": *c.Name})
	case c.Lifecycle == core.Deleted:
		return d.send("POST", "experiments/delete", map[string]any{"experiment_id": id})
	}
	return d.send("POST", "experiments/restore", map[string]any{"experiment_id": id})
}

func (d databricks) ChangeExperimentTags(_ context.Context, id core.ExperimentID, c core.TagChange) error {
	return d.tags("experiments/set-experiment-tag", "experiments/delete-experiment-tag", map[string]any{"experiment_id": id}, c)
}

// tags sends one request a tag.
func (r *recorder) tags(set, remove string, ref map[string]any, c core.TagChange) error {
	for key, value := range c.Set {
		if err := r.send("POST", set, with(ref, map[string]any{"key": key, "value": value})); err != nil {
			return err
		}
	}
	verb := "POST"
	if ref["name"] != nil { // of the registry, where MLflow deletes with DELETE
		verb = "DELETE"
	}
	for _, key := range c.Delete {
		if err := r.send(verb, remove, with(ref, map[string]any{"key": key})); err != nil {
			return err
		}
	}
	return nil
}

func with(a, b map[string]any) map[string]any {
	for key, value := range a {
		b[key] = value
	}
	return b
}

func (d databricks) SearchExperiments(_ context.Context, q core.ExperimentQuery) (core.Page[core.Experiment], error) {
	return core.Page[core.Experiment]{}, d.send("POST", "experiments/search", map[string]any{
		"filter": q.Filter, "order_by": q.OrderBy, "view_type": q.View, "max_results": q.Limit, "page_token": q.Token,
	})
}

func (d databricks) CreateRun(_ context.Context, in core.ExperimentID, s core.RunSpec) (core.Run, error) {
	return core.Run{}, d.send("POST", "runs/create", map[string]any{
		"experiment_id": in, "run_name": s.Name, "user_id": s.User, "start_time": s.StartTime, "tags": s.Tags,
	})
}

func (d databricks) Run(_ context.Context, id core.RunID) (core.Run, error) {
	return core.Run{}, d.send("GET", "runs/get", map[string]any{"run_id": id})
}

func (d databricks) UpdateRun(_ context.Context, id core.RunID, c core.RunChange) (core.RunInfo, error) {
	switch c.Lifecycle {
	case core.Deleted, core.Active: // answered without the run
		action := map[core.Lifecycle]string{core.Deleted: "runs/delete", core.Active: "runs/restore"}[c.Lifecycle]
		if err := d.send("POST", action, map[string]any{"run_id": id}); err != nil {
			return core.RunInfo{}, err
		}
		return core.RunInfo{}, d.send("GET", "runs/get", map[string]any{"run_id": id})
	}
	return core.RunInfo{}, d.send("POST", "runs/update", map[string]any{
		"run_id": id, "run_name": c.Name, "status": c.Status.String(), "end_time": c.EndTime,
	})
}

func (d databricks) ChangeRunTags(_ context.Context, id core.RunID, c core.TagChange) error {
	return d.tags("runs/set-tag", "runs/delete-tag", map[string]any{"run_id": id}, c)
}

func (d databricks) SearchRuns(_ context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	return core.Page[core.Run]{}, d.send("POST", "runs/search", map[string]any{
		"experiment_ids": q.Experiments, "filter": q.Filter, "order_by": q.OrderBy, "run_view_type": q.View,
		"max_results": q.Limit, "page_token": q.Token,
	})
}

func (d databricks) LogBatch(_ context.Context, id core.RunID, b core.Batch) error {
	return d.send("POST", "runs/log-batch",
		map[string]any{"run_id": id, "metrics": b.Metrics, "params": b.Params, "tags": b.Tags})
}

func (d databricks) MetricHistory(
	_ context.Context, id core.RunID, key string, o core.HistoryOptions,
) (core.Page[core.Metric], error) {
	return core.Page[core.Metric]{}, d.send("GET", "metrics/get-history",
		map[string]any{"run_id": id, "metric_key": key, "max_results": o.Limit, "page_token": o.Token})
}

func (d databricks) LogInputs(_ context.Context, id core.RunID, in core.Inputs) error {
	return d.send("POST", "runs/log-inputs", map[string]any{"run_id": id, "datasets": in.Datasets, "models": in.Models})
}

func (d databricks) LogOutputs(_ context.Context, id core.RunID, out []core.ModelOutput) error {
	return d.send("POST", "runs/outputs", map[string]any{"run_id": id, "models": out})
}

func (d databricks) SearchDatasets(_ context.Context, in []core.ExperimentID) ([]core.DatasetSummary, error) {
	return nil, d.send("POST", "experiments/search-datasets", map[string]any{"experiment_ids": in})
}

func (d databricks) CreateLoggedModel(
	_ context.Context, in core.ExperimentID, s core.LoggedModelSpec,
) (core.LoggedModel, error) {
	return core.LoggedModel{}, d.send("POST", "logged-models", map[string]any{
		"experiment_id": in, "name": s.Name, "model_type": s.Type, "source_run_id": s.SourceRunID,
		"params": s.Params, "tags": s.Tags,
	})
}

func (d databricks) LoggedModel(_ context.Context, _ core.ModelID) (core.LoggedModel, error) {
	return core.LoggedModel{}, d.send("GET", "logged-models/{model_id}", map[string]any{"allow_deleted": true})
}

func (d databricks) UpdateLoggedModel(
	ctx context.Context, id core.ModelID, c core.LoggedModelChange,
) (core.LoggedModel, error) {
	if c.Status != 0 {
		body := map[string]any{"model_id": id, "status": int(c.Status)}
		if err := d.send("PATCH", "logged-models/{model_id}", body); err != nil {
			return core.LoggedModel{}, err
		}
	}
	if len(c.Params) > 0 {
		body := map[string]any{"model_id": id, "params": c.Params}
		if err := d.send("POST", "logged-models/{model_id}/params", body); err != nil {
			return core.LoggedModel{}, err
		}
	}
	if len(c.Tags.Set) > 0 {
		if err := d.send("PATCH", "logged-models/{model_id}/tags", map[string]any{"tags": c.Tags.Set}); err != nil {
			return core.LoggedModel{}, err
		}
	}
	for range c.Tags.Delete {
		if err := d.send("DELETE", "logged-models/{model_id}/tags/{tag_key}", nil); err != nil {
			return core.LoggedModel{}, err
		}
	}
	return d.LoggedModel(ctx, id)
}

func (d databricks) DeleteLoggedModel(context.Context, core.ModelID) error {
	return d.send("DELETE", "logged-models/{model_id}", nil)
}

func (d databricks) SearchLoggedModels(_ context.Context, q core.LoggedModelQuery) (core.Page[core.LoggedModel], error) {
	return core.Page[core.LoggedModel]{}, d.send("POST", "logged-models/search", map[string]any{
		"experiment_ids": q.Experiments, "filter": q.Filter, "datasets": q.Datasets, "order_by": q.OrderBy,
		"max_results": q.Limit, "page_token": q.Token,
	})
}

// tagChange changes more than one tag each way.
func tagChange() core.TagChange {
	return core.TagChange{Set: map[string]string{"a": "1", "b": "2"}, Delete: []string{"c", "d"}}
}

func (d databricks) calls() []call {
	end := core.Millis(5)
	return []call{
		{"Experiments.CreateExperiment", drop(d.CreateExperiment, core.ExperimentSpec{Name: "/Users/a/e"})},
		{"Experiments.Experiment", drop(d.Experiment, core.ExperimentRef{ID: "1"})},
		{"Experiments.Experiment", drop(d.Experiment, core.ExperimentRef{Name: "/Users/a/e"})},
		{"Experiments.UpdateExperiment", only(d.UpdateExperiment, "1", core.ExperimentChange{Name: new("b")})},
		{"Experiments.UpdateExperiment", only(d.UpdateExperiment, "1", core.ExperimentChange{Lifecycle: core.Deleted})},
		{"Experiments.UpdateExperiment", only(d.UpdateExperiment, "1", core.ExperimentChange{Lifecycle: core.Active})},
		{"Experiments.ChangeExperimentTags", only(d.ChangeExperimentTags, "1", tagChange())},
		{"Experiments.SearchExperiments", drop(d.SearchExperiments, core.ExperimentQuery{})},
		{"Runs.CreateRun", drop2(d.CreateRun, "1", core.RunSpec{})},
		{"Runs.Run", drop(d.Run, "r")},
		{"Runs.UpdateRun", drop2(d.UpdateRun, "r", core.RunChange{Status: core.Finished, EndTime: &end})},
		{"Runs.UpdateRun", drop2(d.UpdateRun, "r", core.RunChange{Lifecycle: core.Deleted})},
		{"Runs.UpdateRun", drop2(d.UpdateRun, "r", core.RunChange{Lifecycle: core.Active})},
		{"Runs.ChangeRunTags", only(d.ChangeRunTags, "r", tagChange())},
		{"Runs.SearchRuns", drop(d.SearchRuns, core.RunQuery{})},
		{"Metrics.LogBatch", only(d.LogBatch, "r", core.Batch{Metrics: []core.Metric{{Key: "m"}}})},
		{"Metrics.MetricHistory", func(ctx context.Context) error {
			_, err := d.MetricHistory(ctx, "r", "m", core.HistoryOptions{})
			return err
		}},
		{"Lineage.LogInputs", only(d.LogInputs, "r", core.Inputs{})},
		{"Lineage.LogOutputs", only(d.LogOutputs, "r", []core.ModelOutput{{ModelID: "m-1"}})},
		{"Lineage.SearchDatasets", drop(d.SearchDatasets, []core.ExperimentID{"1"})},
		{"LoggedModels.CreateLoggedModel", drop2(d.CreateLoggedModel, "1", core.LoggedModelSpec{})},
		{"LoggedModels.LoggedModel", drop(d.LoggedModel, "m-1")},
		{"LoggedModels.UpdateLoggedModel", drop2(d.UpdateLoggedModel, "m-1", core.LoggedModelChange{
			Status: core.ModelReady, Tags: tagChange(), Params: map[string]string{"p": "1"},
		})},
		{"LoggedModels.DeleteLoggedModel", func(ctx context.Context) error { return d.DeleteLoggedModel(ctx, "m-1") }},
		{"LoggedModels.SearchLoggedModels", drop(d.SearchLoggedModels, core.LoggedModelQuery{})},
	}
}

// drop, drop2 and only bind a method to its arguments and keep its error alone.
func drop[A, R any](f func(context.Context, A) (R, error), a A) func(context.Context) error {
	return func(ctx context.Context) error { _, err := f(ctx, a); return err }
}

func drop2[A, B, R any](f func(context.Context, A, B) (R, error), a A, b B) func(context.Context) error {
	return func(ctx context.Context) error { _, err := f(ctx, a, b); return err }
}

func only[A, B any](f func(context.Context, A, B) error, a A, b B) func(context.Context) error {
	return func(ctx context.Context) error { return f(ctx, a, b) }
}

func TestMappingOfDatabricks(t *testing.T) {
	t.Parallel()
	var r recorder
	calls := databricks{&r}.calls()
	calls = append(calls, dbfs{&r}.calls()...)
	calls = append(calls, workspace{registry{&r, false}}.calls()...)
	checkSkeleton(t, "3. ", &r, calls,
		reflect.TypeFor[core.Experiments](), reflect.TypeFor[core.Runs](), reflect.TypeFor[core.Metrics](),
		reflect.TypeFor[core.Lineage](), reflect.TypeFor[core.LoggedModels](), reflect.TypeFor[core.ArtifactRepository](),
		reflect.TypeFor[core.Models](), reflect.TypeFor[core.Versions](), reflect.TypeFor[core.Stages]())
}
