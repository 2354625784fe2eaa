package postgres_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/postgres"
)

// open opens the database of the URI; the artifacts go nowhere.
func open(t conformance.T, raw string) core.Backend {
	t.Helper()
	uri, err := core.ParseURI(raw)
	conformance.NoError(t, "ParseURI", err)
	b, err := postgres.Opener{}.Open(t.Context(), core.OpenRequest{
		URI: uri, Options: map[string]string{"artifact_root": "s3://bucket/root"},
	})
	conformance.NoError(t, "Open", err)
	return b
}

// trackingHarness opens stores in one database, which must outlive the suite: it is made before.
func trackingHarness(uri string) tracking.Harness {
	return tracking.Harness{
		Open:   func(t conformance.T) core.TrackingStore { return open(t, uri).Tracking },
		Second: func(t conformance.T, _ core.TrackingStore) core.TrackingStore { return open(t, uri).Tracking },
		Reopen: func(t conformance.T, old core.TrackingStore) core.TrackingStore {
			conformance.NoError(t, "Close", old.Close())
			return open(t, uri).Tracking
		},
	}
}

func extended(o *conformance.Options) { o.Level, o.Timeout = conformance.Extended, 15*time.Minute }

//nolint:paralleltest // the suite counts the open files of the process
func TestTrackingConformance(t *testing.T) {
	tracking.Test(t, trackingHarness(testenv.Postgres(t)), extended)
}

//nolint:paralleltest // as above
func TestTrackingConformanceWhenEverythingIsSerializable(t *testing.T) {
	uri := with(t, testenv.Postgres(t), "default_transaction_isolation", "serializable")
	tracking.Test(t, trackingHarness(uri), extended)
}

//nolint:paralleltest // as above
func TestTrackingConformanceBehindATransactionPooler(t *testing.T) {
	tracking.Test(t, trackingHarness(testenv.PgBouncer(t, testenv.Postgres(t))), extended)
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
