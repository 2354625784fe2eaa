package rest_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// crossed sends v over the wire as JSON.
func crossed[T any](t *testing.T, v T) T {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	var back T
	must(t, rest.Decode(text, &back))
	return back
}

func someVersion() core.Version {
	return core.Version{
		Model: "m", Number: 12, CreatedAt: 1, UpdatedAt: 2, User: "u", Description: "d", Stage: core.StageStaging, Source: "s3://b",
		RunID: "r", RunLink: "l", ModelID: "m-1", Status: core.VersionFailed, StatusMessage: "why",
		Tags: map[string]string{"a": "", "b": "c"}, Aliases: []string{"x", "y"},
	}
}

func TestRegistryEntitiesSurviveTheWire(t *testing.T) {
	t.Parallel()
	v := someVersion()
	if d := cmp.Diff(v, crossed(t, rest.ModelVersionOf(v)).Core()); d != "" {
		t.Error(d)
	}
	m := core.Model{
		Name: "m", Description: "d", CreatedAt: 1, UpdatedAt: 2, Tags: map[string]string{"k": "v"},
		Aliases: map[string]int{"a": 1, "b": 12}, Latest: []core.Version{v},
	}
	if d := cmp.Diff(m, crossed(t, rest.RegisteredModelOf(m)).Core()); d != "" {
		t.Error(d)
	}
	l := core.LoggedModel{
		ID: "m-1", ExperimentID: "7", Name: "n", Type: "t", SourceRunID: "r", ArtifactURI: "s3://b", Status: core.ModelReady,
		StatusMessage: "s", Lifecycle: core.Active, CreatedAt: 1, UpdatedAt: 2, Params: map[string]string{"p": "1"},
		Tags: map[string]string{"k": "v"}, Metrics: []core.RunMetric{{RunID: "r", Metric: core.Metric{
			Key: "k", Value: 0.5, Timestamp: 3, Step: 4, ModelID: "m-1", DatasetName: "d", DatasetDigest: "e",
		}}},
	}
	if d := cmp.Diff(l, crossed(t, rest.LoggedModelOf(l)).Core()); d != "" {
		t.Error(d)
	}
	w := core.Webhook{
		ID: "w", Name: "n", Description: "d", URL: "https://h", Events: core.WebhookEvents(), Status: core.WebhookDisabled,
		CreatedAt: 1, UpdatedAt: 2,
	}
	if d := cmp.Diff(w, crossed(t, rest.WebhookOf(w)).Core(), cmp.AllowUnexported(core.Secret{})); d != "" {
		t.Error(d)
	}
}

func TestLoggedModelSearchesSurviveTheWire(t *testing.T) {
	t.Parallel()
	q := core.LoggedModelQuery{
		Experiments: []core.ExperimentID{"1", "2"}, Filter: "f", Datasets: []core.DatasetRef{{Name: "d", Digest: "e"}, {Name: "x"}},
		OrderBy: []core.LoggedModelOrder{{Field: "name"}, {Field: "metrics.a", Descending: true, DatasetName: "d", DatasetDigest: "e"}},
	}
	if d := cmp.Diff(q, crossed(t, rest.SearchLoggedModelsOf(q)).Query()); d != "" {
		t.Error(d)
	}
}

func TestPathParameters(t *testing.T) {
	t.Parallel()
	q := rest.DeleteLoggedModelTag{ModelID: "m-1", Key: "a/b c"}
	if got, want := rest.PathOf(rest.LoggedModelsDeleteTag, q), "/mlflow/logged-models/m-1/tags/a%2Fb%20c"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	var back rest.DeleteLoggedModelTag
	rest.SetPath(&back, func(name string) string { return map[string]string{"model_id": "m-1", "tag_key": "a/b c"}[name] })
	if back != q {
		t.Errorf("%+v", back)
	}
	text, err := json.Marshal(q)
	if must(t, err); string(text) != "{}" {
		t.Errorf("in the body: %s", text)
	}
	var number rest.None
	rest.SetPath(&number, nil) // has no parameters
}

func TestAStatusMayBeANumber(t *testing.T) {
	t.Parallel()
	var q rest.FinalizeLoggedModel
	must(t, rest.Decode([]byte(`{"model_id":"m-1","status":2}`), &q))
	if q.Status != rest.ModelStatus(core.ModelReady) {
		t.Errorf("status %d", q.Status)
	}
	if err := rest.Decode([]byte(`{"status":"DONE"}`), &q); core.CodeOf(err) != core.InvalidArgument {
		t.Errorf("an unknown status: %v", err)
	}
}
