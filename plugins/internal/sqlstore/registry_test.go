package sqlstore_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/litedb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/pgdb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// registryOn runs a test with a registry on each of the databases.
func registryOn(t *testing.T, test func(*testing.T, *sqlstore.Registry, sqldb.DB)) {
	t.Helper()
	for _, d := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			var db sqldb.DB
			var err error
			if d == sqldb.Postgres {
				db, err = pgdb.Open(t.Context(), pgdb.Config{URI: testenv.Postgres(t)})
			} else {
				db, err = litedb.Open(t.Context(), litedb.Options{Path: filepath.Join(t.TempDir(), "mlflow.db")})
			}
			must(t, err)
			must(t, schema.Ensure(t.Context(), db))
			r := sqlstore.NewRegistry(db, sqlstore.Options{Name: d.String()})
			t.Cleanup(func() { must(t, r.Close()) })
			test(t, r, db)
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// line creates a model with versions.
func line(t *testing.T, r *sqlstore.Registry, model string, specs ...core.VersionSpec) {
	t.Helper()
	_, err := r.CreateModel(t.Context(), core.ModelSpec{Name: model})
	must(t, err)
	for _, spec := range specs {
		spec.Source = "s3://b/k"
		_, err := r.CreateVersion(t.Context(), model, spec)
		must(t, err)
	}
}

// read reads one row.
func read(t *testing.T, db sqldb.DB, sql string, dest ...any) {
	t.Helper()
	var b sqldb.Batch
	var found bool
	b.Query(sqldb.One(&found, dest...), sql)
	must(t, db.Fetch(t.Context(), &b))
	if !found {
		t.Fatalf("no row: %s", sql)
	}
}

// The logged model of a version, for which MLflow's schema has no column, is kept in a tag that callers do not see.
func TestLoggedModelOfVersion(t *testing.T) {
	t.Parallel()
	registryOn(t, func(t *testing.T, r *sqlstore.Registry, _ sqldb.DB) {
		t.Helper()
		ctx, id := t.Context(), core.NewModelID()
		line(t, r, "m", core.VersionSpec{ModelID: id, Tags: map[string]string{"k": "v"}})
		name := "renamed"
		_, err := r.UpdateModel(ctx, "m", core.ModelChange{Name: &name})
		must(t, err)
		ref := core.VersionRef{Model: name, Number: 1}
		v, err := r.Version(ctx, ref)
		must(t, err)
		if diff := cmp.Diff(map[string]string{"k": "v"}, v.Tags); v.ModelID != id || diff != "" {
			t.Errorf("model id %q, want %q; tags (-want +got):\n%s", v.ModelID, id, diff)
		}
		for what, change := range map[string]core.TagChange{
			"set": {Set: map[string]string{"mlstore.modelId": "x"}}, "deleted": {Delete: []string{"mlstore.modelId"}},
		} {
			if _, err := r.UpdateVersion(ctx, ref, core.VersionChange{Tags: change}); !errors.Is(err, core.ErrInvalid) {
				t.Errorf("the tag is %s: %v, want ErrInvalid", what, err)
			}
		}
		_, err = r.CreateVersion(ctx, name, core.VersionSpec{Source: "s3://b/k", Tags: map[string]string{"mlstore.modelId": "x"}})
		if !errors.Is(err, core.ErrInvalid) {
			t.Errorf("a version with the tag: %v, want ErrInvalid", err)
		}
	})
}

// A deleted version leaves the row that MLflow leaves, and nothing of what it was.
func TestRowOfDeletedVersion(t *testing.T) {
	t.Parallel()
	registryOn(t, func(t *testing.T, r *sqlstore.Registry, db sqldb.DB) {
		t.Helper()
		line(t, r, "m", core.VersionSpec{
			RunID: core.NewRunID(), RunLink: "http://secret", User: "me", Description: "d", Tags: map[string]string{"k": "v"},
		})
		must(t, r.DeleteVersion(t.Context(), core.VersionRef{Model: "m", Number: 1}))
		var got [8]*string
		read(t, db, "SELECT current_stage, source, run_id, run_link, description, user_id, storage_location, status_message "+
			"FROM model_versions", &got[0], &got[1], &got[2], &got[3], &got[4], &got[5], &got[6], &got[7])
		want := [8]*string{
			new("Deleted_Internal"), new("REDACTED-SOURCE-PATH"), new("REDACTED-RUN-ID"), new("REDACTED-RUN-LINK"),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("row (-want +got):\n%s", diff)
		}
		var tags int
		read(t, db, "SELECT count(*) FROM model_version_tags", &tags)
		if tags != 0 {
			t.Errorf("%d tags are left", tags)
		}
	})
}

// Releases of MLflow until 2.22 leave the aliases of versions that they delete: nothing has them.
func TestAliasesOfDeletedVersions(t *testing.T) {
	t.Parallel()
	registryOn(t, func(t *testing.T, r *sqlstore.Registry, db sqldb.DB) {
		t.Helper()
		ctx := t.Context()
		line(t, r, "m", core.VersionSpec{}, core.VersionSpec{})
		must(t, r.SetAlias(ctx, core.VersionRef{Model: "m", Number: 1}, "kept"))
		must(t, r.DeleteVersion(ctx, core.VersionRef{Model: "m", Number: 2}))
		var b sqldb.Batch
		b.Exec("INSERT INTO registered_model_aliases (workspace, name, alias, version) VALUES ('default', 'm', 'left', 2)")
		must(t, db.Apply(ctx, &b))
		m, err := r.Model(ctx, "m")
		must(t, err)
		if diff := cmp.Diff(map[string]int{"kept": 1}, m.Aliases); diff != "" {
			t.Errorf("aliases (-want +got):\n%s", diff)
		}
		if _, err := r.VersionByAlias(ctx, "m", "left"); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("the alias that is left: %v, want ErrNotFound", err)
		}
	})
}

// A number that somebody took who does not lock the model, as MLflow does, is passed over.
func TestNumbersThatOthersTake(t *testing.T) {
	t.Parallel()
	registryOn(t, func(t *testing.T, r *sqlstore.Registry, db sqldb.DB) {
		t.Helper()
		ctx := t.Context()
		line(t, r, "m", core.VersionSpec{})
		var b sqldb.Batch
		b.Exec("INSERT INTO model_versions (workspace, name, version, source) VALUES ('default', 'm', 7, 's3://theirs')")
		must(t, db.Apply(ctx, &b))
		v, err := r.CreateVersion(ctx, "m", core.VersionSpec{Source: "s3://b/k"})
		must(t, err)
		if v.Number != 8 {
			t.Errorf("the next number is %d, want 8", v.Number)
		}
		theirs, err := r.Version(ctx, core.VersionRef{Model: "m", Number: 7})
		must(t, err)
		want := core.Version{Model: "m", Number: 7, Stage: core.StageNone, Source: "s3://theirs", Status: core.VersionReady, Tags: map[string]string{}}
		if diff := cmp.Diff(want, theirs); diff != "" {
			t.Errorf("a row with nothing but the source (-want +got):\n%s", diff)
		}
		_, err = r.Version(ctx, core.VersionRef{Model: "m", Number: 1 << 40})
		if !errors.Is(err, core.ErrNotFound) {
			t.Errorf("a number beyond the column: %v, want ErrNotFound", err)
		}
	})
}

func TestRegistryThatOnlyReads(t *testing.T) {
	t.Parallel()
	registryOn(t, func(t *testing.T, r *sqlstore.Registry, db sqldb.DB) {
		t.Helper()
		line(t, r, "m", core.VersionSpec{})
		reader := sqlstore.NewRegistry(db, sqlstore.Options{Name: "reader", ReadOnly: true})
		if _, err := reader.Model(t.Context(), "m"); err != nil {
			t.Error(err)
		}
		ref := core.VersionRef{Model: "m", Number: 1}
		for what, change := range map[string]func(context.Context) error{
			"CreateModel": func(ctx context.Context) error {
				_, err := reader.CreateModel(ctx, core.ModelSpec{Name: "n"})
				return err
			},
			"UpdateModel": func(ctx context.Context) error {
				_, err := reader.UpdateModel(ctx, "m", core.ModelChange{})
				return err
			},
			"DeleteModel":   func(ctx context.Context) error { return reader.DeleteModel(ctx, "m") },
			"DeleteVersion": func(ctx context.Context) error { return reader.DeleteVersion(ctx, ref) },
			"SetAlias":      func(ctx context.Context) error { return reader.SetAlias(ctx, ref, "a") },
			"DeleteAlias":   func(ctx context.Context) error { return reader.DeleteAlias(ctx, "m", "a") },
			"ImportModel":   func(ctx context.Context) error { return reader.ImportModel(ctx, core.Model{Name: "n"}) },
		} {
			if err := change(t.Context()); !errors.Is(err, core.ErrPermission) {
				t.Errorf("%s: %v, want ErrPermission", what, err)
			}
		}
	})
}
