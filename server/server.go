package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/server/hook"
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
	seats    concurrency

	locations   *locations
	destination core.ArtifactRepository // what the artifact proxy serves; nil is nothing
	page        *webpage                // MLflow's web page; nil is a plain one

	bounds    core.Limits  // of the tracking store
	longest   core.Limits  // to which params and tags are cut; zero cuts nothing
	logsModel sync.Mutex   // held by a call of log-model
	buffers   buffers      // for answers
	links     sync.Mutex   // held while a version is noted at its logged model
	hooks     *hook.Sender // tells webhooks what happens in the registry; nil without stores
}

// New opens the stores of a server. Close it at the end.
func New(ctx context.Context, c Config) (*Server, error) {
	c, err := c.filled()
	if err != nil {
		return nil, err
	}
	s := &Server{config: c, login: trusting{}, guard: trusting{}, log: c.Log, seats: newConcurrency(c.Concurrency)}
	if c.Access != nil {
		a := &accounts{server: s, access: c.Access}
		s.login, s.guard = a, a
	}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if s.handler, err = s.outermost(); err != nil { //nolint:contextcheck // each request has its own
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// open opens what the configuration names.
func (s *Server) open(ctx context.Context) error {
	var err error
	if s.locations, err = newLocations(s.config); err != nil {
		return err
	}
	if err := s.openDestination(ctx); err != nil {
		return err
	}
	if s.config.UIDir != "" {
		if s.page, err = openPage(s.config.UIDir); err != nil {
			return err
		}
	}
	if s.config.ArtifactsOnly {
		return nil
	}
	if s.tracking, s.registry, err = s.config.open(ctx); err != nil {
		return err
	}
	s.hooks = hook.NewSender(ctx, s.config.Webhooks, s.registry, s.log)
	if s.bounds, err = boundsOf(ctx, s.tracking); err == nil && !s.config.RefuseLongValues {
		s.longest = s.bounds
	}
	return err
}

// Handler serves the API.
func (s *Server) Handler() http.Handler { return s.handler }

// Close closes the stores.
func (s *Server) Close() error {
	var errs []error
	if s.hooks != nil {
		s.hooks.Close()
	}
	if s.tracking != nil {
		errs = append(errs, s.tracking.Close(), s.registry.Close())
	}
	if s.destination != nil {
		errs = append(errs, s.destination.Close())
	}
	if s.page != nil {
		errs = append(errs, s.page.Close())
	}
	return errors.Join(errs...)
}
