package postgres_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/killtest"
	"github.com/mlstore/mlstore/plugins/postgres"
	"github.com/mlstore/mlstore/sdk/sdktest"
)

// host is a program that logs through a process of the plugin.
func host() killtest.Program { return killtest.Program{Variable: "MLSTORE_TEST_POSTGRES_HOST"} }

// openThroughProcess opens the store of a host that is never closed: it is killed.
func openThroughProcess(raw string) (core.TrackingStore, error) {
	h, err := sdktest.NewHost(postgres.Plugin())
	if err != nil {
		return nil, err
	}
	return openWith(h, raw)
}

func openWith(o core.Opener, raw string) (core.TrackingStore, error) {
	uri, err := core.ParseURI(raw)
	if err != nil {
		return nil, err
	}
	b, err := o.Open(context.Background(), core.OpenRequest{
		URI: uri, Options: map[string]string{"artifact_root": "s3://bucket/root"},
	})
	if err != nil {
		return nil, err
	}
	return b.Tracking, b.Registry.Close()
}

// TestHostKilledInTheMiddle kills a host, whose plugin ends with it.
func TestHostKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	uri := testenv.Postgres(t)
	s, err := openStore(uri)
	must(t, err)
	r, err := s.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{})
	must(t, err)
	var acknowledged []int64
	for i := range times() {
		more, err := host().Kill(t.Context(), uri, r.ID, int64(i)*1_000_000, 1+rand.IntN(40))
		must(t, err)
		acknowledged = append(acknowledged, more...)
	}
	if err := killtest.Check(t.Context(), s, r.ID, acknowledged); err != nil {
		t.Errorf("after %d kills: %v", times(), err)
	}
	must(t, s.Close())
}

// TestPluginKilledInTheMiddle kills the plugin under a host, which starts it again and goes on. A batch whose plugin died is
// sent once more, which changes nothing where it had arrived.
func TestPluginKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	uri := testenv.Postgres(t)
	h, err := sdktest.NewHost(postgres.Plugin())
	must(t, err)
	s, err := openWith(h, uri)
	must(t, err)
	r, err := s.CreateRun(t.Context(), core.DefaultExperimentID, core.RunSpec{})
	must(t, err)
	var acknowledged []int64
	for i := range times() {
		ctx, cancel := context.WithCancel(t.Context())
		begun, after := len(acknowledged), 1+rand.IntN(40)
		ended := killtest.Log(ctx, s, r.ID, int64(i)*1_000_000, func(step int64) {
			switch acknowledged = append(acknowledged, step); len(acknowledged) - begun {
			case after:
				if err := h.Kill(); err != nil {
					t.Errorf("killing the plugin: %v", err)
				}
			case after + 2*killtest.Writers: // it has been started again
				cancel()
			}
		})
		cancel()
		if len(acknowledged)-begun < after {
			t.Fatalf("logging ended by itself: %v", ended)
		}
	}
	if err := killtest.Check(t.Context(), s, r.ID, acknowledged); err != nil {
		t.Errorf("after %d kills: %v", times(), err)
	}
	must(t, s.Close())
	must(t, h.Close())
}
