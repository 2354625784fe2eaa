package restclient

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/mlstore/mlstore/core"
)

// Client speaks to one server. Make one with New. It is safe for concurrent use.
type Client struct {
	base     url.URL // without user; its path has no slash at the end
	settings Settings
	http     *http.Client
	away     *http.Client // for places that the server names
	sent     atomic.Int64
	reached  atomic.Bool // a request was answered
}

// New makes a client of the server at base, an http or https URI whose path may be a prefix. A user and password in it come
// before those of the settings. It sends nothing.
func New(base core.URI, s Settings) (*Client, error) {
	u, err := url.Parse(base.Raw())
	if err != nil { // whose text may show the password
		return nil, core.Invalid("uri", "%s is no URL: encode the user and password in it", base)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, core.Invalid("uri", "%s is no server: write http://host or https://host", base)
	case u.Hostname() == "":
		return nil, core.Invalid("uri", "%s names no host: write %s://host:port", base, u.Scheme)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, core.Invalid("uri", "%s has a query or fragment, which a server cannot have", base)
	}
	if u.User != nil {
		s.Username, s.Token = u.User.Username(), core.Secret{}
		password, _ := u.User.Password()
		s.Password = core.NewSecret(password)
	}
	transport, err := transportOf(s)
	if err != nil {
		return nil, err
	}
	c := &Client{base: url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}, settings: s}
	c.http = &http.Client{Transport: transport, CheckRedirect: redirects(s.Redirects)}
	c.away, err = stranger(s)
	return c, err
}

// Close closes the connections that nobody uses.
func (c *Client) Close() {
	c.http.CloseIdleConnections()
	c.away.CloseIdleConnections()
}

// Requests is how many requests were sent, repeated ones too.
func (c *Client) Requests() int64 { return c.sent.Load() }

// request makes the HTTP request of one attempt.
func (c *Client) request(ctx context.Context, r Request) (*http.Request, error) {
	if !r.Away.IsZero() {
		return away(ctx, r)
	}
	u := c.base
	escaped := u.EscapedPath() + r.Path
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, core.Invalid("path", "%q is no path of a URL", r.Path)
	}
	u.Path, u.RawPath, u.RawQuery = path, escaped, r.Query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.Method, u.String(), http.NoBody)
	if err != nil {
		return nil, core.Invalid("uri", "make a request: %w", err)
	}
	if err := r.Body.attach(req); err != nil {
		return nil, err
	}
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	if !r.Once && r.Body.Stream == nil {
		// So net/http repeats it on another connection when the one that it took turns out to be closed; nothing is sent.
		req.Header["Idempotency-Key"] = []string{}
	}
	c.identify(req)
	return req, nil
}

// identify says who asks. Source: mlflow/utils/rest_utils.py, http_request.
func (c *Client) identify(req *http.Request) {
	s := c.settings
	req.Header.Set("User-Agent", "mlstore/"+core.ContractVersion)
	switch {
	case s.Username != "" && !s.Password.IsZero():
		req.SetBasicAuth(s.Username, s.Password.Reveal())
	case !s.Token.IsZero():
		req.Header.Set("Authorization", "Bearer "+s.Token.Reveal())
	}
	if s.Workspace != "" {
		req.Header.Set("X-Mlflow-Workspace", s.Workspace)
	}
}
