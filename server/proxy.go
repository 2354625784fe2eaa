package server

import (
	"context"
	"net/http"
	"path"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// proxyRoutes serve the files of the destination itself, below paths that are theirs.
func (s *Server) proxyRoutes() []route {
	routes := []route{
		json(rest.ProxyList, func(q rest.ListProxied) []need { return []need{{read, artifactKind, q.Path}} }, s.listProxied),
		transfer(http.MethodGet, pathsOf(rest.ProxyGet), file(read), s.getProxied),
		transfer(http.MethodPut, pathsOf(rest.ProxyPut), file(edit), s.putProxied),
		raw(http.MethodDelete, pathsOf(rest.ProxyDelete), file(manage), s.deleteProxied),
		raw(http.MethodGet, pathsOf(rest.ProxyPresign), file(read), s.presignProxied),
		uploading(rest.ProxyCreateUpload, func(q rest.CreateUpload) string { return q.Path }, s.createUpload),
		uploading(rest.ProxyCompleteUpload, func(q rest.CompleteUpload) string { return q.Path }, s.completeUpload),
		uploading(rest.ProxyAbortUpload, func(q rest.AbortUpload) string { return q.Path }, s.abortUpload),
	}
	if s.destination == nil {
		return gated(notServing, routes)
	}
	return routes
}

// file is the policy of what is done with the file at the end of the path.
func file(p permission) func(*call) []need {
	return func(c *call) []need { return []need{{p, artifactKind, c.r.PathValue("path")}} }
}

// openDestination opens where the files are that the server serves, for as long as it runs.
func (s *Server) openDestination(ctx context.Context) error {
	at := s.locations.destination
	if at.IsZero() {
		return nil
	}
	var err error
	s.destination, err = s.config.Resolver.Artifacts(ctx, at, s.config.settings())
	return err
}

func (s *Server) listProxied(c *call, q rest.ListProxied) (listing, error) {
	at, err := s.proxied(c.ctx(), strings.TrimSuffix(q.Path, "/"))
	if err != nil {
		return listing{}, err
	}
	if !at.own {
		at.path = q.Path // with its slash, which is judged there
	}
	return list(c.ctx(), at, listing{dir: at.path, names: true, close: at.own})
}

func (s *Server) getProxied(c *call) error {
	name := c.r.PathValue("path")
	if err := s.checkProxied(name); err != nil {
		return err
	}
	if s.config.PresignedOnly {
		return presignedOnly()
	}
	at, err := s.proxied(c.ctx(), name)
	if err != nil {
		return err
	}
	defer at.leave()
	return s.send(c, at, at.path)
}

// deleteProxied deletes a file, or a directory with everything in it. What is not there is deleted already (D-11).
func (s *Server) deleteProxied(c *call) error {
	name := c.r.PathValue("path")
	if err := s.checkProxied(name); err != nil {
		return err
	}
	at, err := s.proxied(c.ctx(), name)
	if err != nil {
		return err
	}
	defer at.leave()
	if err := at.Delete(c.ctx(), at.path, core.DeleteOptions{}); err != nil {
		return err
	}
	return c.answer(rest.None{})
}

func (s *Server) presignProxied(c *call) error {
	name := c.r.PathValue("path")
	if err := core.CheckArtifactPath(name); err != nil {
		return err
	}
	signed, err := presign(c.ctx(), s.destination, name, core.PresignOptions{})
	if err != nil {
		return err
	}
	return c.answer(rest.PresignProxiedAnswer(signed))
}

// writable refuses names under which uploads that are not complete lie at MLflow's server (mlflow/server/fastapi_app.py).
func writable(name string) error {
	if err := core.CheckArtifactPath(name); err != nil {
		return err
	}
	return unreserved(name)
}

func unreserved(name string) error {
	if strings.HasPrefix(path.Base(name), ".artifact.uploading.") {
		return core.Invalid("path", "the name '%s' is kept for uploads that are not complete", cut(path.Base(name)))
	}
	return nil
}
