package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// Server is MLflow's REST API over stores. Make one with New.
type Server struct {
	config   Config
	tracking core.TrackingStore
	registry core.RegistryStore
	login    authenticator
	guard    guard
	log      *slog.Logger
	handler  http.Handler

	longest   core.Limits // to which params and tags are cut; zero cuts nothing
	logsModel sync.Mutex  // held by a call of log-model
}

// New opens the stores of a server. Close it at the end.
func New(ctx context.Context, c Config) (*Server, error) {
	tracking, models, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	c.Version = cmp.Or(c.Version, APIVersion)
	s := &Server{
		config: c, tracking: tracking, registry: models, login: trusting{}, guard: trusting{},
		log: cmp.Or(c.Log, slog.New(slog.DiscardHandler)),
	}
	if s.longest, err = c.longest(ctx, tracking); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if s.handler, err = s.mux(); err != nil { //nolint:contextcheck // each request has its own
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Handler serves the API.
func (s *Server) Handler() http.Handler { return s.handler }

// Close closes the stores.
func (s *Server) Close() error { return errors.Join(s.tracking.Close(), s.registry.Close()) }

// artifacts opens the artifact root at uri. Close it after use: the store below is shared.
func (s *Server) artifacts(ctx context.Context, uri string) (core.ArtifactRepository, error) {
	u, err := core.ParseURI(uri)
	if err != nil {
		return nil, err
	}
	return s.config.Resolver.Artifacts(ctx, u, s.config.settings())
}
