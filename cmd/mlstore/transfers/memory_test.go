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

// zeros is a body of zeros that costs no memory. It is also where a download ends. Every so many bytes it looks at how much
// memory is alive.
type zeros struct {
	passed int
	most   uint64 // bytes alive
}

func (z *zeros) Read(p []byte) (int, error) {
	clear(p)
	z.look(len(p))
	return len(p), nil
}

func (z *zeros) Write(p []byte) (int, error) {
	z.look(len(p))
	return len(p), nil
}

func (z *zeros) look(n int) {
	const every = 32 << 20
	if z.passed/every != (z.passed+n)/every {
		z.most = max(z.most, alive())
	}
	z.passed += n
}

// alive is how much memory is in use after what is not has been collected.
func alive() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Whatever the size of a file, while it passes less than 16 MiB are alive more than before, in the server and this client
// together.
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
	send := func(method string, length int64) {
		t.Helper()
		passed := new(zeros)
		var body io.Reader
		if method == http.MethodPut {
			body = io.LimitReader(passed, size)
		}
		before := alive()
		r, err := http.NewRequestWithContext(t.Context(), method, web.URL+proxy+"large", body)
		must(t, err)
		r.ContentLength = length
		answer, err := http.DefaultClient.Do(r)
		must(t, err)
		_, err = io.Copy(passed, answer.Body)
		must(t, err)
		must(t, answer.Body.Close())
		if answer.StatusCode != http.StatusOK || passed.passed < size {
			t.Fatalf("%s: %d, %d bytes", method, answer.StatusCode, passed.passed)
		}
		if more := int64(passed.most) - int64(before); more > most {
			t.Errorf("%s of %d MiB, length %d, takes %d MiB", method, size>>20, length, more>>20)
		} else {
			t.Logf("%s of %d MiB, length %d, takes %.1f MiB", method, size>>20, length, float64(more)/(1<<20))
		}
	}
	send(http.MethodPut, size)
	send(http.MethodPut, -1) // in chunks
	send(http.MethodGet, 0)
}
