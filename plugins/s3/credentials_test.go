package s3_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/s3"
)

func TestNewSecrets(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	request := f.request("")
	good := request.Secrets
	request.Secrets = map[string]core.Secret{
		"access_key_id": core.NewSecret("nobody"), "secret_access_key": core.NewSecret("expired"),
	}
	backend, err := f.opener.Open(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	_, err = backend.Artifacts.Put(t.Context(), "f", strings.NewReader("x"), core.PutOptions{})
	wantError(t, "the old secret", err, core.ErrUnauthenticated)
	updater, ok := core.As[core.SecretUpdater](backend.Artifacts)
	if !ok {
		t.Fatal("no SecretUpdater")
	}
	wantError(t, "half of them", updater.UpdateSecrets(t.Context(), map[string]core.Secret{"session_token": core.NewSecret("x")}), core.ErrInvalid)
	if err := updater.UpdateSecrets(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	put(t, backend.Artifacts, "f", "x")
}

// Two profiles with their own endpoints and keys serve in one process.
func TestProfiles(t *testing.T) {
	f := newFixture(t)
	file := filepath.Join(t.TempDir(), "config")
	content := "[profile good]\nendpoint_url = " + f.server.Endpoint + "\nregion = us-east-1\naws_access_key_id = " + f.server.AccessKey +
		"\naws_secret_access_key = " + f.server.SecretKey + "\n[profile bad]\nendpoint_url = " + f.server.Endpoint +
		"\naws_access_key_id = nobody\naws_secret_access_key = nothing\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	o := &s3.Opener{
		Journal: t.TempDir(),
		Getenv: func(name string) string { // which a named profile stands above
			return map[string]string{"MLFLOW_S3_ENDPOINT_URL": "http://127.0.0.1:1"}[name]
		},
	}
	open := func(query string) core.ArtifactRepository {
		uri, err := core.ParseURI("s3://" + f.bucket + "/p" + query)
		if err != nil {
			t.Fatal(err)
		}
		backend, err := o.Open(t.Context(), core.OpenRequest{URI: uri})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = backend.Close() })
		return backend.Artifacts
	}
	good, bad := open("?profile=good"), open("?profile=bad")
	put(t, good, "f", "x")
	_, err := bad.Put(t.Context(), "f", strings.NewReader("y"), core.PutOptions{})
	wantError(t, "the other profile", err, core.ErrUnauthenticated)
	if got, err := read(t, good, "f", core.ReadOptions{}); err != nil || got != "x" {
		t.Errorf("read %q, %v", got, err)
	}
}
