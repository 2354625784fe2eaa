package sqlstore_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/pgdb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// trips counts the calls of a database: an Apply or Fetch is one round trip, a Write or Read is more.
type trips struct {
	sqldb.DB

	one, more atomic.Int64
}

func (d *trips) Apply(ctx context.Context, b *sqldb.Batch) error {
	d.one.Add(1)
	return d.DB.Apply(ctx, b)
}

func (d *trips) Write(ctx context.Context, f func(sqldb.Tx) error) error {
	d.more.Add(1)
	return d.DB.Write(ctx, f)
}

func TestChangesOfAnActiveRunAreOneRoundTripOnPostgres(t *testing.T) {
	t.Parallel()
	db, err := pgdb.Open(t.Context(), pgdb.Config{URI: testenv.Postgres(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Ensure(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	counted := &trips{DB: db}
	s, err := sqlstore.NewTracking(t.Context(), counted, sqlstore.Options{Name: "postgres", ArtifactRoot: "s3://bucket/root"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	r, err := s.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{Name: "before"})
	if err != nil {
		t.Fatal(err)
	}
	one, more := counted.one.Load(), counted.more.Load()
	info, err := s.UpdateRun(t.Context(), r.ID, core.RunChange{Status: core.Finished, EndTime: new(core.Millis(7)), Name: "after"})
	if err != nil || info.Status != core.Finished || info.EndTime != 7 || info.Name != "after" {
		t.Errorf("UpdateRun: %+v, %v", info, err)
	}
	if err := s.ChangeRunTags(t.Context(), r.ID, core.TagChange{Set: map[string]string{"a": "1", "b": "2"}}); err != nil {
		t.Error(err)
	}
	rename := core.TagChange{Set: map[string]string{core.RunNameTag: "again", "a": "3"}}
	if err := s.ChangeRunTags(t.Context(), r.ID, rename); err != nil {
		t.Error(err)
	}
	if n, m := counted.one.Load()-one, counted.more.Load()-more; n != 3 || m != 0 {
		t.Errorf("3 changes took %d calls of one round trip and %d of more", n, m)
	}
	got, err := s.Run(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"a": "3", "b": "2", core.RunNameTag: "again"}
	if diff := cmp.Diff(want, got.Tags); diff != "" || got.Name != "again" || got.EndTime != 7 {
		t.Errorf("the run is %+v, tags (-want +got):\n%s", got.RunInfo, diff)
	}
	if _, err := s.UpdateRun(t.Context(), r.ID, core.RunChange{Lifecycle: core.Deleted}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.UpdateRun(t.Context(), r.ID, core.RunChange{Name: "never"}); !errors.Is(err, core.ErrState) {
		t.Errorf("a change of a deleted run: %v", err)
	}
}
