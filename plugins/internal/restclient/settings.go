package restclient

import (
	"time"

	"github.com/mlstore/mlstore/core"
)

// Settings say how a server is reached. Defaults fills in what MLflow's client takes.
type Settings struct {
	Username string
	Password core.Secret
	Token    core.Secret // a bearer token; user and password come before it

	InsecureTLS bool   // any certificate will do
	ServerCert  string // file of the authorities to trust, in PEM; empty is the system's
	ClientCert  string // file of a certificate and its key, in PEM; empty is none

	Workspace string

	Timeout    time.Duration // how long a server may be silent before an attempt has failed
	Retries    int           // after the first attempt
	Backoff    float64       // seconds: the wait before retry n is Backoff·2^(n−1), at most 120, and none before the first
	Jitter     float64       // seconds: up to so much is added to each wait
	RetryAfter bool          // a server's Retry-After takes the place of the wait
	Redirects  bool          // redirects within the server are followed; to another they never are
	Idle       int           // connections that are kept open for the next request
}

// Defaults are those of MLflow's client (mlflow/environment_variables.py), but for the connections that it keeps.
func Defaults() Settings {
	return Settings{Timeout: 120 * time.Second, Retries: 7, Backoff: 2, Jitter: 1, RetryAfter: true, Redirects: true, Idle: 64}
}

// anonymous is s without anything that tells who asks.
func (s Settings) anonymous() Settings {
	s.Username, s.Password, s.Token, s.ClientCert = "", core.Secret{}, core.Secret{}, ""
	return s
}

// For returns the settings for a server: credentials go along only when it is one of those that they were given for.
func (s Settings) For(server core.URI, meant ...core.URI) Settings {
	for _, m := range meant {
		if origin(m) == origin(server) {
			return s
		}
	}
	return s.anonymous()
}
