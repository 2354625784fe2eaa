package httpstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/artifact"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/s3"
	"github.com/mlstore/mlstore/registry"
	"github.com/mlstore/mlstore/server"
)

// serveS3 starts our server with its files in S3, to and from where clients may transfer them themselves, or must. It returns
// its URL and how many bytes of bodies it was sent and has sent.
func serveS3(t *testing.T, only bool) (string, *atomic.Int64) {
	t.Helper()
	bucket := testenv.S3(t)
	opener := &s3.Opener{Getenv: func(string) string { return "" }, Journal: t.TempDir()}
	resolver := registry.New(nil)
	must(t, resolver.Handle("s3", registry.Rule{
		Opener: core.OpenerFunc(func(ctx context.Context, r core.OpenRequest) (core.Backend, error) {
			r.Options = map[string]string{"endpoint_url": bucket.Endpoint}
			r.Secrets = map[string]core.Secret{
				"access_key_id": core.NewSecret(bucket.AccessKey), "secret_access_key": core.NewSecret(bucket.SecretKey),
			}
			return opener.Open(ctx, r)
		}),
		Kinds: []registry.Kind{registry.Artifacts}, Mount: registry.ByAuthority,
	}))
	must(t, resolver.Handle("mem", registry.Rule{
		Opener: mem.NewOpener(), Empty: true, Kinds: []registry.Kind{registry.Tracking, registry.Registry},
	}))
	at, err := core.ParseURI("mem:")
	must(t, err)
	s, err := server.New(t.Context(), server.Config{
		Resolver: resolver, Tracking: at, ArtifactsDestination: "s3://" + bucket.Bucket(t), PresignedOnly: only,
	})
	must(t, err)
	var passed atomic.Int64
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		passed.Add(max(r.ContentLength, 0))
		s.Handler().ServeHTTP(&counting{w, &passed}, r)
	}))
	t.Cleanup(func() {
		web.Close()
		must(t, s.Close())
		must(t, resolver.Close())
	})
	return web.URL, &passed
}

// counting counts what is sent.
type counting struct {
	http.ResponseWriter
	n *atomic.Int64
}

func (c *counting) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return c.ResponseWriter.Write(p)
}

// Unwrap lets the server set deadlines.
func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// A server that passes no file on itself is a repository like others.
func TestArtifactsPastTheServer(t *testing.T) {
	t.Parallel()
	var made atomic.Int64
	url, _ := serveS3(t, true)
	s := stores[core.ArtifactRepository]{
		pick: filesOf, url: url, fresh: func() string { return fmt.Sprintf("mlflow-artifacts:/root-%d/files", made.Add(1)) },
	}
	artifact.Test(t, s.harness(), func(o *conformance.Options) {
		o.Skip = []string{"AR-041", "AR-069"} // the root counts, too, in the longest and the deepest name
	})
}

// A long file goes in parts to where the server keeps it, and comes from there; the server sees no byte of it. One that keeps
// its files in a folder gets them itself.
func TestALongFileGoesPastTheServer(t *testing.T) {
	t.Parallel()
	content := make([]byte, 11<<20)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(content) // never fails (its documentation)
	inS3, passed := serveS3(t, false)
	inFolder := serve(t, "mem:")
	for _, url := range []string{inS3, inFolder} {
		ask := core.OpenRequest{URI: parsed(t, "mlflow-artifacts:/1/run/artifacts"), Options: options("1")}
		for name, value := range map[string]string{
			"multipart_upload": "true", "multipart_download": "true", "multipart_minimum": "5000000", "multipart_chunk": "5242880",
		} {
			ask.Options[name] = value
		}
		files := opened(t, url, ask).Artifacts
		t.Cleanup(func() { must(t, files.Close()) })
		size := int64(len(content))
		for name, o := range map[string]core.PutOptions{"told": {Size: &size}, "measured": {}} {
			if _, err := files.Put(t.Context(), name, bytes.NewReader(content), o); err != nil {
				t.Fatalf("%s: Put of %q: %v", url, name, err)
			}
			r, err := files.Open(t.Context(), name, core.ReadOptions{})
			must(t, err)
			got, err := io.ReadAll(r)
			must(t, errors.Join(err, r.Close()))
			if !bytes.Equal(got, content) {
				t.Errorf("%s: %q has %d other bytes than were put there", url, name, len(got))
			}
		}
		wrong := core.PutOptions{SHA256: strings.Repeat("0", 64)}
		if _, err := files.Put(t.Context(), "wrong", bytes.NewReader(content), wrong); !errors.Is(err, core.ErrDataLoss) {
			t.Errorf("%s: a file with another digest: %v", url, err)
		}
		if _, err := files.Stat(t.Context(), "wrong"); !errors.Is(err, core.ErrNotFound) {
			t.Errorf("%s: a file with another digest is there: %v", url, err)
		}
	}
	if n := passed.Load(); n > 1<<20 {
		t.Errorf("%d bytes have passed the server, of files that should go past it", n)
	}
}
