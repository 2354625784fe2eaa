package http

import (
	"errors"
	"testing"

	"github.com/mlstore/mlstore/core"
)

func uri(t *testing.T, text string) core.URI {
	t.Helper()
	u, err := core.ParseURI(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// The table of MLflow's mlflow_artifacts_repo.py.
func TestWhereArtifactsAre(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ uri, tracking, server, root string }{
		{"mlflow-artifacts:/a/b", "http://h:5000/pre", "http://h:5000/pre", "a/b"},
		{"mlflow-artifacts:///a", "http://h:5000/pre/", "http://h:5000/pre", "a"},
		{"mlflow-artifacts://other:8080/a", "http://h:5000/pre", "http://other:8080/pre", "a"},
		{"mlflow-artifacts://other/a", "https://h", "https://other", "a"},
		{"mlflow-artifacts:/", "http://h:5000", "http://h:5000", ""},
		{"mlflow-artifacts:/api/2.0/mlflow-artifacts/artifacts/a", "http://h", "http://h", "a"},
		{"mlflow-artifacts:/a//b/", "http://h", "http://h", "a/b"},
		{"http://h/pre/api/2.0/mlflow-artifacts/artifacts/1/a%20b", "http://h", "http://h/pre", "1/a b"},
		{"https://h/api/2.0/mlflow-artifacts/artifacts", "", "https://h", ""},
	} {
		request := core.OpenRequest{URI: uri(t, c.uri)}
		if c.tracking != "" {
			request.Tracking = uri(t, c.tracking)
		}
		at, err := locate(request)
		if err != nil || !at.files || at.server.Raw() != c.server || at.root != c.root {
			t.Errorf("%s at %s: %v %q %v", c.uri, c.tracking, at.server, at.root, err)
		}
		instance, prefix, err := Mount(request.URI)
		if err != nil || prefix != c.root {
			t.Errorf("%s is mounted at %v: %q %v", c.uri, instance, prefix, err)
		}
		request.URI = instance
		if whole, err := locate(request); err != nil || whole.server.Raw() != c.server || whole.root != "" {
			t.Errorf("%s is mounted at %v, which is %v %q %v", c.uri, instance, whole.server, whole.root, err)
		}
	}
	for _, c := range []struct{ uri, tracking string }{
		{"mlflow-artifacts:/a", "sqlite:///x.db"},
		{"mlflow-artifacts://8080/a", "http://h"},
		{"mlflow-artifacts:/a/../b", "http://h"},
		{"http://h/api/2.0/mlflow-artifacts/artifacts/%2e%2e/x", "http://h"},
		{"http://h/api/2.0/mlflow-artifacts/artifacts/%zz", "http://h"},
	} {
		if at, err := locate(core.OpenRequest{URI: uri(t, c.uri), Tracking: uri(t, c.tracking)}); !errors.Is(err, core.ErrInvalid) {
			t.Errorf("%s at %s: %+v, %v", c.uri, c.tracking, at, err)
		}
	}
}

func TestTokensBelongToTheirQuery(t *testing.T) {
	t.Parallel()
	sealed := seal("one", "next")
	if got, err := unseal("one", sealed); got != "next" || err != nil {
		t.Errorf("%q %v", got, err)
	}
	for _, bad := range []string{sealed + "=", sealed[:len(sealed)-1], "garbage", "bmV4dA", seal("two", "next")} {
		if got, err := unseal("one", bad); !errors.Is(err, core.ErrInvalid) {
			t.Errorf("%q gives %q, %v", bad, got, err)
		}
	}
}
