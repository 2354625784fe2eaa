package s3_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
)

// Over TLS the bytes of parts are not digested a second time to be signed; their checksums guard them nevertheless. Without
// TLS they are signed.
func TestPartsOverTLS(t *testing.T) {
	f := newFixture(t)
	to, err := url.Parse(f.server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = to.Scheme, to.Host, r.In.Host
	}}
	var plain, signed atomic.Int64
	var damages atomic.Bool
	count := func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		switch hash := r.Header.Get("X-Amz-Content-Sha256"); {
		case hash == "UNSIGNED-PAYLOAD" && r.Header.Get("X-Amz-Checksum-Crc32") != "":
			plain.Add(1)
		case len(hash) == 64:
			signed.Add(1)
		}
		if damages.Load() {
			testenv.FlipUp(70_000)(w, r, server)
			return
		}
		server.ServeHTTP(w, r)
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, "partNumber=") {
			count(w, r, forward)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(bundle, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	a := f.open("", "endpoint_url", server.URL)
	content := noise(17 << 20)
	put(t, a, "f", content)
	if got, err := read(t, a, "f", core.ReadOptions{}); err != nil || got != content {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	if plain.Load() != 3 || signed.Load() != 0 {
		t.Errorf("over TLS %d parts went with their checksum alone and %d signed, want 3 and 0", plain.Load(), signed.Load())
	}
	damages.Store(true)
	_, err = a.Put(t.Context(), "g", strings.NewReader(content), core.PutOptions{})
	wantError(t, "a byte that changes on its way", err, core.ErrDataLoss)
	if keys := f.keys(); len(keys) != 1 || f.uploads() != 0 {
		t.Errorf("there are %q and %d uploads", keys, f.uploads())
	}
	damages.Store(false)

	proxy := testenv.NewFaultProxy(t, f.server.Endpoint)
	proxy.On(-1, requests(http.MethodPut, "partNumber="), count)
	plain.Store(0)
	signed.Store(0)
	put(t, f.open("", "endpoint_url", proxy.URL), "h", content)
	if plain.Load() != 0 || signed.Load() != 3 {
		t.Errorf("without TLS %d parts went with their checksum alone and %d signed, want 0 and 3", plain.Load(), signed.Load())
	}
}
