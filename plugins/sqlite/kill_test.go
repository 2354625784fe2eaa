package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/killtest"
	"github.com/mlstore/mlstore/plugins/sqlite"
)

const crowdVariable = "MLSTORE_TEST_SQLITE_CROWD"

func logger() killtest.Program { return killtest.Program{Variable: "MLSTORE_TEST_SQLITE_CHILD"} }

// TestMain makes a process that a test has started do what the test wants.
func TestMain(m *testing.M) {
	child, err := logger().Serve(openStore)
	if path := os.Getenv(crowdVariable); path != "" {
		child, err = true, write(path)
	}
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case !child:
		os.Exit(m.Run())
	}
}

func openStore(path string) (core.TrackingStore, error) {
	uri, err := core.ParseURI("sqlite:///" + path)
	if err != nil {
		return nil, err
	}
	b, err := sqlite.Opener{}.Open(context.Background(), core.OpenRequest{URI: uri})
	if err != nil {
		return nil, err
	}
	return b.Tracking, b.Registry.Close()
}

const (
	processes = 8
	writers   = 25 // a process
)

// write creates a run and logs to it, by many callers at once.
func write(path string) error {
	ctx := context.Background()
	s, err := openStore(path)
	if err != nil {
		return err
	}
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			r, err := s.CreateRun(ctx, core.DefaultExperimentID, core.RunSpec{})
			if err == nil {
				err = s.LogBatch(ctx, r.ID, core.Batch{
					Metrics: []core.Metric{{Key: "m", Value: 1}}, Params: []core.Param{{Key: "p", Value: "1"}},
				})
			}
			errs[i] = err
		})
	}
	wg.Wait()
	return errors.Join(errors.Join(errs...), s.Close())
}

func TestManyProcessesWriteAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mlflow.db") // they create it at once too
	self, err := os.Executable()
	must(t, err)
	var wg sync.WaitGroup
	for range processes {
		wg.Go(func() {
			child := exec.CommandContext(t.Context(), self, "-test.run=^$")
			child.Env = append(os.Environ(), crowdVariable+"="+path)
			if out, err := child.CombinedOutput(); err != nil {
				t.Errorf("a process: %v\n%s", err, out)
			}
		})
	}
	wg.Wait()
	s, err := openStore(path)
	must(t, err)
	page, err := s.SearchRuns(t.Context(), core.RunQuery{
		Experiments: []core.ExperimentID{core.DefaultExperimentID}, Filter: "metrics.m = 1 AND params.p = '1'",
	})
	must(t, err)
	if len(page.Items) != processes*writers {
		t.Errorf("%d runs, want the %d that were acknowledged", len(page.Items), processes*writers)
	}
	must(t, s.Close())
}

// TestKilledInTheMiddle kills a process that logs. MLSTORE_KILL=all does it 200 times.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	times := 10
	if os.Getenv("MLSTORE_KILL") == "all" {
		times = 200
	}
	path := filepath.Join(t.TempDir(), "mlflow.db")
	s, err := openStore(path)
	must(t, err)
	r, err := s.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{})
	must(t, err)
	must(t, s.Close())
	var acknowledged []int64
	for i := range times {
		more, err := logger().Kill(t.Context(), path, r.ID, int64(i)*1_000_000, 1+rand.IntN(40))
		must(t, err)
		acknowledged = append(acknowledged, more...)
	}
	s, err = openStore(path)
	must(t, err)
	if err := killtest.Check(t.Context(), s, r.ID, acknowledged); err != nil {
		t.Errorf("after %d kills: %v", times, err)
	}
	must(t, s.Close())
	db, err := sql.Open("sqlite", path)
	must(t, err)
	var verdict string
	must(t, db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict))
	if verdict != "ok" {
		t.Errorf("the file is not sound: %s", verdict)
	}
	must(t, db.Close())
}
