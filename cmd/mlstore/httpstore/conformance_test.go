package httpstore_test

import (
	"strings"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/artifact"
	"github.com/mlstore/mlstore/conformance/registrystore"
	"github.com/mlstore/mlstore/conformance/tracking"
	"github.com/mlstore/mlstore/core"
)

// harness reaches the server at url through the http store: each handle is a client of its own.
func harness[S core.Store](pick func(core.Backend) S, uri, url string) conformance.Harness[S] {
	handle := func(t conformance.T) S { t.Helper(); return pick(open(t, uri, url)) }
	return conformance.Harness[S]{
		Open:   handle,
		Second: func(t conformance.T, _ S) S { t.Helper(); return handle(t) },
		Reopen: func(t conformance.T, old S) S {
			t.Helper()
			conformance.NoError(t, "Close", old.Close())
			return handle(t)
		},
		ReadOnly: func(t conformance.T, _ S) S { t.Helper(); return pick(openReadOnly(t, uri, url)) },
		Faults: func(t conformance.T, _ S) (S, conformance.Faults) {
			t.Helper()
			path := newPath(t, url)
			return pick(openOnce(t, strings.Replace(uri, url, path.url, 1), path.url)), path
		},
	}
}

func trackingOf(b core.Backend) core.TrackingStore   { return b.Tracking }
func registryOf(b core.Backend) core.RegistryStore   { return b.Registry }
func filesOf(b core.Backend) core.ArtifactRepository { return b.Artifacts }

// level is the extended one over the reference store, and the core over the others, which have been held to more themselves.
func level(backend string) func(*conformance.Options) {
	return func(o *conformance.Options) {
		if backend == "mem" {
			o.Level = conformance.Extended
		}
	}
}

func TestTracking(t *testing.T) {
	t.Parallel()
	for name, at := range backends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, at(t))
			tracking.Test(t, harness(trackingOf, url, url), level(name))
		})
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	for name, at := range backends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, at(t))
			registrystore.Test(t, harness(registryOf, url, url), level(name))
		})
	}
}

func TestArtifacts(t *testing.T) {
	t.Parallel()
	artifact.Test(t, harness(filesOf, "mlflow-artifacts:/", serve(t, "mem:")), level("mem"))
}
