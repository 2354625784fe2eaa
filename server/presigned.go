package server

import (
	"context"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// presign signs a request for a file.
func presign(
	ctx context.Context, repo core.ArtifactRepository, name string, o core.PresignOptions,
) (rest.PresignArtifactAnswer, error) {
	if err := writable(name); err != nil {
		return rest.PresignArtifactAnswer{}, err
	}
	signer, ok := core.As[core.Presigner](repo)
	if !ok {
		what := "Multipart download"
		if o.Upload {
			what = "Presigned upload"
		}
		return rest.PresignArtifactAnswer{}, core.Errorf(core.Unimplemented,
			"%s is not supported for the current artifact repository", what)
	}
	signed, err := signer.Presign(ctx, name, o)
	if err != nil {
		return rest.PresignArtifactAnswer{}, err
	}
	answer := rest.PresignArtifactAnswer{URL: signed.URL.Reveal(), Headers: signed.Headers}
	if answer.Headers == nil {
		answer.Headers = map[string]string{}
	}
	if !o.Upload {
		size := rest.Int(signed.Size)
		answer.FileSize = &size
	}
	return answer, nil
}

func (s *Server) presignPut(c *call, q rest.PresignArtifact) (rest.PresignArtifactAnswer, error) {
	return s.presignDirect(c.ctx(), q, core.PresignOptions{Upload: true})
}

func (s *Server) presignGet(c *call, q rest.PresignArtifact) (rest.PresignArtifactAnswer, error) {
	if q.RunID == "" {
		return rest.PresignArtifactAnswer{}, missing("run_id")
	}
	return s.presignDirect(c.ctx(), q, core.PresignOptions{})
}

// presignDirect signs a request for a file of a run or logged model that is not kept by this server. A request is good for 15
// minutes at most, also when more was asked for (R24).
func (s *Server) presignDirect(
	ctx context.Context, q rest.PresignArtifact, o core.PresignOptions,
) (rest.PresignArtifactAnswer, error) {
	var none rest.PresignArtifactAnswer
	if err := writable(q.Path); err != nil {
		return none, err
	}
	if (q.RunID == "") == (q.ModelID == "") {
		return none, core.Invalid("run_id", "Exactly one of run_id and model_id must be provided.")
	}
	if q.Expiration != nil {
		const week = 604800
		if *q.Expiration < 1 || *q.Expiration > week {
			return none, core.Invalid("expiration", "expiration must be between 1 and %d seconds (got %d).", week, *q.Expiration)
		}
		o.Expires = min(time.Duration(*q.Expiration)*time.Second, core.MostPresigned)
	}
	uri, err := s.locationOf(ctx, q)
	if err != nil {
		return none, err
	}
	u, err := core.ParseURI(uri)
	if err != nil {
		return none, err
	}
	switch u.Scheme() {
	case "http", "https", proxyScheme:
		return none, core.Invalid("run_id",
			"Presigned requests are not supported for proxied artifact storage (artifact URI scheme: %s). "+
				"This endpoint requires a direct cloud storage artifact URI.", u.Scheme())
	}
	repo, err := s.artifacts(ctx, uri, q.Path)
	if err != nil {
		return none, err
	}
	defer repo.Close()
	return presign(ctx, repo, q.Path, o)
}

// locationOf is where the artifacts of a run or logged model are.
func (s *Server) locationOf(ctx context.Context, q rest.PresignArtifact) (string, error) {
	if q.RunID != "" {
		run, err := s.tracking.Run(ctx, core.RunID(q.RunID))
		return run.ArtifactURI, err
	}
	model, err := s.liveLoggedModel(ctx, q.ModelID)
	return model.ArtifactURI, err
}
