package restclient

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
)

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// A host that nobody knows is most likely misspelt, and waiting does not mend that; one that has answered before is away.
func TestAHostThatNobodyKnows(t *testing.T) {
	t.Parallel()
	base, err := core.ParseURI("http://host.example")
	if err != nil {
		t.Fatal(err)
	}
	s := Defaults()
	s.Retries, s.Backoff, s.Jitter = 2, 0.001, 0.001
	c, err := New(base, s)
	if err != nil {
		t.Fatal(err)
	}
	known, asked := false, 0
	c.http.Transport = transport(func(*http.Request) (*http.Response, error) {
		asked++
		if known {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("3.18.0"))}, nil
		}
		return nil, &net.DNSError{Name: "host.example", Err: "no such host", IsNotFound: true}
	})
	send := func() error {
		answer, err := c.Send(t.Context(), Request{Method: http.MethodGet, Path: "/version"})
		if err == nil {
			answer.Drain()
		}
		return err
	}
	if err := send(); asked != 1 || !errors.Is(err, core.ErrUnavailable) || !strings.Contains(err.Error(), "host's name") {
		t.Errorf("an unknown host was asked %d times: %v; want once, and a hint", asked, err)
	}
	known = true
	if err := send(); err != nil {
		t.Fatal(err)
	}
	known, asked = false, 0
	if err := send(); asked != 3 || !errors.Is(err, core.ErrUnavailable) {
		t.Errorf("a host that has answered before was asked %d times: %v; want 3", asked, err)
	}
}
