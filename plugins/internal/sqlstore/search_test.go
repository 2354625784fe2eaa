package sqlstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/query"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// The index of values of params has no long ones, and searches find these too.
func TestRunsAreFoundByParamsOfAnyLength(t *testing.T) {
	t.Parallel()
	for _, d := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			_, store := openAt(t, d, newPlace(t, d))
			for _, letter := range []string{"a", "ä", "日"} {
				for _, length := range []int{1, 83, 84, 125, 126, 249, 250, 251, 3000} {
					findByParam(t, store, strings.Repeat(letter, length))
				}
			}
		})
	}
}

// SQLite uses an index of some rows where a search repeats its condition word by word.
func TestSearchesForAParamUseItsIndexAlone(t *testing.T) {
	t.Parallel()
	db, _ := openAt(t, sqldb.SQLite, newPlace(t, sqldb.SQLite))
	for order, ways := range map[string]int{"start_time DESC": 1, "metrics.acc DESC": 2} {
		q := core.RunQuery{
			Experiments: []core.ExperimentID{core.DefaultExperimentID}, Filter: "metrics.acc > 0.5 and params.model = 'm3'",
			OrderBy: []string{order},
		}
		parsed, err := filter.Runs(q, core.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		search, err := query.Runs(db.Dialect(), parsed, q, "r.name")
		if err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		var b sqldb.Batch
		b.Query(sqldb.Each(func(rows sqldb.Rows) error {
			var id, parent, unused int
			var detail string
			err := rows.Scan(&id, &parent, &unused, &detail)
			plan.WriteString(detail + "\n")
			return err
		}), "EXPLAIN QUERY PLAN "+search.SQL, search.Args...)
		if err := db.Fetch(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(plan.String(), "USING COVERING INDEX mlstore_params_value"); n != ways {
			t.Errorf("by %s the index is used %d times, want %d:\n%s", order, n, ways, plan.String())
		}
	}
}

// again is a database that reads each time once more, as Postgres does after its connection broke.
type again struct{ sqldb.DB }

func (a again) Read(ctx context.Context, f func(sqldb.Tx) error) error {
	return errors.Join(a.DB.Read(ctx, f), a.DB.Read(ctx, f))
}

func TestSearchesThatAreReadAgainFindNothingTwice(t *testing.T) {
	t.Parallel()
	for _, d := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			db, tracking := openAt(t, d, newPlace(t, d))
			backend, err := sqlstore.Open(t.Context(), again{db}, sqlstore.Options{Name: d.String(), ArtifactRoot: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			run, err := tracking.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{})
			if err != nil {
				t.Fatal(err)
			}
			findOnce(t, backend, run)
		})
	}
}

// findOnce expects that searches find what is there once.
func findOnce(t *testing.T, backend core.Backend, run core.Run) {
	t.Helper()
	ctx, in := t.Context(), []core.ExperimentID{run.ExperimentID}
	if _, err := backend.Registry.CreateModel(ctx, core.ModelSpec{Name: "m"}); err != nil {
		t.Fatal(err)
	}
	if _, err := backend.Registry.CreateVersion(ctx, "m", core.VersionSpec{Source: "/nowhere"}); err != nil {
		t.Fatal(err)
	}
	experiments, err := backend.Tracking.SearchExperiments(ctx, core.ExperimentQuery{})
	if err != nil || len(experiments.Items) != 1 {
		t.Errorf("experiments: %v, error %v", experiments.Items, err)
	}
	for _, fields := range []core.RunFields{core.RunInfoOnly, core.WholeRun} {
		runs, err := backend.Tracking.SearchRuns(ctx, core.RunQuery{Experiments: in, Fields: fields})
		if err != nil || len(runs.Items) != 1 || runs.Items[0].Name != run.Name {
			t.Errorf("runs: %v, error %v", runs.Items, err)
		}
	}
	models, err := backend.Registry.SearchModels(ctx, core.ModelQuery{})
	if err != nil || len(models.Items) != 1 {
		t.Errorf("models: %v, error %v", models.Items, err)
	}
	versions, err := backend.Registry.SearchVersions(ctx, core.VersionQuery{})
	if err != nil || len(versions.Items) != 1 {
		t.Errorf("versions: %v, error %v", versions.Items, err)
	}
}

// findByParam creates a run with a param, and expects a search for its value to find that run alone.
func findByParam(t *testing.T, store core.TrackingStore, value string) {
	t.Helper()
	run, err := store.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.LogBatch(t.Context(), run.ID, core.Batch{Params: []core.Param{{Key: "text", Value: value}}}); err != nil {
		t.Fatal(err)
	}
	page, err := store.SearchRuns(t.Context(), core.RunQuery{
		Experiments: []core.ExperimentID{core.DefaultExperimentID}, Filter: "params.text = '" + value + "'",
	})
	if err != nil {
		t.Fatal(err)
	}
	var found []core.RunID
	for _, r := range page.Items {
		found = append(found, r.ID)
	}
	if diff := cmp.Diff([]core.RunID{run.ID}, found); diff != "" {
		t.Errorf("%.10s… of %d bytes (-want +found):\n%s", value, len(value), diff)
	}
}
