package server

import (
	"context"
	"io"
	"net/http"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// aboutRoutes tell of the server itself. MLflow answers all of them without a login.
func (s *Server) aboutRoutes() []route {
	return append(s.metricsRoutes(), []route{
		openly(http.MethodGet, []string{"/health"}, text("OK")),
		openly(http.MethodGet, []string{"/version"}, text(s.config.Version)),
		json(rest.ServerInfo, open, s.serverInfo),
	}...)
}

// metricsRoutes serve Prometheus. Where there are accounts it needs one, unlike in MLflow.
func (s *Server) metricsRoutes() []route {
	if s.config.Metrics == nil {
		return nil
	}
	return []route{raw(http.MethodGet, []string{"/metrics"}, known, func(c *call) error {
		s.config.Metrics.ServeHTTP(c.w, c.r)
		return nil
	})}
}

func text(body string) func(*call) error {
	return func(c *call) error {
		c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, err := io.WriteString(c.w, body)
		return unanswered(err)
	}
}

func (s *Server) serverInfo(c *call, _ rest.None) (rest.ServerInfoAnswer, error) {
	info := rest.ServerInfoAnswer{
		StoreType:            "SqlStore",
		PresignedUploadRunID: true, PresignedUploadModelID: true, PresignedModelDownloads: true, // what a request may say
		ArtifactServingEnabled: s.destination != nil, ArtifactsPresignedOnly: s.config.PresignedOnly,
	}
	if s.destination != nil {
		_, info.MultipartUploads = core.As[core.Multipart](s.destination)
		_, info.MultipartDownloads = core.As[core.Presigner](s.destination)
	}
	var err error
	info.Mlstore, err = s.promises(c.ctx())
	return info, err
}

// promises are what the stores promise, for clients of this project.
func (s *Server) promises(ctx context.Context) (*rest.Promises, error) {
	p := &rest.Promises{Contract: core.ContractVersion}
	if !s.config.ArtifactsOnly {
		tracking, err := s.tracking.Describe(ctx)
		if err != nil {
			return nil, err
		}
		models, err := s.registry.Describe(ctx)
		if err != nil {
			return nil, err
		}
		p.Tracking, p.Registry = tracking.Capabilities, models.Capabilities
		p.TrackingLimits, p.RegistryLimits = &tracking.Limits, &models.Limits
	}
	if s.destination != nil {
		files, err := s.destination.Describe(ctx)
		if err != nil {
			return nil, err
		}
		p.Artifacts = files.Capabilities
	}
	return p, nil
}
