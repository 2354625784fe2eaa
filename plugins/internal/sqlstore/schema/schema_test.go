package schema_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// ready is a database with the schema.
func ready(t *testing.T, d sqldb.Dialect) sqldb.DB {
	t.Helper()
	db, _ := newPlace(t, d).open(t)
	if err := schema.Ensure(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestManyCreateTheSchemaAtOnce(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			where := newPlace(t, d)
			var all sync.WaitGroup
			for range 6 {
				db, _ := where.open(t)
				all.Go(func() {
					if err := schema.Ensure(t.Context(), db); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		})
	}
}

// backBeforeIssues takes a database back to the revision before the last steps, by the only tables that these touch.
func backBeforeIssues(t *testing.T, db sqldb.DB) {
	t.Helper()
	known := schema.Revisions()
	exec(t, db, "DROP TABLE issue_categories", "DROP INDEX index_issues_experiment_last_seen", "DROP INDEX index_issues_experiment_updated",
		"ALTER TABLE issues DROP COLUMN last_seen_timestamp", "ALTER TABLE issues DROP COLUMN last_updated_by",
		"ALTER TABLE issues DROP COLUMN metadata", "UPDATE alembic_version SET version_num = '"+known[len(known)-3]+"'")
}

func TestManyUpgradeAtOnce(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			where := newPlace(t, d)
			db, _ := where.open(t)
			if err := schema.Ensure(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			want := describe(t, db)
			backBeforeIssues(t, db)
			var all sync.WaitGroup
			for range 5 {
				other, _ := where.open(t)
				all.Go(func() {
					if s, err := schema.Upgrade(t.Context(), other, schema.UpgradeOptions{}); err != nil || s.State != core.SchemaCurrent {
						t.Errorf("status %+v, error %v", s, err)
					}
				})
			}
			all.Wait()
			if diff := cmp.Diff(want, describe(t, db)); diff != "" {
				t.Errorf("catalogue (-created +upgraded):\n%s", diff)
			}
		})
	}
}

func TestUnknownRevisionIsUsedWhereItFits(t *testing.T) {
	t.Parallel()
	future := "UPDATE alembic_version SET version_num = 'ffffffffffff'"
	for name, c := range map[string]struct {
		change  string
		problem string // empty: it is used
	}{
		"new table":               {change: "CREATE TABLE more (id INTEGER NOT NULL)"},
		"new column":              {change: "ALTER TABLE runs ADD COLUMN more INTEGER"},
		"new column with default": {change: "ALTER TABLE runs ADD COLUMN more INTEGER DEFAULT 1 NOT NULL"},
		"column lost":             {"ALTER TABLE model_versions DROP COLUMN storage_location", "model_versions.storage_location is missing"},
		"table lost":              {"DROP TABLE input_tags", "input_tags is missing"},
		"another type": {
			"ALTER TABLE datasets DROP COLUMN dataset_profile; ALTER TABLE datasets ADD COLUMN dataset_profile BOOLEAN",
			"dataset_profile holds boolean",
		},
		"new column that wants a value": {
			"DROP TABLE params; CREATE TABLE params (key VARCHAR(9), value TEXT, run_uuid TEXT, more INTEGER NOT NULL)",
			"params.more is new and wants a value",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, d := range dialects() {
				db := ready(t, d)
				exec(t, db, append(strings.Split(c.change, "; "), future)...)
				err := schema.Ensure(t.Context(), db)
				if c.problem == "" && err != nil {
					t.Errorf("%v: %v, want it used", d, err)
				}
				if c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)) {
					t.Errorf("%v: error %v, want one about: %s", d, err, c.problem)
				}
			}
		})
	}
}

func TestRefusedDatabasesSayWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ change, problem string }{
		"no revision":   {"DELETE FROM alembic_version", "0 revisions"},
		"two revisions": {"INSERT INTO alembic_version VALUES ('other')", "2 revisions"},
		"unversioned":   {"DROP TABLE alembic_version", "no table alembic_version"},
		"broken":        {"DROP TABLE tags", "the table tags is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, d := range dialects() {
				db := ready(t, d)
				exec(t, db, c.change)
				if err := schema.Ensure(t.Context(), db); err == nil || !strings.Contains(err.Error(), c.problem) {
					t.Errorf("%v: error %v, want one about: %s", d, err, c.problem)
				}
			}
		})
	}
}

func TestTablesOfOtherProgramsDoNotMatter(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		db, _ := newPlace(t, d).open(t)
		exec(t, db, "CREATE TABLE customers (id INTEGER)")
		if err := schema.Ensure(t.Context(), db); err != nil {
			t.Errorf("%v: %v", d, err)
		}
	}
}

func TestExtraIndexesComeAndGo(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			db := ready(t, d)
			present := func() int {
				states, err := schema.ReadIndexes(t.Context(), db)
				if err != nil {
					t.Fatal(err)
				}
				n := 0
				for _, s := range states {
					if s.Present {
						n++
					}
				}
				return n
			}
			all := len(schema.Indexes(d))
			for _, step := range []struct {
				options    core.OptimizeOptions
				statements int // beside the one that gathers statistics
				present    int
			}{
				{core.OptimizeOptions{}, 0, all},
				{core.OptimizeOptions{Remove: true, DryRun: true}, all, all},
				{core.OptimizeOptions{Remove: true}, all, 0},
				{core.OptimizeOptions{DryRun: true}, all, 0},
				{core.OptimizeOptions{}, all, all},
			} {
				statements, err := schema.Optimize(t.Context(), db, step.options)
				if err != nil || len(statements) != step.statements+1 || present() != step.present {
					t.Errorf("%+v: statements %q, present %d, error %v", step.options, statements, present(), err)
				}
			}
		})
	}
}

// An index of an earlier release may have the name of one of today's.
func TestExtraIndexesAreToldByTheirDefinitions(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			db := ready(t, d)
			exec(t, db, "DROP INDEX mlstore_latest_metrics_order",
				"CREATE INDEX mlstore_latest_metrics_order ON latest_metrics (key, value, run_uuid, is_nan)")
			findings, err := schema.Check(t.Context(), db)
			if err != nil || len(findings) != 1 || !strings.Contains(findings[0].Text, "mlstore_latest_metrics_order is another one") {
				t.Errorf("findings %v, error %v", findings, err)
			}
			got, err := schema.Optimize(t.Context(), db, core.OptimizeOptions{})
			gather := map[sqldb.Dialect]string{sqldb.SQLite: "ANALYZE", sqldb.Postgres: "VACUUM (ANALYZE)"}
			want := []string{
				"DROP INDEX mlstore_latest_metrics_order",
				"CREATE INDEX mlstore_latest_metrics_order ON latest_metrics (key, value DESC, run_uuid, is_nan)", gather[d],
			}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("statements (-want +got), error %v:\n%s", err, diff)
			}
			if findings, err = schema.Check(t.Context(), db); err != nil || len(findings) != 0 {
				t.Errorf("afterwards: %v, error %v", findings, err)
			}
		})
	}
}

func TestCheckFindsWhatIsMissingAndWhatBelongsToNothing(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			db := ready(t, d)
			if findings, err := schema.Check(t.Context(), db); err != nil || len(findings) != 0 {
				t.Fatalf("a new database: %v, error %v", findings, err)
			}
			exec(t, db, "DROP INDEX index_params_run_uuid", "DROP INDEX mlstore_runs_experiment",
				"INSERT INTO input_tags (input_uuid, name, value) VALUES ('a', 'b', 'c'), ('a', 'd', 'e')")
			findings, err := schema.Check(t.Context(), db)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range findings {
				got = append(got, f.Text)
			}
			want := []string{
				"MLflow's index index_params_run_uuid is missing",
				"the index mlstore_runs_experiment is missing: the runs of an experiment, the newest first",
				"2 rows of input_tags belong to nothing: no row of inputs has their input_uuid",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUpgradeChangesNothingInADryRun(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		db := ready(t, d)
		back := schema.Revisions()[len(schema.Revisions())-3]
		exec(t, db, "UPDATE alembic_version SET version_num = '"+back+"'")
		before := describe(t, db)
		var steps []string
		s, err := schema.Upgrade(t.Context(), db, schema.UpgradeOptions{DryRun: true, Step: func(s schema.Step) {
			steps = append(steps, s.Revision)
		}})
		if err != nil || s.Revision != back || len(steps) != 2 {
			t.Errorf("%v: status %+v, steps %v, error %v", d, s, steps, err)
		}
		if diff := cmp.Diff(before, describe(t, db)); diff != "" {
			t.Errorf("%v: catalogue (-before +after):\n%s", d, diff)
		}
	}
}
