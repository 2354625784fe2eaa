// Package httpstore_test joins the http store with our server over several stores, and holds it to the suite there.
package httpstore_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/internal/testenv"
	httpstore "github.com/mlstore/mlstore/plugins/http"
	"github.com/mlstore/mlstore/plugins/postgres"
	"github.com/mlstore/mlstore/registry"
	"github.com/mlstore/mlstore/server"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// backends are the stores behind the server, by name: where one of them is.
func backends() map[string]func(t testing.TB) string {
	return map[string]func(t testing.TB) string{
		"mem": func(testing.TB) string { return "mem:" },
		"sqlite": func(t testing.TB) string {
			t.Helper()
			return "sqlite:///" + filepath.ToSlash(filepath.Join(t.TempDir(), "mlflow.db"))
		},
		"postgres": func(t testing.TB) string { t.Helper(); return testenv.Postgres(t) },
	}
}

// serve starts our server over the stores at uri, with the files that it serves in a folder, and returns its URL.
func serve(t testing.TB, uri string) string {
	t.Helper()
	resolver, err := embedded.New(
		embedded.With("mem", registry.Rule{
			Opener: core.OpenerFunc(openMem), Empty: true,
			Kinds: []registry.Kind{registry.Tracking, registry.Artifacts, registry.Registry},
		}),
		embedded.With("postgresql", registry.Rule{
			Opener: &postgres.Opener{}, Kinds: []registry.Kind{registry.Tracking, registry.Registry},
		}),
	)
	must(t, err)
	at, err := core.ParseURI(uri)
	must(t, err)
	s, err := server.New(t.Context(), server.Config{
		Resolver: resolver, Tracking: at, ArtifactsDestination: filepath.Join(t.TempDir(), "artifacts"),
	})
	must(t, err)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		web.Close()
		must(t, errors.Join(s.Close(), resolver.Close()))
	})
	return web.URL
}

func openMem(context.Context, core.OpenRequest) (core.Backend, error) {
	return core.Backend{Tracking: mem.NewTracking(), Registry: mem.NewRegistry()}, nil
}

// open opens what uri names, belonging to the server at url.
func open(t conformance.T, uri, url string) core.Backend {
	t.Helper()
	return opened(t, url, core.OpenRequest{URI: parsed(t, uri), Options: options("3")})
}

func openReadOnly(t conformance.T, uri, url string) core.Backend {
	t.Helper()
	return opened(t, url, core.OpenRequest{URI: parsed(t, uri), Options: options("3"), ReadOnly: true})
}

// openOnce opens a client that repeats nothing, so that a fault that hits a request hits the call.
func openOnce(t conformance.T, uri, url string) core.Backend {
	t.Helper()
	return opened(t, url, core.OpenRequest{URI: parsed(t, uri), Options: options("0")})
}

func options(retries string) map[string]string {
	return map[string]string{"max_retries": retries, "backoff_factor": "0.01", "backoff_jitter": "0.01"}
}

func parsed(t conformance.T, text string) core.URI {
	t.Helper()
	u, err := core.ParseURI(text)
	conformance.NoError(t, "ParseURI", err)
	return u
}

func opened(t conformance.T, url string, request core.OpenRequest) core.Backend {
	t.Helper()
	request.Tracking, request.Registry = parsed(t, url), parsed(t, url)
	o := httpstore.Opener{Getenv: func(string) string { return "" }}
	b, err := o.Open(t.Context(), request)
	conformance.NoError(t, "Open", err)
	return b
}
