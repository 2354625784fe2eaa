package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/killtest"
	"github.com/mlstore/mlstore/plugins/postgres"
	"github.com/mlstore/mlstore/sdk/sdktest"
)

func logger() killtest.Program { return killtest.Program{Variable: "MLSTORE_TEST_POSTGRES_CHILD"} }

// TestMain makes a process that a test has started do what the test wants.
func TestMain(m *testing.M) {
	child, err := logger().Serve(openStore)
	if !child {
		child, err = host().Serve(openThroughProcess)
	}
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case !child:
		sdktest.Main(m, postgres.Plugin()) // may be a process of the plugin
	}
}

func openStore(raw string) (core.TrackingStore, error) { return openWith(postgres.Opener{}, raw) }

// times is how often something is killed; MLSTORE_KILL=all makes it 200 times.
func times() int {
	if os.Getenv("MLSTORE_KILL") == "all" {
		return 200
	}
	return 10
}

func TestStoreKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	uri := testenv.Postgres(t)
	s, err := openStore(uri)
	must(t, err)
	r, err := s.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{})
	must(t, err)
	var acknowledged []int64
	for i := range times() {
		more, err := logger().Kill(t.Context(), uri, r.ID, int64(i)*1_000_000, 1+rand.IntN(40))
		must(t, err)
		acknowledged = append(acknowledged, more...)
	}
	if err := killtest.Check(t.Context(), s, r.ID, acknowledged); err != nil {
		t.Errorf("after %d kills: %v", times(), err)
	}
	must(t, s.Close())
}

// TestServerKilledInTheMiddle kills the server, which syncs its files, while one store logs, which goes on afterwards.
func TestServerKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	server := testenv.NewPostgresServer(t, testenv.PostgresOptions{})
	s, err := openStore(server.Database(t))
	must(t, err)
	r, err := s.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{})
	must(t, err)
	var acknowledged []int64
	for i := range times() {
		after := len(acknowledged) + 1 + rand.IntN(40)
		killed := make(chan struct{})
		ended := killtest.Log(t.Context(), s, r.ID, int64(i)*1_000_000, func(step int64) {
			if acknowledged = append(acknowledged, step); len(acknowledged) == after {
				go func() {
					defer close(killed)
					server.Kill(t)
				}()
			}
		})
		if ended == nil {
			t.Fatal("logging ended well without a server")
		}
		<-killed
		server.Start(t)
		if err := killtest.Check(t.Context(), s, r.ID, acknowledged); err != nil {
			t.Fatalf("after %d kills and %v: %v", i+1, ended, err)
		}
	}
	must(t, s.Close())
}
