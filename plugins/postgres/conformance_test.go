package postgres_test

import (
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/postgres"
	"github.com/mlstore/mlstore/sdk/sdktest"
)

// open opens the tracking store of the database.
func open(t conformance.T, uri string) core.TrackingStore {
	t.Helper()
	s, err := openStore(uri)
	conformance.NoError(t, "Open", err)
	return s
}

// trackingHarness opens stores in one database, which must outlive the suite: it is made before.
func trackingHarness(uri string) tracking.Harness {
	return tracking.Harness{
		Open:   func(t conformance.T) core.TrackingStore { return open(t, uri) },
		Second: func(t conformance.T, _ core.TrackingStore) core.TrackingStore { return open(t, uri) },
		Reopen: func(t conformance.T, old core.TrackingStore) core.TrackingStore {
			conformance.NoError(t, "Close", old.Close())
			return open(t, uri)
		},
	}
}

func extended(o *conformance.Options) { o.Level, o.Timeout = conformance.Extended, 15*time.Minute }

// TestConformance runs the suites of both stores linked, over a wire, and as a process.
//
//nolint:paralleltest // the suite counts the open files of the process
func TestConformance(t *testing.T) {
	shared, other := testenv.Postgres(t), testenv.Postgres(t)
	var opened atomic.Int64
	sdktest.Test(t, postgres.Plugin(), sdktest.Options{
		Fresh: func(t conformance.T) core.OpenRequest {
			raw := shared // with schema and data of others, which no case may mind; it is the quicker way
			if strings.Contains(t.Name(), "PL-028") && opened.Add(1)%2 == 0 {
				raw = other // of two openings on two sets of data the second
			}
			uri, err := core.ParseURI(raw)
			conformance.NoError(t, "ParseURI", err)
			return core.OpenRequest{URI: uri, Options: map[string]string{"artifact_root": "s3://bucket/root"}}
		},
		Shape: extended,
	})
}

// besideOthers is extended for a suite that runs beside others. It leaves out the case that counts the open files of the
// process, TS-196, which TestConformance judges.
func besideOthers(o *conformance.Options) {
	extended(o)
	o.Only = []string{"TS-[02-9]*", "TS-1[0-8]*", "TS-19[^6]"}
}

func TestTrackingConformanceWhenEverythingIsSerializable(t *testing.T) {
	t.Parallel()
	uri := with(t, testenv.Postgres(t), "default_transaction_isolation", "serializable")
	tracking.Test(t, trackingHarness(uri), besideOthers)
}

func TestTrackingConformanceBehindATransactionPooler(t *testing.T) {
	t.Parallel()
	tracking.Test(t, trackingHarness(testenv.PgBouncer(t, testenv.Postgres(t))), besideOthers)
}

// with adds a setting to the query of a URI.
func with(t testing.TB, raw, name, value string) string {
	t.Helper()
	uri, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	query := uri.Query()
	query.Set(name, value)
	uri.RawQuery = query.Encode()
	return uri.String()
}
