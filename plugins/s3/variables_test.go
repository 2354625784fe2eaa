package s3_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/s3"
)

// seen is what the requests of a repository have in common, where each of its methods has been called.
func seen(t *testing.T, f *fixture, header func(*http.Request) string, options ...string) map[string]int {
	t.Helper()
	proxy := testenv.NewFaultProxy(t, f.server.Endpoint)
	values := map[string]int{}
	var mu sync.Mutex
	proxy.On(-1, func(r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		values[header(r)]++
		return false
	}, nil)
	a := f.open("owned", append([]string{"endpoint_url", proxy.URL}, options...)...)
	put(t, a, "d/short", "x")
	put(t, a, "d/long", noise(9<<20))
	if _, err := read(t, a, "d/long", core.ReadOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Stat(t.Context(), "d"); err != nil {
		t.Fatal(err)
	}
	if _, err := a.List(t.Context(), "", core.ListOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"d/short", "d"} {
		if err := a.Delete(t.Context(), path, core.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := a.Put(t.Context(), "broken", strings.NewReader(noise(9<<20)), core.PutOptions{SHA256: digest("other")})
	wantError(t, "an upload that is aborted", err, core.ErrDataLoss)
	mu.Lock()
	defer mu.Unlock()
	return values
}

// The owner that the bucket must have goes with every request.
func TestExpectedBucketOwner(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	owner := func(r *http.Request) string { return r.Header.Get("X-Amz-Expected-Bucket-Owner") }
	got := seen(t, f, owner, "expected_bucket_owner", f.server.AccessKey)
	if got[f.server.AccessKey] < 10 || len(got) != 1 {
		t.Errorf("the owners in the requests were %v, want the one that is expected alone", got)
	}
	_, err := f.open("", "expected_bucket_owner", "somebody-else").Stat(t.Context(), "f")
	if err == nil {
		t.Error("a bucket of somebody else was used")
	}
}

func TestUnsigned(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	proxy := testenv.NewFaultProxy(t, f.server.Endpoint)
	signed := 0
	proxy.On(-1, func(r *http.Request) bool {
		signed += len(r.Header.Values("Authorization"))
		return false
	}, nil)
	_, err := f.open("", "endpoint_url", proxy.URL, "signature_version", "unsigned").List(t.Context(), "", core.ListOptions{})
	wantError(t, "the bucket is not public", err, core.ErrPermission)
	if signed != 0 {
		t.Errorf("%d requests were signed", signed)
	}
}

// A certificate that nobody vouches for is refused, unless ignore_tls says otherwise.
func TestIgnoreTLS(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	to, err := url.Parse(f.server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = to.Scheme, to.Host, r.In.Host
	}})
	t.Cleanup(server.Close)
	_, err = f.open("", "endpoint_url", server.URL).List(t.Context(), "", core.ListOptions{})
	wantError(t, "an unknown certificate", err, core.ErrUnavailable)
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("the error does not tell of the certificate: %v", err)
	}
	a := f.open("", "endpoint_url", server.URL, "ignore_tls", "true")
	put(t, a, "short", "x")
	put(t, a, "long", noise(17<<20))
	if got, err := read(t, a, "long", core.ReadOptions{}); err != nil || got != noise(17<<20) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

// A role is assumed with the identity, and its session's token signs the requests.
func TestRole(t *testing.T) {
	f := newFixture(t)
	var asked url.Values
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		asked = r.Form
		_, _ = fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>of-the-role</SessionToken>
<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`, f.server.AccessKey, f.server.SecretKey)
	}))
	t.Cleanup(sts.Close)
	t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL)
	proxy := testenv.NewFaultProxy(t, f.server.Endpoint)
	token := ""
	proxy.On(-1, func(r *http.Request) bool {
		token = r.Header.Get("X-Amz-Security-Token")
		return false
	}, nil)
	request := f.request("", "endpoint_url", proxy.URL, "role_arn", "arn:aws:iam::111122223333:role/reader", "external_id", "42",
		"role_session_name", "test")
	backend, err := f.opener.Open(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = backend.Close() })
	_, err = backend.Artifacts.List(t.Context(), "", core.ListOptions{})
	if token != "of-the-role" {
		t.Errorf("the request has the token %q (%v)", token, err)
	}
	for field, want := range map[string]string{
		"RoleArn": "arn:aws:iam::111122223333:role/reader", "ExternalId": "42", "RoleSessionName": "test",
	} {
		if got := asked.Get(field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
}

// Virtual hosts have the bucket in the name of the host.
func TestAddressingStyle(t *testing.T) {
	t.Parallel()
	for style, want := range map[string]string{"virtual": "my-bucket.s3.example.invalid", "path": "s3.example.invalid/my-bucket"} {
		uri, err := core.ParseURI("s3://my-bucket?addressing_style=" + style + "&endpoint_url=http://s3.example.invalid")
		if err != nil {
			t.Fatal(err)
		}
		o := &s3.Opener{Journal: t.TempDir(), Getenv: func(string) string { return "" }}
		backend, err := o.Open(t.Context(), core.OpenRequest{URI: uri, Options: map[string]string{"signature_version": "unsigned"}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = backend.Artifacts.Stat(t.Context(), "f")
		wantError(t, style, err, core.ErrUnavailable)
		if err == nil || !strings.Contains(err.Error(), "http://"+want) {
			t.Errorf("%s: the error does not name http://%s: %v", style, want, err)
		}
		_ = backend.Close()
	}
}
