package query_test

import (
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/query"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

func FuzzLoggedModels(f *testing.F) { f.Fuzz(rapid.MakeFuzz(loggedModels(inMemory(f)))) }

func loggedModels(db sqldb.DB) func(*rapid.T) {
	return func(t *rapid.T) { differs(t, db, loggedWorld(t)) }
}

func loggedWorld(t *rapid.T) world[core.LoggedModel] {
	w := world[core.LoggedModel]{rows: &sqldb.Batch{}, id: func(m core.LoggedModel) string { return string(m.ID) }}
	for i := range rapid.IntRange(0, 7).Draw(t, "models") {
		w.items = append(w.items, drawLogged(t, i, w.rows))
	}
	of := core.LoggedModelQuery{
		Experiments: rapid.SampledFrom([][]core.ExperimentID{{"1"}, {"1", "2"}, {"3"}}).Draw(t, "experiments"),
		View:        rapid.SampledFrom([]core.View{core.ActiveOnly, core.DeletedOnly, core.AllStages}).Draw(t, "view"),
		Filter: filterOf(t, []field{
			{"metrics.a", 'n'},
			{"metrics.b", 'n'},
			{"metrics.z", 'n'},
			{"params.a", 't'},
			{"params.b", 't'},
			{"tags.a", 't'},
			{"tags.b", 't'},
			{"model_id", 't'},
			{"name", 't'},
			{"model_type", 't'},
			{"source_run_id", 't'},
			{"status", 's'},
			{"experiment_id", 'd'},
			{"creation_timestamp", 'i'},
			{"last_updated_timestamp", 'i'},
			{"creation_timestamp", 'f'},
		}),
		Datasets: rapid.SampledFrom([][]core.DatasetRef{
			nil, nil, {{Name: "a"}}, {{Name: "a", Digest: "b"}}, {{Name: "A"}, {Name: "a", Digest: "a"}}, {{Name: "z"}},
		}).Draw(t, "datasets"),
		OrderBy: drawLoggedOrder(t),
	}
	w.search = func(d sqldb.Dialect, page core.PageOptions) (*filter.Query[core.LoggedModel], query.Search, error) {
		of.PageOptions = page
		q, err := filter.LoggedModels(of, core.DefaultLimits())
		if err != nil {
			return nil, query.Search{}, err
		}
		s, err := query.LoggedModels(d, q, of, "l.model_id")
		return q, s, err
	}
	return w
}

func drawLoggedOrder(t *rapid.T) []core.LoggedModelOrder {
	all := []core.LoggedModelOrder{
		{Field: "metrics.a"},
		{Field: "metrics.b", DatasetName: "a"},
		{Field: "metrics.b", DatasetName: "A", DatasetDigest: "a"},
		{Field: "name"},
		{Field: "status"},
		{Field: "experiment_id"},
		{Field: "creation_timestamp"},
		{Field: "model_type"},
	}
	order := rapid.Permutation(all).Draw(t, "order")[:rapid.IntRange(0, 3).Draw(t, "keys")]
	for i := range order {
		order[i].Descending = rapid.Bool().Draw(t, "descending")
	}
	return order
}

func drawLogged(t *rapid.T, i int, rows *sqldb.Batch) core.LoggedModel {
	m := core.LoggedModel{
		ID:           core.ModelID(rapid.SampledFrom([]string{"m-", "M-"}).Draw(t, "id") + strconv.Itoa(i)),
		ExperimentID: rapid.SampledFrom([]core.ExperimentID{"1", "2", "10"}).Draw(t, "experiment"),
		Name:         text(t, "name"), Type: text(t, "type"), SourceRunID: core.RunID(text(t, "run")),
		Status:    rapid.SampledFrom([]core.ModelStatus{core.ModelPending, core.ModelReady, core.ModelFailed}).Draw(t, "status"),
		Lifecycle: rapid.SampledFrom([]core.Lifecycle{core.Active, core.Active, core.Deleted}).Draw(t, "stage"),
		CreatedAt: core.Millis(moment(t, "created")), UpdatedAt: core.Millis(moment(t, "updated")),
		Params: some(t, "params", text), Tags: some(t, "tags", text),
	}
	id := string(m.ID)
	rows.Exec("INSERT INTO logged_models VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", id, experiment(m.ExperimentID), m.Name,
		int64(m.CreatedAt), int64(m.UpdatedAt), int64(m.Status), string(m.Lifecycle), orNull(t, m.Type), orNull(t, string(m.SourceRunID)))
	for key, value := range m.Params {
		rows.Exec("INSERT INTO logged_model_params VALUES ($1, $2, $3)", id, key, value)
	}
	for key, value := range m.Tags {
		rows.Exec("INSERT INTO logged_model_tags VALUES ($1, $2, $3)", id, key, value)
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "points") {
		point := core.RunMetric{RunID: core.RunID(strconv.Itoa(i)), Metric: core.Metric{
			Key: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key"), Value: number(t, "value"),
			Step: int64(rapid.IntRange(0, 1).Draw(t, "step")), Timestamp: core.Millis(rapid.IntRange(0, 1).Draw(t, "timestamp")),
		}}
		var name, digest, value any = nil, nil, point.Value
		if rapid.IntRange(0, 3).Draw(t, "NaN") == 0 {
			point.Value, value = math.NaN(), nil
		}
		if rapid.Bool().Draw(t, "has a dataset") {
			point.DatasetName = rapid.SampledFrom([]string{"a", "A"}).Draw(t, "dataset")
			point.DatasetDigest = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "digest")
			name, digest = point.DatasetName, point.DatasetDigest
		}
		m.Metrics = append(m.Metrics, point)
		rows.Exec("INSERT INTO logged_model_metrics VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", id, point.Key,
			int64(point.Timestamp), point.Step, value, string(point.RunID), name, digest)
	}
	return m
}
