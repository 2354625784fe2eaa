package server

import (
	"net/http"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/server/observe"
)

// routes is the table: everything that the server answers.
func (s *Server) routes() []route {
	records := slices.Concat(
		s.trackingRoutes(),
		s.runArtifactRoutes(),
		s.registryRoutes(),
	)
	if s.config.ArtifactsOnly {
		records = gated(notTracking, records)
	}
	return slices.Concat(s.aboutRoutes(), records, s.proxyRoutes(), s.pageRoutes(), s.accountRoutes())
}

// mux turns the table into a handler. An entry without a policy is an error (R9).
func (s *Server) mux() (http.Handler, error) {
	mux, behind := http.NewServeMux(), tails{}
	for _, r := range s.routes() {
		if r.policy == nil || r.serve == nil {
			return nil, core.Errorf(core.Internal, "the route %s %v has no policy or no handler", r.method, r.paths)
		}
		for _, path := range r.paths {
			path = s.config.StaticPrefix + path
			if !behind.add(r.method, path, s.through(r)) {
				mux.Handle(r.method+" "+path, s.through(r))
			}
		}
	}
	mux.HandleFunc("/", s.unknown)
	return behind.dispatch(mux, s.unknown), nil
}

// through leads a request through the stations of its route.
func (s *Server) through(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		c := &call{w: w, r: req, server: s}
		err := errPanicked                    // unless it is another, or none
		defer func() { s.audit(c, r, err) }() //nolint:contextcheck // it is in the call
		if err = s.serve(c, r); err != nil {  //nolint:contextcheck // likewise
			observe.Fail(c.ctx(), err) //nolint:contextcheck // likewise
			fail(w, err)
		}
	})
}

var errPanicked error = core.Errorf(core.Internal, "the handler panicked")

// serve answers a request, or returns an error without having answered.
func (s *Server) serve(c *call, r route) error {
	var err error
	if !r.public { // so that a probe needs no account, and no password is tried by way of one
		c.principal, err = s.login.authenticate(c.r)
	}
	observe.Note(c.ctx(), r.method+" "+r.paths[0], c.principal.name)
	if err != nil {
		return err
	}
	leave, err := s.seats.enter(c, r)
	if err != nil {
		return err
	}
	defer leave()
	if r.decode != nil {
		if c.request, err = r.decode(c); err != nil {
			return err
		}
	}
	c.needs = r.policy(c.request)
	if len(c.needs) == 0 {
		return core.Errorf(core.PermissionDenied, "nobody may ask for this")
	}
	if err := s.guard.allow(c.ctx(), c.principal, c.needs); err != nil {
		return err
	}
	return r.serve(c)
}

// unknown answers what the server does not have, in the way on which MLflow's clients fall back to what they did before.
func (s *Server) unknown(w http.ResponseWriter, r *http.Request) {
	c := &call{w: w, r: r, server: s}
	if _, err := s.login.authenticate(r); err != nil {
		// Whoever guesses passwords here is seen as well.
		s.audit(c, route{method: r.Method, paths: []string{"unknown"}}, err) //nolint:contextcheck // it is in the call
		fail(w, err)
		return
	}
	path := r.URL.Path
	if len(path) > 200 {
		path = strings.ToValidUTF8(path[:200], "") + "…"
	}
	fail(w, &core.Error{
		Code: core.Unimplemented, Reason: core.ReasonEndpointNotFound,
		Err: core.Errorf(core.Unimplemented, "this server has no endpoint %s %q", r.Method, path),
	})
}
