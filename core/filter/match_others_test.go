package filter_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

func TestExperimentsMatch(t *testing.T) {
	t.Parallel()
	experiments := []core.Experiment{
		{ID: "0", Name: "Default", Lifecycle: core.Active, CreatedAt: 10, UpdatedAt: 40},
		{ID: "9", Name: "a_b", Lifecycle: core.Active, CreatedAt: 20, UpdatedAt: 20, Tags: map[string]string{"team.x/y z": "red"}},
		{ID: "10", Name: `a\b`, Lifecycle: core.Active, CreatedAt: 30, UpdatedAt: 30, Tags: map[string]string{"k": "v"}},
		{ID: "11", Name: "old", Lifecycle: core.Active}, // MLflow 1 kept no times
		{ID: "12", Name: "gone", Lifecycle: core.Deleted, CreatedAt: 30, UpdatedAt: 50},
	}
	for _, row := range []struct {
		filter string
		view   core.View
		want   string
	}{
		{"", core.ActiveOnly, "0 9 10 11"},
		{"", core.DeletedOnly, "12"},
		{"", core.AllStages, "0 9 10 11 12"},
		{"name = 'Default'", core.ActiveOnly, "0"},
		{"name = 'default'", core.ActiveOnly, ""},
		{"name ILIKE 'DEF%'", core.ActiveOnly, "0"},
		{"name LIKE 'a_b'", core.ActiveOnly, "9 10"},
		{"name = 'a_b'", core.ActiveOnly, "9"},
		{`name = 'a\b'`, core.ActiveOnly, "10"},
		{"name != 'a_b'", core.AllStages, "0 10 11 12"},
		{"experiment_id = '10'", core.ActiveOnly, "10"},
		{"experiment_id != '10'", core.ActiveOnly, "0 9 11"},
		{"experiment_id IN ('9', '010', '12')", core.ActiveOnly, "9 10"},
		{"experiment_id NOT IN ('9', '10')", core.ActiveOnly, "0 11"},
		{"creation_time = 20", core.ActiveOnly, "9"},
		{"creation_time != 20", core.ActiveOnly, "0 10"},
		{"creation_time > 10", core.ActiveOnly, "9 10"},
		{"creation_time >= 10 AND last_update_time < 40", core.ActiveOnly, "9 10"},
		{"last_update_time <= 30", core.ActiveOnly, "9 10"},
		{`tags."team.x/y z" = 'red'`, core.ActiveOnly, "9"},
		{"tags.`team.x/y z` != 'blue'", core.ActiveOnly, "9"},
		{"tags.k IS NULL", core.ActiveOnly, "0 9 11"},
		{"tags.k IS NOT NULL", core.ActiveOnly, "10"},
		{"name LIKE '%b' AND tags.k = 'v'", core.ActiveOnly, "10"},
	} {
		q := must[core.Experiment](t)(filter.Experiments(core.ExperimentQuery{
			Filter: row.filter, View: row.view, OrderBy: []string{"experiment_id"},
		}, core.DefaultLimits()))
		got := names(q.Slice(experiments).Items, func(e core.Experiment) string { return string(e.ID) })
		if diff := cmp.Diff(strings.Fields(row.want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.filter, diff)
		}
	}
}

func someLogged() []core.LoggedModel {
	point := func(run, key string, step int64, value float64, data, digest string) core.RunMetric {
		return core.RunMetric{RunID: core.RunID(run), Metric: core.Metric{
			Key: key, Step: step, Value: value, DatasetName: data, DatasetDigest: digest,
		}}
	}
	return []core.LoggedModel{
		{
			ID: "a", ExperimentID: "1", Name: "Net", Type: "Agent", SourceRunID: "r1", Status: core.ModelReady, CreatedAt: 10, UpdatedAt: 11,
			Params: map[string]string{"p": "1"}, Tags: map[string]string{"t": "x"},
			Metrics: []core.RunMetric{
				point("r1", "acc", 1, .9, "iris", "d1"), point("r1", "acc", 2, .5, "mnist", "d2"), point("r1", "loss", 1, 3, "", ""),
			},
		},
		{
			ID: "b", ExperimentID: "1", Name: "net", Status: core.ModelPending, CreatedAt: 20, UpdatedAt: 21,
			Metrics: []core.RunMetric{point("r2", "acc", 1, .7, "iris", "d3")},
		},
		{ID: "c", ExperimentID: "2", Status: core.ModelFailed, CreatedAt: 30, UpdatedAt: 31, Metrics: []core.RunMetric{point("r3", "acc", 1, math.NaN(), "iris", "d1")}},
		{ID: "d", ExperimentID: "1", Lifecycle: core.Deleted, CreatedAt: 40},
		{ID: "e", ExperimentID: "3", CreatedAt: 50},
	}
}

func TestLoggedModelsMatch(t *testing.T) {
	t.Parallel()
	iris, first := core.DatasetRef{Name: "iris"}, core.DatasetRef{Name: "iris", Digest: "d1"}
	for _, row := range []struct {
		filter   string
		datasets []core.DatasetRef
		want     string
	}{
		{"", nil, "a b c"},
		{"name = 'net'", nil, "b"},
		{"name ILIKE 'net'", nil, "a b"},
		{"model_id IN ('a', 'c')", nil, "a c"},
		{"attributes.model_type = 'Agent'", nil, "a"},
		{"status = 'READY'", nil, "a"},
		{"status != 'READY'", nil, "b c"},
		{"status IN ('PENDING', 'FAILED')", nil, "b c"},
		{"source_run_id = 'r1'", nil, "a"},
		{"experiment_id = '2'", nil, "c"},
		{"creation_timestamp > 15.5", nil, "b c"},
		{"creation_time < 25", nil, "a b"},
		{"last_updated_timestamp = 11", nil, "a"},
		{"params.p = '1'", nil, "a"},
		{"params.p NOT IN ('2')", nil, "a"},
		{"tags.t LIKE 'X'", nil, ""},
		{"metrics.acc > 0.6", nil, "b"}, // the latest of a is 0.5
		{"metrics.acc > 0.6", []core.DatasetRef{iris}, "a b"},
		{"metrics.acc > 0.6", []core.DatasetRef{first}, "a"},
		{"metrics.acc != 0.5", nil, "b c"},
		{"metrics.loss = 3", []core.DatasetRef{first}, ""},
		{"", []core.DatasetRef{first}, "a c"},
		{"", []core.DatasetRef{{Name: "mnist"}, {Name: "iris", Digest: "d3"}}, "a b"},
		{"", []core.DatasetRef{{Name: "cifar"}}, ""},
	} {
		q := must[core.LoggedModel](t)(filter.LoggedModels(core.LoggedModelQuery{
			Experiments: []core.ExperimentID{"1", "2"}, Filter: row.filter, Datasets: row.datasets,
			OrderBy: []core.LoggedModelOrder{{Field: "model_id"}},
		}, core.DefaultLimits()))
		got := names(q.Slice(someLogged()).Items, func(m core.LoggedModel) string { return string(m.ID) })
		if diff := cmp.Diff(strings.Fields(row.want), got); diff != "" {
			t.Errorf("%s on %v (-want +got):\n%s", row.filter, row.datasets, diff)
		}
	}
	_, err := filter.LoggedModels(core.LoggedModelQuery{Datasets: []core.DatasetRef{{Digest: "d1"}}}, core.DefaultLimits())
	wantInvalid(t, err, "`dataset_name`")
}
