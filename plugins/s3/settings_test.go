package s3_test

import (
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/s3"
)

func TestBadRequests(t *testing.T) {
	t.Parallel()
	for uri, options := range map[string]map[string]string{
		"s3://":                                  nil,
		"s3:///key":                              nil,
		"gs://bucket/x":                          nil,
		"s3://user:password@bucket/x":            nil,
		"s3://bucket/a/../b":                     nil,
		"s3://bucket?no_such=1":                  nil,
		"s3://bucket?%zz":                        nil,
		"s3://bucket/1":                          {"endpoint_url": "localhost:9000"},
		"s3://bucket/2":                          {"endpoint_url": "http://user:pass@localhost:9000"},
		"s3://bucket/3":                          {"ignore_tls": "perhaps"},
		"s3://bucket/4":                          {"addressing_style": "sideways"},
		"s3://bucket/5":                          {"signature_version": "s3v2"},
		"s3://bucket/6":                          {"upload_extra_args": "[]"},
		"s3://bucket/7":                          {"upload_extra_args": `{"Body": "x"}`},
		"s3://bucket/8":                          {"upload_extra_args": `{"ACL": 7}`},
		"s3://bucket/9":                          {"timeout": "-1"},
		"s3://bucket/10":                         {"profile": "there-is-no-such-profile"},
		"s3://bucket/11?addressing_style=unsure": nil,
	} {
		parsed, err := core.ParseURI(uri)
		if err != nil {
			t.Fatal(err)
		}
		o := s3.Opener{Getenv: func(string) string { return "" }, Journal: t.TempDir()}
		_, err = o.Open(t.Context(), core.OpenRequest{URI: parsed, Options: options})
		wantError(t, uri, err, core.ErrInvalid)
		if err != nil && strings.Contains(err.Error(), "pass") {
			t.Errorf("%s: the error shows a password: %v", uri, err)
		}
	}
	uri, _ := core.ParseURI("s3://bucket")
	secrets := map[string]core.Secret{"access_key_id": core.NewSecret("x")}
	_, err := new(s3.Opener).Open(t.Context(), core.OpenRequest{URI: uri, Secrets: secrets})
	wantError(t, "half a key", err, core.ErrInvalid)
}

// What the request says stands above the query of the URI, and that above the environment.
func TestWhereSettingsComeFrom(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	environment := map[string]string{
		"MLFLOW_S3_ENDPOINT_URL": f.server.Endpoint, "MLFLOW_S3_IGNORE_TLS": "false", "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE": "path",
		"MLFLOW_S3_UPLOAD_EXTRA_ARGS": `{"ContentType": "from/environment"}`,
	}
	f.opener.Getenv = func(name string) string { return environment[name] }
	const broken = `{"ContentType": 1}`
	for name, test := range map[string]struct{ environment, query, option string }{
		"environment": {`{"ContentType": "from/environment"}`, "", ""},
		"query":       {broken, "?upload_extra_args=%7B%7D", ""},
		"option":      {broken, "?upload_extra_args=%7B", `{}`},
	} {
		environment["MLFLOW_S3_UPLOAD_EXTRA_ARGS"] = test.environment
		request := f.request(test.query)
		delete(request.Options, "endpoint_url")
		if test.option != "" {
			request.Options["upload_extra_args"] = test.option
		}
		backend, err := f.opener.Open(t.Context(), request)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		put(t, backend.Artifacts, name, "x")
		if err := backend.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestManifest(t *testing.T) {
	t.Parallel()
	schemes := s3.Plugin().Schemes
	if len(schemes) != 1 || schemes[0].Scheme != "s3" {
		t.Fatalf("%+v", schemes)
	}
	f := newFixture(t)
	info, err := f.open("").Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range schemes[0].Capabilities {
		if !info.Has(c) {
			t.Errorf("the manifest declares %s, the store does not", c)
		}
	}
}
