package restclient_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
	"github.com/mlstore/mlstore/rest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// quick are settings that wait for next to nothing.
func quick() restclient.Settings {
	s := restclient.Defaults()
	s.Retries, s.Backoff, s.Jitter = 2, 0.001, 0.001
	return s
}

func client(t *testing.T, url string, s restclient.Settings) *restclient.Client {
	t.Helper()
	u, err := core.ParseURI(url)
	must(t, err)
	c, err := restclient.New(u, s)
	must(t, err)
	t.Cleanup(c.Close)
	return c
}

// answering serves h and counts the requests.
func answering(t *testing.T, h http.HandlerFunc) (url string, seen *atomic.Int64) {
	t.Helper()
	seen = new(atomic.Int64)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		h(w, r)
	}))
	t.Cleanup(web.Close)
	return web.URL, seen
}

func refuse(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// What is repeated, and how often, is MLflow's list (3.18).
func TestOnlyWhatMayBeRepeatedIs(t *testing.T) {
	t.Parallel()
	const busy = `{"error_code":"TEMPORARILY_UNAVAILABLE","message":"later"}`
	for _, c := range []struct {
		name string
		call rest.Endpoint
		do   http.HandlerFunc
		want int64
		code error
	}{
		{"a read of a busy server", rest.RunsGet, refuse(503, busy), 3, core.ErrUnavailable},
		{"a batch at a busy server", rest.RunsLogBatch, refuse(503, busy), 3, core.ErrUnavailable},
		{"a creation at a busy server", rest.RunsCreate, refuse(503, busy), 1, core.ErrUnavailable},
		{"a creation at a server with a limit", rest.RunsCreate, refuse(429, ""), 3, core.ErrExhausted},
		{"a creation whose answer is lost", rest.RunsCreate, cut, 1, core.ErrUnavailable},
		{"a refusal", rest.RunsGet, refuse(400, `{"error_code":"INVALID_PARAMETER_VALUE","message":"no"}`), 1, core.ErrInvalid},
		{"something missing", rest.RunsGet, refuse(404, `{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no"}`), 1, core.ErrNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			url, seen := answering(t, c.do)
			err := client(t, url, quick()).Call(t.Context(), restclient.Call{Endpoint: c.call, In: rest.RunID{RunID: "a"}})
			if !errors.Is(err, c.code) || seen.Load() != c.want {
				t.Errorf("%d requests, error %v: want %d and %v", seen.Load(), err, c.want, c.code)
			}
		})
	}
}

// A server that says when it does not know what it did may be asked to create once more when it does not say so.
func TestACreationAtAnHonestServer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body    string
		want    int64
		outcome core.Outcome
	}{
		"it is busy":           {`{"error_code":"TEMPORARILY_UNAVAILABLE","message":"later"}`, 3, core.NoEffect},
		"its store is gone":    {`{"error_code":"TEMPORARILY_UNAVAILABLE","message":"gone (the outcome is unknown)"}`, 1, core.OutcomeUnknown},
		"somebody before it":   {"<html>", 1, core.OutcomeUnknown},
		"somebody with a JSON": {`{"status":503}`, 1, core.OutcomeUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, seen := answering(t, refuse(http.StatusServiceUnavailable, c.body))
			err := client(t, url, quick()).Call(t.Context(), restclient.Call{
				Endpoint: rest.RunsCreate, In: rest.CreateRun{}, Honest: true,
			})
			e, ok := errors.AsType[*core.Error](err)
			if !ok || e.Code != core.Unavailable || e.Outcome != c.outcome || seen.Load() != c.want {
				t.Errorf("%d requests, error %#v: want %d and outcome %v", seen.Load(), err, c.want, c.outcome)
			}
		})
	}
}

func TestTheOutcomeOfALostAnswerIsUnknown(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, cut)
	err := client(t, url, quick()).Call(t.Context(), restclient.Call{Endpoint: rest.RunsCreate, In: rest.CreateRun{}})
	e, ok := errors.AsType[*core.Error](err)
	if !ok || e.Outcome != core.OutcomeUnknown {
		t.Errorf("a creation: %v", err)
	}
	err = client(t, url, quick()).Call(t.Context(), restclient.Call{Endpoint: rest.RunsGet, In: rest.RunRef{RunID: "a"}})
	if e, ok = errors.AsType[*core.Error](err); !ok || e.Outcome != core.NoEffect {
		t.Errorf("a read: %v", err)
	}
}

// A deletion whose answer was lost finds nothing to delete when it is repeated: nobody can tell who did it.
func TestARepeatedDeletionThatFindsNothing(t *testing.T) {
	t.Parallel()
	var first atomic.Bool
	url, seen := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if first.CompareAndSwap(false, true) {
			cut(w, r)
		}
		refuse(404, `{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no"}`)(w, r)
	})
	err := client(t, url, quick()).Call(t.Context(), restclient.Call{Endpoint: rest.ModelsDelete, In: rest.ModelName{Name: "a"}})
	if e, ok := errors.AsType[*core.Error](err); !ok || e.Code != core.NotFound || e.Outcome != core.OutcomeUnknown || seen.Load() != 2 {
		t.Errorf("%v after %d requests", err, seen.Load())
	}
}

func TestCredentialsGoToNobodyElse(t *testing.T) {
	t.Parallel()
	other, strangers := answering(t, refuse(200, "{}"))
	url, _ := answering(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other+"/x", http.StatusFound) })
	s := quick()
	s.Token = core.NewSecret("secret")
	err := client(t, url, s).Call(t.Context(), restclient.Call{Endpoint: rest.RunsGet, In: rest.RunRef{RunID: "a"}})
	if !errors.Is(err, core.ErrState) || strangers.Load() != 0 || strings.Contains(fmt.Sprint(err), "secret") {
		t.Errorf("a redirect to another server: %v, which got %d requests", err, strangers.Load())
	}
	server, err := core.ParseURI("http://host:80/a")
	must(t, err)
	for at, want := range map[string]bool{
		"http://HOST/b": true, "https://host/b": false, "http://host:81": false, "http://host.evil": false, "sqlite:///x": false,
	} {
		meant, err := core.ParseURI(at)
		must(t, err)
		if got := !s.For(server, meant).Token.IsZero(); got != want {
			t.Errorf("credentials for %s are sent to %s: %t", at, server, got)
		}
	}
}

func TestWhoAsks(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"error_code":"BAD_REQUEST","message":%q}`, r.Header.Get("Authorization"))
	})
	basic := quick()
	basic.Username, basic.Password, basic.Token = "ann", core.NewSecret("pw"), core.NewSecret("tok")
	token := quick()
	token.Token = core.NewSecret("tok")
	for name, c := range map[string]struct {
		url  string
		s    restclient.Settings
		want string
	}{
		"user and password win":  {url, basic, "Basic YW5uOnB3"},
		"a token":                {url, token, "Bearer tok"},
		"the URI wins over both": {strings.Replace(url, "://", "://bob:x@", 1), basic, "Basic Ym9iOng="},
		"nobody":                 {url, quick(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := client(t, c.url, c.s).Call(t.Context(), restclient.Call{Endpoint: rest.RunsGet, In: rest.RunRef{RunID: "a"}})
			e, ok := errors.AsType[*core.Error](err)
			if !ok || (e.Err.Error() != c.want && c.want != "") {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestASilentServerIsGivenUp(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s := quick()
	s.Timeout, s.Retries = 20*time.Millisecond, 0
	err := client(t, url, s).Call(t.Context(), restclient.Call{Endpoint: rest.RunsGet, In: rest.RunRef{RunID: "a"}})
	if !errors.Is(err, core.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), "MLFLOW_HTTP_REQUEST_TIMEOUT") {
		t.Errorf("%v", err)
	}
}

// Answers are read, never trusted.
func TestStrangeAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   http.HandlerFunc
		want error
	}{
		"a page of a proxy":     {refuse(200, "<html>"), core.ErrInternal},
		"an error page":         {refuse(500, "<html>"), core.ErrInternal},
		"control characters":    {refuse(400, "{\"error_code\":\"BAD_REQUEST\",\"message\":\"a\\u001b[31m\"}"), core.ErrInvalid},
		"a reason nobody knows": {refuse(400, `{"error_code":"WHO_KNOWS","message":"x"}`), core.ErrInvalid},
		"nothing to read":       {refuse(401, ""), core.ErrUnauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, _ := answering(t, c.do)
			var out rest.RunAnswer
			err := client(t, url, quick()).Call(t.Context(), restclient.Call{
				Endpoint: rest.RunsGet, In: rest.RunRef{RunID: "a"}, Out: &out,
			})
			if !errors.Is(err, c.want) || strings.Contains(fmt.Sprint(err), "\x1b") {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

// MLflow's bulk histories hold numbers that JSON does not have.
func TestBareNaN(t *testing.T) {
	t.Parallel()
	url, _ := answering(t, refuse(200, `{"metrics":[{"key":"NaN \" -Infinity","value":NaN},{"key":"b","value":-Infinity},{"key":"c","value":-1}]}`))
	var out rest.MetricsPage
	must(t, client(t, url, quick()).Call(t.Context(), restclient.Call{Endpoint: rest.MetricsHistoryBulk, Ajax: true, Out: &out}))
	if got := fmt.Sprint(out.Metrics[0].Value, out.Metrics[1].Value, out.Metrics[2].Value, out.Metrics[0].Key); got != `NaN -Inf -1NaN " -Infinity` {
		t.Errorf("%s", got)
	}
}

func TestCredentialsFile(t *testing.T) {
	t.Parallel()
	user, password := restclient.ReadCredentials("[other]\nmlflow_tracking_username = x\n[mlflow]\n# a\nMLFLOW_TRACKING_USERNAME = ann\n" +
		"mlflow_tracking_password: p=w\n")
	if user != "ann" || password != "p=w" {
		t.Errorf("%q %q", user, password)
	}
}
