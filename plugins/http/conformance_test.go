package http_test

import (
	"os"
	"testing"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/artifact"
	"github.com/mlstore/mlstore/conformance/registrystore"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/http"
)

// releases are those of MLflow whose servers the suite is run against.
func releases() []string { return []string{"2.22.5", "3.18.0"} }

// wholeVariable asks for every case: an MLflow server takes minutes for those with thousands of calls and many callers.
const wholeVariable = "MLSTORE_MLFLOW_SUITE"

// chosen runs the cases of few calls, or the whole core where that is asked for.
func chosen(quick ...string) func(*conformance.Options) {
	return func(o *conformance.Options) {
		o.Level, o.Parallel, o.Timeout = conformance.Core, 4, 15*time.Minute
		if os.Getenv(wholeVariable) == "" {
			o.Only = quick
		}
	}
}

// harness reaches MLflow's server through the store, each handle a client of its own.
func harness[S core.Store](pick func(core.Backend) S, uri, url string) conformance.Harness[S] {
	open := func(t conformance.T) S { t.Helper(); return pick(open(t, uri, url)) }
	return conformance.Harness[S]{
		Open:   open,
		Second: func(t conformance.T, _ S) S { t.Helper(); return open(t) },
		Reopen: func(t conformance.T, old S) S {
			t.Helper()
			conformance.NoError(t, "Close", old.Close())
			return open(t)
		},
	}
}

// open opens what a URI names, with the settings of a test alone.
func open(t conformance.T, uri, url string) core.Backend {
	t.Helper()
	u, err := core.ParseURI(uri)
	conformance.NoError(t, "ParseURI", err)
	at, err := core.ParseURI(url)
	conformance.NoError(t, "ParseURI", err)
	o := http.Opener{Getenv: func(string) string { return "" }}
	b, err := o.Open(t.Context(), core.OpenRequest{URI: u, Tracking: at, Registry: at, Options: map[string]string{
		"max_retries": "2", "backoff_factor": "0.01", "backoff_jitter": "0.01",
	}})
	conformance.NoError(t, "Open", err)
	return b
}

func TestTrackingAtMLflow(t *testing.T) {
	t.Parallel()
	for _, release := range releases() {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			url := testenv.ServeMLflow(t, release).URL
			tracking.Test(t, harness(func(b core.Backend) core.TrackingStore { return b.Tracking }, url, url),
				chosen("TS-00[1-8]", "TS-01?", "TS-02?", "TS-03?", "TS-05[0-7]", "TS-06?", "TS-07?", "TS-10[2-5]", "TS-11[0-6]",
					"TS-12[1-7]", "TS-139", "TS-230"))
		})
	}
}

func TestRegistryAtMLflow(t *testing.T) {
	t.Parallel()
	for _, release := range releases() {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			url := testenv.ServeMLflow(t, release).URL
			registrystore.Test(t, harness(func(b core.Backend) core.RegistryStore { return b.Registry }, url, url),
				chosen("RG-00[1-5]", "RG-01?", "RG-02?", "RG-03[0-8]", "RG-05[2-9]", "RG-06[5-9]", "RG-07[0-3]", "RG-078"))
		})
	}
}

func TestArtifactsAtMLflow(t *testing.T) {
	t.Parallel()
	for _, release := range releases() {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			url := testenv.ServeMLflow(t, release).URL
			artifact.Test(t, harness(func(b core.Backend) core.ArtifactRepository { return b.Artifacts }, "mlflow-artifacts:/", url),
				chosen("AR-00[1-35-9]", "AR-01?", "AR-02[016]", "AR-04[6-9]", "AR-05[0146]", "AR-062"))
		})
	}
}
