package http

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
)

// option is a setting that a caller may give by name or in a variable of the environment. Source:
// mlflow/environment_variables.py.
type option struct {
	core.ManifestOption
	variable string
	set      func(*settings, string) error
}

// settings are what the options say.
type settings struct {
	restclient.Settings
	direct direct
}

// Options describes the options and secrets that the opener takes.
func Options() []core.ManifestOption {
	var list []core.ManifestOption
	for _, o := range options() {
		o.About += " (" + o.variable + ")"
		list = append(list, o.ManifestOption)
	}
	return list
}

func options() []option {
	secret := func(name, about string) core.ManifestOption {
		return core.ManifestOption{Name: name, About: about, Secret: true}
	}
	plain := func(name, about, standard string) core.ManifestOption {
		return core.ManifestOption{Name: name, About: about, Default: standard}
	}
	return []option{
		{
			plain("username", "user, with the password", ""), "MLFLOW_TRACKING_USERNAME",
			func(s *settings, v string) error { s.Username = v; return nil },
		},
		{
			secret("password", "password of the user"), "MLFLOW_TRACKING_PASSWORD",
			func(s *settings, v string) error { s.Password = core.NewSecret(v); return nil },
		},
		{
			secret("token", "bearer token, where there are no user and password"), "MLFLOW_TRACKING_TOKEN",
			func(s *settings, v string) error { s.Token = core.NewSecret(v); return nil },
		},
		{
			plain("insecure_tls", "true accepts any certificate", "false"), "MLFLOW_TRACKING_INSECURE_TLS",
			truth("insecure_tls", func(s *settings) *bool { return &s.InsecureTLS }),
		},
		{
			plain("server_cert_path", "PEM file of the certificates to trust", ""), "MLFLOW_TRACKING_SERVER_CERT_PATH",
			func(s *settings, v string) error { s.ServerCert = v; return nil },
		},
		{
			plain("client_cert_path", "PEM file of a client certificate and its key", ""), "MLFLOW_TRACKING_CLIENT_CERT_PATH",
			func(s *settings, v string) error { s.ClientCert = v; return nil },
		},
		{
			plain("timeout", "seconds without a byte from the server before an attempt fails", "120"),
			"MLFLOW_HTTP_REQUEST_TIMEOUT", setTimeout,
		},
		{
			plain("max_retries", "attempts after the first, up to 10", "7"), "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
			whole("max_retries", func(s *settings) *int { return &s.Retries }, 0, 10),
		},
		{
			plain("backoff_factor", "seconds: before retry n it waits factor·2^(n−1), up to 120", "2"),
			"MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR",
			seconds("backoff_factor", func(s *settings) *float64 { return &s.Backoff }),
		},
		{
			plain("backoff_jitter", "seconds: up to so much longer", "1"), "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER",
			seconds("backoff_jitter", func(s *settings) *float64 { return &s.Jitter }),
		},
		{
			plain("respect_retry_after", "true waits as long as the server asks for", "true"),
			"MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER",
			truth("respect_retry_after", func(s *settings) *bool { return &s.RetryAfter }),
		},
		{
			plain("allow_redirects", "true follows redirects, within the server alone", "true"), "MLFLOW_ALLOW_HTTP_REDIRECTS",
			truth("allow_redirects", func(s *settings) *bool { return &s.Redirects }),
		},
		{
			plain("pool_maxsize", "connections that are kept for the next request", "64"), "MLFLOW_HTTP_POOL_MAXSIZE",
			whole("pool_maxsize", func(s *settings) *int { return &s.Idle }, 1, 10000),
		},
		{
			plain("multipart_upload", "whether long files go past the server, in parts", "as the server says"),
			"MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD",
			truth("multipart_upload", func(s *settings) *bool { s.direct.uploads = new(bool); return s.direct.uploads }),
		},
		{
			plain("multipart_download", "whether files are read past the server", "as the server says"),
			"MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD",
			truth("multipart_download", func(s *settings) *bool { s.direct.downloads = new(bool); return s.direct.downloads }),
		},
		{
			plain("multipart_minimum", "bytes of the shortest file that is sent in parts", "524288000"),
			"MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE",
			whole("multipart_minimum", func(s *settings) *int { return &s.direct.least }, 0, math.MaxInt),
		},
		{
			plain("multipart_chunk", "bytes of a part", "10485760"), "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE",
			whole("multipart_chunk", func(s *settings) *int { return &s.direct.part }, core.LeastPart, 1<<30),
		},
	}
}

// settings reads the options of a request, and of the environment where it has none.
func (o Opener) settings(request core.OpenRequest) (settings, error) {
	s := settings{Settings: restclient.Defaults(), direct: directly()}
	s.Workspace = request.Workspace
	if err := o.unsupported(); err != nil {
		return s, err
	}
	for _, known := range options() {
		value, given := request.Options[known.Name]
		if known.Secret {
			var secret core.Secret
			secret, given = request.Secrets[known.Name]
			value = secret.Reveal()
		}
		if !given {
			value = o.getenv(known.variable)
		}
		if value == "" {
			continue
		}
		if err := known.set(&s, value); err != nil {
			return s, err
		}
	}
	if err := unknownOption(request); err != nil {
		return s, err
	}
	if s.Username == "" || s.Password.IsZero() {
		username, password := o.credentials()
		if s.Username == "" {
			s.Username = username
		}
		if s.Password.IsZero() {
			s.Password = core.NewSecret(password)
		}
	}
	return s, nil
}

// unsupported refuses ways to sign in that need Python.
func (o Opener) unsupported() error {
	for _, name := range []string{"MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4"} {
		switch value := o.getenv(name); strings.ToLower(value) {
		case "", "0", "false":
		default:
			return core.Errorf(core.Unimplemented, "%s=%s asks for a way to sign in that this client does not have: unset it, "+
				"and use MLFLOW_TRACKING_USERNAME and _PASSWORD, MLFLOW_TRACKING_TOKEN or MLFLOW_TRACKING_CLIENT_CERT_PATH", name, value)
		}
	}
	return nil
}

func unknownOption(request core.OpenRequest) error {
	known := map[string]bool{} // whether it is a secret
	for _, o := range options() {
		known[o.Name] = o.Secret
	}
	for name := range request.Options {
		if secret, found := known[name]; !found || secret {
			return core.Invalid(name, "there is no option %q for a server", name)
		}
	}
	for name := range request.Secrets {
		if !known[name] {
			return core.Invalid(name, "there is no secret %q for a server", name)
		}
	}
	return nil
}

func truth(name string, at func(*settings) *bool) func(*settings, string) error {
	return func(s *settings, v string) error {
		switch strings.ToLower(v) {
		case "true", "1":
			*at(s) = true
		case "false", "0":
			*at(s) = false
		default:
			return core.Invalid(name, "%s is %q: it must be true or false", name, v)
		}
		return nil
	}
}

func whole(name string, at func(*settings) *int, least, most int) func(*settings, string) error {
	return func(s *settings, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < least || n > most {
			return core.Invalid(name, "%s is %q: it must be a whole number from %d to %d", name, v, least, most)
		}
		*at(s) = n
		return nil
	}
}

// mostSeconds is MLflow's upper limit of a back-off factor.
const mostSeconds = 120

func seconds(name string, at func(*settings) *float64) func(*settings, string) error {
	return func(s *settings, v string) error {
		n, err := strconv.ParseFloat(v, 64)
		if err != nil || !(n >= 0 && n <= mostSeconds) {
			return core.Invalid(name, "%s is %q: it must be a number of seconds from 0 to %d", name, v, mostSeconds)
		}
		*at(s) = n
		return nil
	}
}

func setTimeout(s *settings, v string) error {
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || !(n > 0 && n <= 86400) {
		return core.Invalid("timeout", "timeout is %q: it must be a number of seconds above 0 and up to 86400", v)
	}
	s.Timeout = time.Duration(n * float64(time.Second))
	return nil
}
