package restclient

import (
	"context"
	"net/http"

	"github.com/mlstore/mlstore/core"
)

// stranger is a client for places that the server names. It has no credentials and no certificate, trusts whom the system
// trusts, and follows no redirect.
func stranger(s Settings) (*http.Client, error) {
	s = s.anonymous()
	s.ServerCert, s.InsecureTLS = "", false
	transport, err := transportOf(s)
	if err != nil {
		return nil, err
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: transport, CheckRedirect: stay}, nil
}

// away makes the HTTP request of one attempt that goes to another place. The URL is a credential: no error shows it.
func away(ctx context.Context, r Request) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, r.Away.Reveal(), http.NoBody)
	if err != nil || req.URL.Host == "" || req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return nil, core.Errorf(core.Internal, "the server sends to a place that is no http or https URL")
	}
	if err := r.Body.attach(req); err != nil {
		return nil, err
	}
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	return req, nil
}

// client is the one that a request goes out by.
func (c *Client) client(r Request) *http.Client {
	if r.Away.IsZero() {
		return c.http
	}
	return c.away
}
