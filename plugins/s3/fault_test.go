package s3_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/internal/testenv"
)

// requests matches those of a method whose query has the text in it.
func requests(method, query string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method && strings.Contains(r.URL.RawQuery, query) }
}

// xmlError is the body of an error of S3.
func xmlError(code, message string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>` + message + `</Message></Error>`
}

// broken is a repository behind a proxy.
func broken(t *testing.T, options ...string) (*fixture, *testenv.FaultProxy, core.ArtifactRepository) {
	t.Helper()
	f := newFixture(t)
	proxy := testenv.NewFaultProxy(t, f.server.Endpoint)
	return f, proxy, f.open("", append([]string{"endpoint_url", proxy.URL}, options...)...)
}

func detail(t *testing.T, err error) *core.Error {
	t.Helper()
	e, ok := errors.AsType[*core.Error](err)
	if !ok {
		t.Fatalf("got error %v, want a *core.Error", err)
	}
	return e
}

func TestThrottling(t *testing.T) {
	t.Parallel()
	f, proxy, a := broken(t)
	slow := testenv.Answer(http.StatusServiceUnavailable, xmlError("SlowDown", "Please reduce your request rate."), "Retry-After", "7")
	proxy.On(2, requests(http.MethodPut, ""), slow)
	put(t, a, "f", "x") // the third try succeeds
	if proxy.Seen() != 2 {
		t.Errorf("%d requests were throttled, want 2", proxy.Seen())
	}
	proxy.On(-1, requests(http.MethodPut, ""), slow)
	_, err := a.Put(t.Context(), "g", strings.NewReader("x"), core.PutOptions{})
	wantError(t, "throttled for ever", err, core.ErrExhausted)
	if e := detail(t, err); e.RetryAfter != 7*time.Second || e.Outcome != core.NoEffect {
		t.Errorf("retry after %v, outcome %v, want 7s and no effect", e.RetryAfter, e.Outcome)
	}
	if proxy.Seen() != 5 { // three tries, and none beyond the SDK's
		t.Errorf("%d requests were throttled, want 5", proxy.Seen())
	}
	if len(f.keys()) != 1 {
		t.Errorf("there are %q", f.keys())
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer testenv.Fault
		want   error
		fix    string
	}{
		"expired": {
			testenv.Answer(http.StatusBadRequest, xmlError("ExpiredToken", "The provided token has expired.")),
			core.ErrUnauthenticated, "AWS_SESSION_TOKEN",
		},
		"wrong key": {
			testenv.Answer(http.StatusForbidden, xmlError("InvalidAccessKeyId", "no such key")), core.ErrUnauthenticated, "access key",
		},
		"clock": {
			testenv.Answer(http.StatusForbidden, xmlError("RequestTimeTooSkewed", "too late")), core.ErrUnauthenticated, "clock",
		},
		"denied": {testenv.Answer(http.StatusForbidden, xmlError("AccessDenied", "no")), core.ErrPermission, "s3:PutObject"},
		"region": {
			testenv.Answer(http.StatusMovedPermanently, xmlError("PermanentRedirect", "elsewhere"), "x-amz-bucket-region", "eu-west-1"),
			core.ErrState, "eu-west-1",
		},
		"no bucket": {testenv.Answer(http.StatusNotFound, xmlError("NoSuchBucket", "none")), core.ErrNotFound, "make the bucket"},
		"archived": {
			testenv.Answer(http.StatusForbidden, xmlError("InvalidObjectState", "in the glacier")), core.ErrState, "restore",
		},
		"unknown code": {testenv.Answer(http.StatusBadRequest, xmlError("SomethingNew", "new")), core.ErrInvalid, "SomethingNew"},
		"no code":      {testenv.Answer(http.StatusNotImplemented, ""), core.ErrUnsupported, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, proxy, a := broken(t)
			put(t, a, "there", "x")
			proxy.On(-1, func(*http.Request) bool { return true }, test.answer)
			_, getErr := a.Open(t.Context(), "there", core.ReadOptions{})
			_, listErr := a.List(t.Context(), "", core.ListOptions{})
			_, putErr := a.Put(t.Context(), "new", strings.NewReader("x"), core.PutOptions{})
			for what, err := range map[string]error{
				"Open": getErr, "List": listErr, "Put": putErr, "Delete": a.Delete(t.Context(), "there", core.DeleteOptions{}),
			} {
				wantError(t, what, err, test.want)
				if what != "Open" && err != nil && !strings.Contains(err.Error(), strings.ReplaceAll(test.fix, "s3:PutObject", "PutObject")) {
					t.Errorf("%s: the error does not name %q: %v", what, test.fix, err)
				}
			}
		})
	}
}

// A service whose pages have no end does not keep a caller for ever.
func TestListingThatGoesInACircle(t *testing.T) {
	t.Parallel()
	_, proxy, a := broken(t)
	proxy.On(-1, requests(http.MethodGet, "list-type"), testenv.Answer(http.StatusOK, `<?xml version="1.0"?><ListBucketResult>`+
		`<IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken></ListBucketResult>`))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, o := range []core.ListOptions{{}, {Recursive: true}} {
		_, err := a.List(ctx, "", o)
		if core.CodeOf(err) != core.Internal || !strings.Contains(err.Error(), "again and again") {
			t.Errorf("recursive %v: got error %v, want one that says so", o.Recursive, err)
		}
	}
	err := a.Delete(ctx, "d", core.DeleteOptions{})
	if core.CodeOf(err) != core.Internal {
		t.Errorf("delete: got error %v, want the same", err)
	}
}

func TestResets(t *testing.T) {
	t.Parallel()
	f, proxy, a := broken(t)
	content := noise(20 << 20)
	proxy.On(2, requests(http.MethodPut, "partNumber=2"), testenv.Reset(0))
	put(t, a, "f", content)
	// A download goes on where it broke, three times within a MiB.
	proxy.On(3, requests(http.MethodGet, "x-id=GetObject"), testenv.Reset(5<<20))
	got, err := read(t, a, "f", core.ReadOptions{})
	if err != nil || got != content {
		t.Errorf("read %d bytes, equal %v, %v", len(got), got == content, err)
	}
	if proxy.Seen() != 5 {
		t.Errorf("%d requests were broken off, want 5", proxy.Seen())
	}
	proxy.On(1, requests(http.MethodGet, "x-id=GetObject"), testenv.Reset(5<<20))
	proxy.On(-1, requests(http.MethodGet, "x-id=GetObject"), testenv.Reset(0))
	_, err = read(t, a, "f", core.ReadOptions{})
	wantError(t, "a download that breaks again and again", err, core.ErrUnavailable)
	proxy.On(-1, requests(http.MethodPut, ""), testenv.Reset(0))
	_, err = a.Put(t.Context(), "g", strings.NewReader("x"), core.PutOptions{})
	wantError(t, "a service that hangs up", err, core.ErrUnavailable)
	if detail(t, err).Outcome != core.OutcomeUnknown {
		t.Error("nobody knows what became of the request, but the error does")
	}
	_, err = a.Put(t.Context(), "h", strings.NewReader(content), core.PutOptions{})
	wantError(t, "parts that do not arrive", err, core.ErrUnavailable)
	if detail(t, err).Outcome != core.NoEffect || f.uploads() != 0 {
		t.Errorf("outcome %v, %d uploads left", detail(t, err).Outcome, f.uploads())
	}
}

// When the answer is lost, the SDK repeats the request: what it then learns is about itself.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	f, proxy, a := broken(t)
	for _, size := range []int{10, 9 << 20} {
		request := requests(http.MethodPut, "x-id=PutObject")
		if size > 8<<20 {
			request = requests(http.MethodPost, "uploadId=")
		}
		proxy.On(1, request, testenv.LoseAnswer)
		_, err := a.Put(t.Context(), "f", strings.NewReader(noise(size)), core.PutOptions{IfAbsent: true})
		if err != nil {
			t.Errorf("%d bytes with IfAbsent, the answer lost: %v", size, err)
		}
		_, err = a.Put(t.Context(), "f", strings.NewReader(noise(size)), core.PutOptions{IfAbsent: true})
		wantError(t, "there is one now", err, core.ErrExists)
		if err := a.Delete(t.Context(), "f", core.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if proxy.Seen() != 2 || f.uploads() != 0 {
		t.Errorf("%d answers were lost, want 2; %d uploads are left", proxy.Seen(), f.uploads())
	}
}

func TestDamagedBytes(t *testing.T) {
	t.Parallel()
	f, proxy, a := broken(t)
	for name, size := range map[string]int{"short": 100_000, "long": 9 << 20} {
		put(t, a, name, noise(size))
		proxy.On(1, requests(http.MethodGet, "x-id=GetObject"), testenv.Flip(70_000))
		_, err := read(t, a, name, core.ReadOptions{})
		wantError(t, name+" coming down", err, core.ErrDataLoss)
		proxy.On(-1, requests(http.MethodPut, ""), testenv.FlipUp(70_000))
		_, err = a.Put(t.Context(), "new", strings.NewReader(noise(size)), core.PutOptions{})
		wantError(t, name+" going up", err, core.ErrDataLoss)
		if keys := f.keys(); strings.Contains(strings.Join(keys, " "), "new") || f.uploads() != 0 {
			t.Errorf("%s: there are %q and %d uploads", name, keys, f.uploads())
		}
		proxy.Clear()
	}
}

func TestSlowService(t *testing.T) {
	t.Parallel()
	_, proxy, a := broken(t, "timeout", "0.3")
	put(t, a, "f", noise(1<<20))
	proxy.On(-1, requests(http.MethodGet, "x-id=GetObject"), testenv.Stall(1000))
	_, err := read(t, a, "f", core.ReadOptions{})
	wantError(t, "a body that stops", err, core.ErrUnavailable)
	proxy.Clear()
	proxy.On(-1, requests(http.MethodGet, "list-type=2"), testenv.Stall(0))
	_, err = a.List(t.Context(), "", core.ListOptions{})
	wantError(t, "an answer that does not come", err, core.ErrUnavailable)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = a.List(ctx, "", core.ListOptions{})
	wantError(t, "a caller who does not wait", err, context.DeadlineExceeded)
}

// A cancelled upload aborts its parts.
func TestCancelledUpload(t *testing.T) {
	t.Parallel()
	f, proxy, a := broken(t)
	ctx, cancel := context.WithCancel(t.Context())
	proxy.On(1, requests(http.MethodPut, "partNumber=3"), func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		cancel()
		server.ServeHTTP(w, r)
	})
	_, err := a.Put(ctx, "f", strings.NewReader(noise(60<<20)), core.PutOptions{})
	wantError(t, "Put", err, context.Canceled)
	if keys := f.keys(); len(keys) != 0 || f.uploads() != 0 {
		t.Errorf("left %q and %d uploads", keys, f.uploads())
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.open("", "endpoint_url", "http://127.0.0.1:1")
	_, err := a.Stat(t.Context(), "f")
	wantError(t, "nobody listens", err, core.ErrUnavailable)
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("the error does not name the address: %v", err)
	}
	request := f.request("")
	request.Secrets = nil
	backend, err := f.opener.Open(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Close()
	_, err = backend.Artifacts.Stat(t.Context(), "f")
	wantError(t, "no credentials", err, core.ErrUnauthenticated)
	if err == nil || !strings.Contains(err.Error(), "AWS_PROFILE") {
		t.Errorf("the error does not name the fix: %v", err)
	}
}
