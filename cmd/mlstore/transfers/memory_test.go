// Package transfers_test sends files through a whole server: large ones in little memory, and in parts straight to S3.
package transfers_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/mlstore/mlstore/embedded"
	"github.com/mlstore/mlstore/server"
	"github.com/mlstore/mlstore/server/edge"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const proxy = "/api/2.0/mlflow-artifacts/artifacts/"

// zeros is a body of zeros that costs no memory.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// Whatever the size of a file, all that is allocated while it passes, by the server and this client together, is less than 16
// MiB: so no part of it is kept.
func TestLargeFilesTakeLittleMemory(t *testing.T) { //nolint:paralleltest // what others allocate would count
	resolver, err := embedded.New()
	must(t, err)
	s, err := server.New(t.Context(), server.Config{
		Resolver: resolver, ArtifactsDestination: filepath.Join(t.TempDir(), "artifacts"), ArtifactsOnly: true,
	})
	must(t, err)
	web := httptest.NewServer(edge.Paced(s.Handler()))
	defer func() {
		web.Close()
		must(t, s.Close())
		must(t, resolver.Close())
	}()
	const size, most = 256 << 20, 16 << 20
	send := func(method string, body io.Reader, length int64) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, web.URL+proxy+"large", body)
		must(t, err)
		r.ContentLength = length
		answer, err := http.DefaultClient.Do(r)
		must(t, err)
		n, err := io.Copy(io.Discard, answer.Body)
		must(t, err)
		must(t, answer.Body.Close())
		if answer.StatusCode != http.StatusOK || method == http.MethodGet && n != size {
			t.Fatalf("%s: %d, %d bytes", method, answer.StatusCode, n)
		}
	}
	allocated := func(do func()) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		do()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for name, do := range map[string]func(){
		"an upload":           func() { send(http.MethodPut, io.LimitReader(zeros{}, size), size) },
		"an upload in chunks": func() { send(http.MethodPut, io.LimitReader(zeros{}, size), -1) },
		"a download":          func() { send(http.MethodGet, nil, 0) },
	} {
		if name == "a download" {
			send(http.MethodPut, io.LimitReader(zeros{}, size), size)
		}
		if n := allocated(do); n > most {
			t.Errorf("%s of %d MiB allocates %d MiB", name, size>>20, n>>20)
		} else {
			t.Logf("%s of %d MiB allocates %.1f MiB", name, size>>20, float64(n)/(1<<20))
		}
	}
}
