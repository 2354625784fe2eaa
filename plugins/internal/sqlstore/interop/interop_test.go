package interop_test

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// alike checks that MLflow and we see the same.
func alike(t *testing.T, theirs, ours shown) {
	t.Helper()
	if diff := cmp.Diff(theirs, ours, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("what the database holds (-MLflow +ours):\n%s", diff)
	}
}

func TestMLflow(t *testing.T) {
	t.Parallel()
	all := &releases{parent: t}
	for _, d := range []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} {
		for name, test := range map[string]func(*testing.T, *releases, sqldb.Dialect){
			"1.30.1": older("1.30.1"), "2.22.5": older("2.22.5"), "newest": newestBothWays, "at once": atOnce,
		} {
			t.Run(name+" on "+d.String(), func(t *testing.T) {
				t.Parallel()
				test(t, all, d)
			})
		}
	}
}

// older: a database of an older release is refused with the command that helps; after the upgrade we see what the release
// saw, and the newest release sees what we see.
func older(release string) func(*testing.T, *releases, sqldb.Dialect) {
	return func(t *testing.T, all *releases, d sqldb.Dialect) {
		t.Helper()
		at, old := newPlace(t, d), all.of(t, release)
		old.do(t, "write", at, nil, nil)
		before := old.show(t, at, searches{})
		if _, err := at.tryOpen(t); !errors.Is(err, core.ErrState) || !strings.Contains(err.Error(), "mlstore db upgrade") {
			t.Fatalf("opening the old database: %v, want ErrState that names mlstore db upgrade", err)
		}
		db := at.database(t, true)
		_, err := schema.Upgrade(t.Context(), db, schema.UpgradeOptions{})
		check(t, errors.Join(err, db.Close()))
		s := at.open(t)
		alike(t, before, s.show(t, searches{}))
		alike(t, all.of(t, newest).show(t, at, allSearches()), s.show(t, allSearches()))
	}
}

// newestBothWays: the newest release reads, searches, changes and deletes what we wrote, and we read what it wrote.
func newestBothWays(t *testing.T, all *releases, d sqldb.Dialect) {
	t.Helper()
	at, m := newPlace(t, d), all.of(t, newest)
	if d == sqldb.SQLite { // here the database is MLflow's, there ours
		m.do(t, "write", at, nil, nil)
	}
	s := at.open(t)
	w := s.write(t)
	if d == sqldb.Postgres {
		m.do(t, "write", at, nil, nil)
	}
	q := allSearches()
	theirs := m.show(t, at, q)
	alike(t, theirs, s.show(t, q))
	q.found(t, theirs)
	m.do(t, "change", at, args{"run": w.run, "deleted": w.deleted, "experiment": w.experiment, "trashed": w.trashed}, nil)
	m.do(t, "change_models", at, nil, nil)
	alike(t, m.show(t, at, q), s.show(t, q))
	if _, err := s.registry.Model(t.Context(), "short-lived"); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("the model that MLflow renamed and deleted: %v", err)
	}
}

// atOnce: MLflow and two handles of ours write to one run and register versions of one model at the same time.
func atOnce(t *testing.T, all *releases, d sqldb.Dialect) {
	t.Helper()
	at, m := newPlace(t, d), all.of(t, newest)
	one, two := at.open(t), at.open(t)
	r, err := one.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{Name: "together"})
	check(t, err)
	_, err = one.registry.CreateModel(t.Context(), core.ModelSpec{Name: "together"})
	check(t, err)
	const points = 60
	var writers sync.WaitGroup
	writers.Go(func() { one.append(t, r.ID, "one", points) })
	writers.Go(func() { two.append(t, r.ID, "two", points) })
	m.do(t, "append", at, args{"run": r.ID, "points": points, "model": "together"}, nil)
	writers.Wait()
	seen := one.show(t, searches{})
	alike(t, m.show(t, at, searches{}), seen)
	run := seen.Experiments[core.DefaultExperimentID].Runs[r.ID]
	for key, want := range map[string]int{"shared": 3 * points, "one": points, "two": points, "theirs": points} {
		if got := len(run.History[key]); got != want {
			t.Errorf("metric %s has %d points, want %d", key, got, want)
		}
	}
	if got := run.Latest["shared"]; got != numberOf(points-0.5) {
		t.Errorf("the latest value is %s, want %v", got, points-0.5)
	}
	for n := range 3 * points / 10 {
		if _, there := seen.Models["together"].Versions[strconv.Itoa(n+1)]; !there {
			t.Errorf("version %d is missing", n+1)
		}
	}
}

// append does what the act append of MLflow does. It may be called by any goroutine.
func (s stores) append(t *testing.T, run core.RunID, own string, points int) {
	t.Helper()
	for n := range points {
		point := core.Metric{Key: "shared", Value: float64(n), Timestamp: core.Millis(1600000000000 + n), Step: int64(n)}
		if own == "two" {
			point.Value = -point.Value - 1
		}
		mine := point
		mine.Key = own
		b := core.Batch{Metrics: []core.Metric{point, mine}}
		if n%10 == 0 {
			key := own + " " + strconv.Itoa(n)
			b.Params = []core.Param{{Key: key, Value: strconv.Itoa(n)}}
			b.Tags = []core.Tag{{Key: own, Value: strconv.Itoa(n)}}
			if _, err := s.registry.CreateVersion(t.Context(), "together", core.VersionSpec{Source: "s3://" + own + "/x"}); err != nil {
				t.Errorf("%s: %v", own, err)
			}
		}
		if err := s.LogBatch(t.Context(), run, b); err != nil {
			t.Errorf("%s: %v", own, err)
			return
		}
	}
}
