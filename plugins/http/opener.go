package http

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/restclient"
)

// Version is that of this store.
const Version = "1.0.0"

// Opener opens servers by http and https URIs, and the files that they serve by these and mlflow-artifacts: URIs. The zero value
// works. Options come from the request or the environment, in this order; Options lists them.
//
// Credentials of the environment are for the tracking server and the registry: they are sent to no other origin. A URI of
// files on another one is opened without them.
type Opener struct {
	Getenv func(string) string // nil is os.Getenv
}

// Open opens the stores of a server without a word to it. A bad URI or option is ErrInvalid.
func (o Opener) Open(_ context.Context, request core.OpenRequest) (core.Backend, error) {
	backend, err := o.open(request)
	return backend, core.Do("open", request.URI.String(), err)
}

func (o Opener) open(request core.OpenRequest) (core.Backend, error) {
	at, err := locate(request)
	if err != nil {
		return core.Backend{}, err
	}
	s, err := o.settings(request)
	if err != nil {
		return core.Backend{}, err
	}
	meant := []core.URI{request.Tracking, request.Registry}
	if request.Tracking.IsZero() {
		meant = append(meant, request.URI)
	}
	client, err := restclient.New(at.server, s.For(at.server, meant...))
	if err != nil {
		return core.Backend{}, err
	}
	server := &remote{client: client, name: at.server.String(), slots: make(chan struct{}, atOnce)}
	if at.files {
		return core.Backend{Artifacts: &Artifacts{handle: newHandle(server, "artifact", request.ReadOnly), root: at.root}}, nil
	}
	return core.Backend{
		Tracking: &Tracking{handle: newHandle(server, "tracking", request.ReadOnly)},
		Registry: &Registry{handle: newHandle(server, "registry", request.ReadOnly)},
	}, nil
}

func (o Opener) getenv(name string) string {
	if o.Getenv == nil {
		return os.Getenv(name)
	}
	return o.Getenv(name)
}

// credentials are user and password of MLflow's file of them, where there is one.
func (o Opener) credentials() (username, password string) {
	home := o.getenv("HOME")
	if home == "" && o.Getenv == nil {
		home, _ = os.UserHomeDir()
	}
	if home == "" {
		return "", ""
	}
	text, err := os.ReadFile(filepath.Join(home, ".mlflow", "credentials"))
	if err != nil {
		return "", "" // there need not be one
	}
	return restclient.ReadCredentials(string(text))
}

// location is what a URI names.
type location struct {
	server core.URI
	files  bool   // the files that the server serves, not its records
	root   string // the place in them
}

// filesPath is where a server serves files.
const filesPath = "/api/2.0/mlflow-artifacts/artifacts"

func locate(request core.OpenRequest) (location, error) {
	u := request.URI
	if u.Scheme() == "mlflow-artifacts" {
		return locateFiles(u, request.Tracking)
	}
	text := u.Raw()
	head, below, found := strings.Cut(text, filesPath)
	if !found || below != "" && below[0] != '/' {
		return location{server: u}, nil
	}
	server, err := core.ParseURI(head)
	if err != nil {
		return location{}, err
	}
	root, err := rootOf(below)
	return location{server: server, files: true, root: root}, err
}

// locateFiles resolves mlflow-artifacts: URIs against the tracking server. Source: MLflow,
// mlflow/store/artifact/mlflow_artifacts_repo.py.
func locateFiles(u, tracking core.URI) (location, error) {
	if scheme := tracking.Scheme(); scheme != "http" && scheme != "https" {
		return location{}, core.Invalid("uri", "%s is a place on the tracking server, and the tracking URI names no server: "+
			"set it to http://host:port, or write %s://host:port/path with a tracking server", u, u.Scheme())
	}
	raw := strings.TrimRight(tracking.Raw(), "/")
	if host := u.Host(); host != "" {
		if strings.Trim(host, "0123456789") == "" {
			return location{}, core.Invalid("uri", "%s has a port and no host: write mlflow-artifacts://host:%s/path", u, host)
		}
		raw = tracking.Scheme() + "://" + host + strings.TrimRight(tracking.Path(), "/")
	}
	server, err := core.ParseURI(raw)
	if err != nil {
		return location{}, err
	}
	path := u.Path()
	if below, found := strings.CutPrefix(path, filesPath); found && (below == "" || below[0] == '/') {
		path = below
	}
	root, err := rootOf(path)
	return location{server: server, files: true, root: root}, err
}

// rootOf is the place that the path of a URI names.
func rootOf(path string) (string, error) {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return core.CheckArtifactDir(strings.Trim(path, "/"))
}

// atOnce is how many calls an MLflow server gets at a time: its pool of database connections has 15, and 30 s later it gives
// up. MLflow's client has as many connections.
const atOnce = 10

// remote is one server and what it promises, which is asked when somebody wants to know.
type remote struct {
	client *restclient.Client
	name   string // its URI without credentials

	asking sync.Mutex
	known  atomic.Pointer[profile]
	slots  chan struct{} // calls that an MLflow server gets at once
}
