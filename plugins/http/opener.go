package http

import (
	"context"
	"os"
	"path/filepath"
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
	server := &remote{client: client, name: at.server.String(), direct: s.direct, slots: make(chan struct{}, atOnce)}
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

// atOnce is how many calls an MLflow server gets at a time: its pool of database connections has 15, and 30 s later it gives
// up. MLflow's client has as many connections.
const atOnce = 10

// remote is one server and what it promises, which is asked when somebody wants to know.
type remote struct {
	client *restclient.Client
	name   string // its URI without credentials

	asking sync.Mutex
	known  atomic.Pointer[profile]
	direct direct        // which files go past it
	slots  chan struct{} // calls that an MLflow server gets at once
}
