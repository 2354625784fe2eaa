package restclient

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// origin is scheme, host and port of a URI.
func origin(u core.URI) string {
	host, scheme := strings.ToLower(u.Host()), u.Scheme()
	if _, _, err := net.SplitHostPort(host); err != nil {
		host += map[string]string{"http": ":80", "https": ":443"}[scheme]
	}
	return scheme + "://" + host
}

func transportOf(s Settings) (*http.Transport, error) {
	// A connection is given up before the server does it (gunicorn after 2 s): a request that must not be repeated would be lost.
	const dialing, keepAlive, idle = 30 * time.Second, 30 * time.Second, 1500 * time.Millisecond
	secure, err := tlsOf(s)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: (&net.Dialer{Timeout: dialing, KeepAlive: keepAlive}).DialContext, TLSHandshakeTimeout: dialing,
		TLSClientConfig: secure, ForceAttemptHTTP2: true,
		MaxIdleConns: s.Idle, MaxIdleConnsPerHost: s.Idle, IdleConnTimeout: idle,
		MaxResponseHeaderBytes: 64 << 10, DisableCompression: true, // so that what is bounded is what comes
		ExpectContinueTimeout: time.Second,
	}, nil
}

func tlsOf(s Settings) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.InsecureTLS {
		if s.ServerCert != "" {
			return nil, core.Invalid("insecure_tls", "MLFLOW_TRACKING_INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH contradict "+
				"each other: set one of them")
		}
		c.InsecureSkipVerify = true
	}
	if s.ServerCert != "" {
		pem, err := os.ReadFile(s.ServerCert)
		if err != nil {
			return nil, core.Invalid("server_cert_path", "read the certificates to trust: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, core.Invalid("server_cert_path", "%s holds no certificate in PEM", s.ServerCert)
		}
	}
	if s.ClientCert != "" {
		pair, err := tls.LoadX509KeyPair(s.ClientCert, s.ClientCert)
		if err != nil {
			return nil, core.Invalid("client_cert_path", "read the client's certificate and key, both in one PEM file: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

var errRedirect = errors.New("redirect")

// redirects follows a server's redirects to itself, of requests that change nothing. Another server gets neither
// credentials nor data.
func redirects(allowed bool) func(*http.Request, []*http.Request) error {
	const most = 5
	return func(to *http.Request, via []*http.Request) error {
		from := via[0]
		switch {
		case !allowed:
			return fmt.Errorf("%w: the server sends to %s, and MLFLOW_ALLOW_HTTP_REDIRECTS forbids to follow", errRedirect, shown(to.URL))
		case to.URL.Scheme != from.URL.Scheme || to.URL.Host != from.URL.Host:
			return fmt.Errorf("%w: the server sends to another one, %s: if that is meant, use it as the URI", errRedirect, shown(to.URL))
		case from.Method != http.MethodGet && from.Method != http.MethodHead:
			return fmt.Errorf("%w: the server sends a %s to %s: correct the path of the URI", errRedirect, from.Method, shown(to.URL))
		case len(via) > most:
			return fmt.Errorf("%w: more than %d in a row", errRedirect, most)
		}
		return nil
	}
}

// shown is a URL without what may be secret in it.
func shown(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
