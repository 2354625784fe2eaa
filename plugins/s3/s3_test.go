package s3_test

import (
	"io"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/s3"
)

// fixture is a bucket, and how to open it.
type fixture struct {
	t      testing.TB
	server *testenv.S3Server
	bucket string
	opener *s3.Opener
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	server := testenv.S3(t)
	return &fixture{
		t: t, server: server, bucket: server.Bucket(t),
		opener: &s3.Opener{Getenv: func(string) string { return "" }, Journal: t.TempDir()},
	}
}

// another has a new bucket and shares the rest.
func (f *fixture) another() *fixture {
	other := *f
	other.bucket = f.server.Bucket(f.t)
	return &other
}

// request is what opens the bucket, or a prefix in it; options are in pairs.
func (f *fixture) request(prefix string, options ...string) core.OpenRequest {
	f.t.Helper()
	uri, err := core.ParseURI("s3://" + f.bucket + "/" + prefix)
	if err != nil {
		f.t.Fatal(err)
	}
	all := map[string]string{"endpoint_url": f.server.Endpoint}
	for i := 0; i+1 < len(options); i += 2 {
		all[options[i]] = options[i+1]
	}
	return core.OpenRequest{URI: uri, Options: all, Secrets: map[string]core.Secret{
		"access_key_id": core.NewSecret(f.server.AccessKey), "secret_access_key": core.NewSecret(f.server.SecretKey),
	}}
}

// open opens the bucket until the test ends.
func (f *fixture) open(prefix string, options ...string) core.ArtifactRepository {
	f.t.Helper()
	backend, err := f.opener.Open(f.t.Context(), f.request(prefix, options...))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := backend.Close(); err != nil {
			f.t.Error(err)
		}
	})
	return backend.Artifacts
}

func put(t testing.TB, a core.ArtifactRepository, path, content string) core.Artifact {
	t.Helper()
	stored, err := a.Put(t.Context(), path, strings.NewReader(content), core.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func read(t testing.TB, a core.ArtifactRepository, path string, o core.ReadOptions) (string, error) {
	t.Helper()
	r, err := a.Open(t.Context(), path, o)
	if err != nil {
		return "", err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	return string(content), err
}
