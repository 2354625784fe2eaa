package query_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/query"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

func FuzzRuns(f *testing.F) { f.Fuzz(rapid.MakeFuzz(runs(inMemory(f)))) }

func TestRuns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, runs(inMemory(t)))
}

func TestRunsOnPostgres(t *testing.T) {
	t.Parallel()
	onPostgres(t, runs)
}

func runs(db sqldb.DB) func(*rapid.T) {
	return func(t *rapid.T) { differs(t, db, runWorld(t)) }
}

func runFields() []field {
	return []field{
		{"metrics.a", 'n'},
		{"metrics.b", 'n'},
		{"metrics.`c d`", 'n'},
		{"metrics.z", 'n'},
		{"params.a", 'T'},
		{"params.b", 'T'},
		{"tags.a", 'T'},
		{"tags.A", 'T'},
		{"tags.b", 'T'},
		{"tags.`mlflow.runName`", 'T'},
		{"run_id", 't'},
		{"run_name", 'p'},
		{"status", 'p'},
		{"user_id", 'p'},
		{"artifact_uri", 'p'},
		{"start_time", 'i'},
		{"end_time", 'i'},
		{"start_time", 'f'},
		{"end_time", 'f'},
		{"dataset.name", 't'},
		{"dataset.digest", 't'},
		{"dataset.context", 't'},
	}
}

func runWorld(t *rapid.T) world[core.Run] {
	w := world[core.Run]{rows: &sqldb.Batch{}, id: func(r core.Run) string { return string(r.ID) }}
	for _, name := range texts[:4] {
		for _, digest := range texts[:3] {
			w.rows.Exec("INSERT INTO datasets VALUES ($1, 1, $2, $3)", name+"/"+digest, name, digest)
		}
	}
	for i := range rapid.IntRange(0, 9).Draw(t, "runs") {
		w.items = append(w.items, drawRun(t, i, w.rows))
	}
	of := core.RunQuery{
		Experiments: rapid.SampledFrom([][]core.ExperimentID{
			{"1"}, {"1", "2"}, {"2", "x", "99999999999999999999", "01"}, {"007"}, nil,
		}).Draw(t, "experiments"),
		Filter: filterOf(t, runFields()),
		OrderBy: orderOf(t, []string{
			"metrics.a", "metrics.b", "metrics.z", "params.a", "params.b", "tags.a", "tags.A", "start_time", "end_time", "run_name",
			"status", "user_id", "artifact_uri", "run_id",
		}),
		View: rapid.SampledFrom([]core.View{core.ActiveOnly, core.DeletedOnly, core.AllStages}).Draw(t, "view"),
	}
	if rapid.IntRange(0, 3).Draw(t, "by a metric that all have") == 0 {
		of.Filter = strings.TrimSuffix("metrics.b < 1.5 AND "+of.Filter, " AND ")
		of.OrderBy = []string{rapid.SampledFrom([]string{"metrics.b DESC", "metrics.b"}).Draw(t, "order"), "params.a"}
	}
	slim := rapid.Bool().Draw(t, "ids alone")
	w.search = func(d sqldb.Dialect, page core.PageOptions) (*filter.Query[core.Run], query.Search, error) {
		of.PageOptions = page
		q, err := filter.Runs(of, core.DefaultLimits())
		if err != nil {
			return nil, query.Search{}, err
		}
		if slim {
			s, err := query.RunIDs(d, q, of)
			return q, s, err
		}
		s, err := query.Runs(d, q, of, "r.run_uuid")
		return q, s, err
	}
	return w
}

func drawRun(t *rapid.T, i int, rows *sqldb.Batch) core.Run {
	id := rapid.SampledFrom([]string{"r", "R", "é", "a"}).Draw(t, "id") + strconv.Itoa(i)
	r := core.Run{RunInfo: core.RunInfo{
		ID:           core.RunID(id),
		ExperimentID: rapid.SampledFrom([]core.ExperimentID{"1", "2"}).Draw(t, "experiment"),
		Name:         text(t, "name"), User: text(t, "user"), ArtifactURI: text(t, "artifact_uri"),
		Status:    rapid.SampledFrom([]core.RunStatus{core.Running, core.Finished}).Draw(t, "status"),
		StartTime: core.Millis(moment(t, "start")), EndTime: core.Millis(moment(t, "end")),
		Lifecycle: rapid.SampledFrom([]core.Lifecycle{core.Active, core.Active, core.Deleted}).Draw(t, "stage"),
	}}
	r.Params, r.Tags = some(t, "params", text), some(t, "tags", text)
	column := r.Name
	if rapid.Bool().Draw(t, "name in a tag") {
		r.Tags[core.RunNameTag], column = r.Name, ""
	}
	rows.Exec("INSERT INTO runs (run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri, experiment_id)"+
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", id, orNull(t, column), orNull(t, r.User), r.Status.String(),
		timeOrNull(t, r.StartTime), timeOrNull(t, r.EndTime), string(r.Lifecycle), orNull(t, r.ArtifactURI), experiment(r.ExperimentID))
	for key, value := range r.Params {
		rows.Exec("INSERT INTO params VALUES ($1, $2, $3)", key, value, id)
	}
	for key, value := range r.Tags {
		rows.Exec("INSERT INTO tags VALUES ($1, $2, $3)", key, orNull(t, value), id)
	}
	r.Metrics = map[string]core.Metric{}
	for key, value := range some(t, "metrics", number) {
		isNaN := rapid.IntRange(0, 3).Draw(t, "NaN") == 0
		if isNaN {
			value = 0
		}
		rows.Exec("INSERT INTO latest_metrics VALUES ($1, $2, $3, $4)", key, value, isNaN, id)
		if isNaN {
			value = math.NaN()
		}
		r.Metrics[key] = core.Metric{Key: key, Value: value}
	}
	drawDatasets(t, &r, rows)
	return r
}

func drawDatasets(t *rapid.T, r *core.Run, rows *sqldb.Batch) {
	for _, name := range texts[:4] {
		if rapid.IntRange(0, 3).Draw(t, "dataset") != 0 {
			continue
		}
		digest := rapid.SampledFrom(texts[:3]).Draw(t, "digest")
		in := core.DatasetInput{Dataset: core.Dataset{Name: name, Digest: digest}}
		input := name + "/" + digest + "/" + string(r.ID)
		rows.Exec("INSERT INTO inputs VALUES ($1, 'DATASET', $2, 'RUN', $3)", input, name+"/"+digest, string(r.ID))
		if rapid.Bool().Draw(t, "has a context") {
			in.Tags = map[string]string{core.DataContextTag: text(t, "context")}
			rows.Exec("INSERT INTO input_tags VALUES ($1, $2, $3)", input, core.DataContextTag, in.Tags[core.DataContextTag])
		}
		r.Inputs.Datasets = append(r.Inputs.Datasets, in)
	}
}

// experiment is an id as the tables hold it.
func experiment(id core.ExperimentID) int64 {
	n, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil {
		panic(err) // the tests' own ids are numbers
	}
	return n
}
