package server

import (
	"context"
	"errors"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

func (s *Server) loggedModelRoutes() []route {
	return []route{
		json(rest.LoggedModelsCreate, createLoggedModelNeeds, s.createLoggedModel),
		json(rest.LoggedModelsGet,
			on(read, loggedModelKind, func(q rest.GetLoggedModel) string { return q.ModelID }), s.getLoggedModel),
		json(rest.LoggedModelsFinalize,
			on(edit, loggedModelKind, func(q rest.FinalizeLoggedModel) string { return q.ModelID }), s.finalizeLoggedModel),
		json(rest.LoggedModelsDelete,
			on(manage, loggedModelKind, func(q rest.LoggedModelID) string { return q.ModelID }), s.deleteLoggedModel),
		json(rest.LoggedModelsLogParams,
			on(edit, loggedModelKind, func(q rest.LogModelParams) string { return q.ModelID }), s.logModelParams),
		json(rest.LoggedModelsSetTags,
			on(edit, loggedModelKind, func(q rest.SetLoggedModelTags) string { return q.ModelID }), s.setLoggedModelTags),
		json(rest.LoggedModelsDeleteTag,
			on(manage, loggedModelKind, func(q rest.DeleteLoggedModelTag) string { return q.ModelID }), s.deleteLoggedModelTag),
		json(rest.LoggedModelsSearch, known[rest.SearchLoggedModels], s.searchLoggedModels),
	}
}

// createLoggedModelNeeds are those of adding to an experiment, and of naming the run that made the model.
func createLoggedModelNeeds(q rest.CreateLoggedModel) []need {
	needs := []need{{create, loggedModelKind, q.ExperimentID}}
	if q.SourceRunID != "" {
		needs = append(needs, need{read, runKind, q.SourceRunID})
	}
	return needs
}

// loggedModels is the store's ability to keep logged models.
func (s *Server) loggedModels() (core.LoggedModels, error) {
	models, ok := core.As[core.LoggedModels](s.tracking)
	if !ok {
		return nil, core.Errorf(core.Unimplemented, "the tracking store %s keeps no logged models", s.config.Tracking)
	}
	return models, nil
}

func noLoggedModel(err error, id string) error {
	return phrased(err, core.NotFound, "Logged model with ID '%s' not found.", cut(id))
}

func (s *Server) createLoggedModel(c *call, q rest.CreateLoggedModel) (rest.LoggedModelAnswer, error) {
	models, err := s.loggedModels()
	if err != nil {
		return rest.LoggedModelAnswer{}, err
	}
	params := rest.TagMap(q.Params)
	for key, value := range params {
		params[key] = short(value, s.longest.ParamValue)
	}
	m, err := models.CreateLoggedModel(c.ctx(), core.ExperimentID(q.ExperimentID), core.LoggedModelSpec{
		Name: q.Name, Type: q.ModelType, SourceRunID: core.RunID(q.SourceRunID), Params: params, Tags: rest.TagMap(q.Tags),
	})
	return rest.LoggedModelAnswer{Model: rest.LoggedModelOf(m)}, noExperiment(err, q.ExperimentID)
}

// getLoggedModel hides deleted models unless they are asked for.
func (s *Server) getLoggedModel(c *call, q rest.GetLoggedModel) (rest.LoggedModelAnswer, error) {
	find := s.liveLoggedModel
	if q.AllowDeleted {
		find = s.loggedModel
	}
	m, err := find(c.ctx(), q.ModelID)
	return rest.LoggedModelAnswer{Model: rest.LoggedModelOf(m)}, err
}

// liveLoggedModel is a logged model that is not deleted: only such a one shows its files and becomes a version.
func (s *Server) liveLoggedModel(ctx context.Context, id string) (core.LoggedModel, error) {
	m, err := s.loggedModel(ctx, id)
	if err == nil && m.Lifecycle == core.Deleted {
		return core.LoggedModel{}, noLoggedModel(core.Missing("logged model", id), id)
	}
	return m, err
}

func (s *Server) loggedModel(ctx context.Context, id string) (core.LoggedModel, error) {
	models, err := s.loggedModels()
	if err != nil {
		return core.LoggedModel{}, err
	}
	m, err := models.LoggedModel(ctx, core.ModelID(id))
	if core.CodeOf(err) == core.InvalidArgument { // what is no id is not there
		err = core.Missing("logged model", id)
	}
	return m, noLoggedModel(err, id)
}

func (s *Server) changeLoggedModel(ctx context.Context, id string, change core.LoggedModelChange) (core.LoggedModel, error) {
	models, err := s.loggedModels()
	if err != nil {
		return core.LoggedModel{}, err
	}
	return models.UpdateLoggedModel(ctx, core.ModelID(id), change)
}

// finalizeLoggedModel sets the status; the id in the path counts, as since MLflow 3.18.
func (s *Server) finalizeLoggedModel(c *call, q rest.FinalizeLoggedModel) (rest.LoggedModelAnswer, error) {
	if q.Status == 0 {
		return rest.LoggedModelAnswer{}, core.Invalid("status", "a logged model is finalized as READY or as UPLOAD_FAILED")
	}
	m, err := s.changeLoggedModel(c.ctx(), q.ModelID, core.LoggedModelChange{Status: core.ModelStatus(q.Status)})
	return rest.LoggedModelAnswer{Model: rest.LoggedModelOf(m)}, noLoggedModel(err, q.ModelID)
}

// deleteLoggedModel succeeds a second time, as MLflow does.
func (s *Server) deleteLoggedModel(c *call, q rest.LoggedModelID) (rest.None, error) {
	models, err := s.loggedModels()
	if err != nil {
		return rest.None{}, err
	}
	err = models.DeleteLoggedModel(c.ctx(), core.ModelID(q.ModelID))
	if errors.Is(err, core.ErrNotFound) {
		if m, other := s.loggedModel(c.ctx(), q.ModelID); other == nil && m.Lifecycle == core.Deleted {
			return rest.None{}, nil
		}
	}
	return rest.None{}, noLoggedModel(err, q.ModelID)
}

func (s *Server) logModelParams(c *call, q rest.LogModelParams) (rest.None, error) {
	params := rest.TagMap(q.Params)
	for key, value := range params {
		params[key] = short(value, s.longest.ParamValue)
	}
	_, err := s.changeLoggedModel(c.ctx(), q.ModelID, core.LoggedModelChange{Params: params})
	return rest.None{}, noLoggedModel(err, q.ModelID)
}

func (s *Server) setLoggedModelTags(c *call, q rest.SetLoggedModelTags) (rest.LoggedModelAnswer, error) {
	change := core.LoggedModelChange{Tags: core.TagChange{Set: rest.TagMap(q.Tags)}}
	m, err := s.changeLoggedModel(c.ctx(), q.ModelID, change)
	return rest.LoggedModelAnswer{Model: rest.LoggedModelOf(m)}, noLoggedModel(err, q.ModelID)
}

func (s *Server) deleteLoggedModelTag(c *call, q rest.DeleteLoggedModelTag) (rest.None, error) {
	change := core.LoggedModelChange{Tags: core.TagChange{Delete: []string{q.Key}}}
	_, err := s.changeLoggedModel(c.ctx(), q.ModelID, change)
	if about(err, q.Key) {
		err = phrased(err, core.NotFound, "No tag with key '%s' found for model with ID '%s'.", cut(q.Key), cut(q.ModelID))
		return rest.None{}, err
	}
	return rest.None{}, noLoggedModel(err, q.ModelID)
}

// searchLoggedModels finds nothing in a store that keeps no logged models: clients ask in passing, before every transfer of
// artifacts.
func (s *Server) searchLoggedModels(c *call, q rest.SearchLoggedModels) (rest.LoggedModelsPage, error) {
	models, err := s.loggedModels()
	q.ExperimentIDs = readable(c, q.ExperimentIDs)
	if errors.Is(err, core.ErrUnsupported) || len(q.ExperimentIDs) == 0 {
		return rest.LoggedModelsPage{}, nil
	}
	limit, err := pageLimit(q.MaxResults)
	if err != nil {
		return rest.LoggedModelsPage{}, err
	}
	query := q.Query()
	query.PageOptions = core.PageOptions{Limit: limit, Token: q.PageToken}
	if limit == 0 {
		query.Limit = loggedModelPage
	}
	page, err := models.SearchLoggedModels(c.ctx(), query)
	if err != nil {
		return rest.LoggedModelsPage{}, err
	}
	return rest.LoggedModelsPageOf(page), nil
}

// loggedModelPage is how many logged models a page has that nobody asked a length for (mlflow/protos/service.proto).
const loggedModelPage = 50
