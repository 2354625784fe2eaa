package server

import (
	"context"
	"net/http"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// runArtifactRoutes serve the artifacts of runs, logged models and versions, wherever those are kept.
func (s *Server) runArtifactRoutes() []route {
	ofRun := func(c *call) []need { return []need{{read, runKind, runOf(c)}} }
	ofVersion := func(c *call) []need { return []need{{read, modelKind, c.r.URL.Query().Get("name")}} }
	ofModel := func(c *call) []need { return []need{{read, loggedModelKind, c.r.PathValue("model_id")}} }
	modelFile := []string{"/ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files"}
	return []route{
		json(rest.ArtifactsList, on(read, runKind, func(q rest.ListArtifacts) string { return q.RunID }), s.listArtifacts),
		raw(http.MethodGet, pathsOf(rest.LoggedModelsArtifacts), ofModel, s.listModelArtifacts),
		transfer(http.MethodGet, []string{"/get-artifact"}, ofRun, s.getRunArtifact),
		transfer(http.MethodGet, []string{"/model-versions/get-artifact"}, ofVersion, s.getVersionArtifact),
		transfer(http.MethodGet, modelFile, ofModel, s.getModelArtifact),
		transfer(http.MethodPost, []string{"/ajax-api/2.0/mlflow/upload-artifact"}, func(c *call) []need {
			return []need{{edit, runKind, runOf(c)}}
		}, s.uploadRunArtifact),
		json(rest.ArtifactsPresignPut, presigning(edit), s.presignPut),
		json(rest.ArtifactsPresignGet, presigning(read), s.presignGet),
	}
}

// runOf is the run that the query of a call names.
func runOf(c *call) string {
	q := c.r.URL.Query()
	if id := q.Get("run_id"); id != "" {
		return id
	}
	return q.Get("run_uuid")
}

func (s *Server) listArtifacts(c *call, q rest.ListArtifacts) (listing, error) {
	if _, err := core.CheckArtifactDir(q.Path); err != nil {
		return listing{}, err
	}
	run, err := s.tracking.Run(c.ctx(), core.RunID(q.RunID))
	if err != nil {
		return listing{}, err
	}
	return s.listBelow(c.ctx(), run.ArtifactURI, q.Path)
}

func (s *Server) listModelArtifacts(c *call) error {
	var q rest.ListModelArtifacts
	if err := rest.DecodeQuery(c.r.URL.Query(), &q); err != nil {
		return err
	}
	if _, err := core.CheckArtifactDir(q.Path); err != nil {
		return err
	}
	uri, err := s.modelLocation(c)
	if err != nil {
		return err
	}
	found, err := s.listBelow(c.ctx(), uri, q.Path)
	if err != nil {
		return err
	}
	return c.answer(found)
}

// modelLocation is where the files of the logged model are that the path of a call names.
func (s *Server) modelLocation(c *call) (string, error) {
	model, err := s.liveLoggedModel(c.ctx(), c.r.PathValue("model_id"))
	return model.ArtifactURI, err
}

// listBelow lists a directory below a location, with paths relative to that.
func (s *Server) listBelow(ctx context.Context, uri, dir string) (listing, error) {
	repo, err := s.artifacts(ctx, uri, dir)
	if err != nil {
		return listing{}, err
	}
	return list(ctx, repo, listing{root: uri, dir: dir, close: true})
}

// presigning is the policy of signing requests: what is signed may be done without a login (R24).
func presigning(p permission) func(rest.PresignArtifact) []need {
	return func(q rest.PresignArtifact) []need {
		var needs []need
		if q.RunID != "" {
			needs = append(needs, need{p, runKind, q.RunID})
		}
		if q.ModelID != "" {
			needs = append(needs, need{p, loggedModelKind, q.ModelID})
		}
		if needs == nil {
			return known(q) // and refused
		}
		return slices.Clip(needs)
	}
}
