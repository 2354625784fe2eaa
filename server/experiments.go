package server

import (
	"context"
	"os"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

func (s *Server) experimentRoutes() []route {
	id := func(q rest.ExperimentID) string { return q.ExperimentID }
	search := json(rest.ExperimentsSearch, known[rest.SearchExperiments], s.searchExperiments)
	return append(search.also("GET"),
		json(rest.ExperimentsCreate, s.newExperimentNeeds, s.createExperiment),
		json(rest.ExperimentsGet, on(read, experimentKind, id), s.getExperiment),
		json(rest.ExperimentsGetByName, on(read, experimentNamed,
			func(q rest.ExperimentName) string { return q.ExperimentName }), s.getExperimentByName),
		json(rest.ExperimentsDelete, on(manage, experimentKind, id), s.moveExperiment(core.Deleted)),
		json(rest.ExperimentsRestore, on(manage, experimentKind, id), s.moveExperiment(core.Active)),
		json(rest.ExperimentsUpdate, on(edit, experimentKind,
			func(q rest.UpdateExperiment) string { return q.ExperimentID }), s.updateExperiment),
		json(rest.ExperimentsSetTag, on(edit, experimentKind,
			func(q rest.SetExperimentTag) string { return q.ExperimentID }), s.setExperimentTag),
		json(rest.ExperimentsDeleteTag, on(edit, experimentKind,
			func(q rest.DeleteExperimentTag) string { return q.ExperimentID }), s.deleteExperimentTag),
		json(rest.ExperimentsList, known[rest.SearchExperiments], s.listExperiments),
	)
}

func (s *Server) createExperiment(c *call, q rest.CreateExperiment) (rest.CreateExperimentAnswer, error) {
	var none rest.CreateExperimentAnswer
	tags, err := rest.UniqueTags(q.Tags)
	if err != nil {
		return none, err
	}
	location, err := s.experimentLocation(c.ctx(), q.ArtifactLocation)
	if err != nil {
		return none, err
	}
	e, err := s.tracking.CreateExperiment(c.ctx(), core.ExperimentSpec{Name: q.Name, ArtifactLocation: location, Tags: tags})
	if err != nil {
		return none, phrased(err, core.AlreadyExists, "Experiment '%s' already exists.", q.Name)
	}
	return rest.CreateExperimentAnswer{ExperimentID: string(e.ID)},
		s.guard.created(c.ctx(), c.principal, found{kind: experimentKind, id: string(e.ID)})
}

// experimentLocation is where a new experiment keeps its artifacts. What the caller names is relative to the server's working
// directory, as in MLflow. Without that the store knows. One that cannot be told the default artifact root is given a place below
// it: in a folder of its own, which cannot be named after the experiment, as that has no id yet.
func (s *Server) experimentLocation(ctx context.Context, given string) (string, error) {
	switch {
	case given != "":
	case s.config.ArtifactRoot == "" || keepsRoot(s.config.Tracking):
		return "", nil
	default:
		return core.JoinLocation(s.config.ArtifactRoot, string(core.NewExperimentID())), nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", core.Errorf(core.Internal, "the working directory of the server is gone: %w", err)
	}
	location := core.AbsoluteLocation(given, dir)
	return location, s.checkLocation(ctx, location)
}

func (s *Server) getExperiment(c *call, q rest.ExperimentID) (rest.ExperimentAnswer, error) {
	e, err := s.tracking.Experiment(c.ctx(), core.ExperimentRef{ID: core.ExperimentID(q.ExperimentID)})
	if err != nil {
		return rest.ExperimentAnswer{}, noExperiment(err, q.ExperimentID)
	}
	return rest.ExperimentAnswer{Experiment: rest.ExperimentOf(e)}, nil
}

func noExperiment(err error, id string) error {
	return phrased(err, core.NotFound, "No Experiment with id=%s exists", id)
}

func (s *Server) getExperimentByName(c *call, q rest.ExperimentName) (rest.ExperimentAnswer, error) {
	e, err := s.tracking.Experiment(c.ctx(), core.ExperimentRef{Name: q.ExperimentName})
	if err != nil {
		return rest.ExperimentAnswer{}, phrased(err, core.NotFound, "Could not find experiment with name '%s'", q.ExperimentName)
	}
	return rest.ExperimentAnswer{Experiment: rest.ExperimentOf(e)}, nil
}

// moveExperiment deletes or restores.
func (s *Server) moveExperiment(to core.Lifecycle) func(*call, rest.ExperimentID) (rest.None, error) {
	return func(c *call, q rest.ExperimentID) (rest.None, error) {
		err := s.tracking.UpdateExperiment(c.ctx(), core.ExperimentID(q.ExperimentID), core.ExperimentChange{Lifecycle: to})
		return rest.None{}, noExperiment(err, q.ExperimentID)
	}
}

func (s *Server) updateExperiment(c *call, q rest.UpdateExperiment) (rest.None, error) {
	err := s.tracking.UpdateExperiment(c.ctx(), core.ExperimentID(q.ExperimentID), core.ExperimentChange{Name: &q.NewName})
	err = phrased(err, core.AlreadyExists, "Experiment '%s' already exists.", q.NewName)
	err = phrased(err, core.FailedPrecondition, "Cannot rename a non-active experiment.")
	return rest.None{}, noExperiment(err, q.ExperimentID)
}

func (s *Server) setExperimentTag(c *call, q rest.SetExperimentTag) (rest.None, error) {
	change := core.TagChange{Set: map[string]string{q.Key: q.Value}}
	err := s.tracking.ChangeExperimentTags(c.ctx(), core.ExperimentID(q.ExperimentID), change)
	return rest.None{}, noExperiment(err, q.ExperimentID)
}

func (s *Server) deleteExperimentTag(c *call, q rest.DeleteExperimentTag) (rest.None, error) {
	change := core.TagChange{Delete: []string{q.Key}}
	err := s.tracking.ChangeExperimentTags(c.ctx(), core.ExperimentID(q.ExperimentID), change)
	if about(err, q.Key) {
		return rest.None{}, phrased(err, core.NotFound, "No tag with name: %s in experiment with id %s", q.Key, q.ExperimentID)
	}
	return rest.None{}, noExperiment(err, q.ExperimentID)
}

func (s *Server) searchExperiments(c *call, q rest.SearchExperiments) (rest.ExperimentsPage, error) {
	limit, err := pageLimit(&q.MaxResults) // MLflow reads an absent one as 0, which it refuses
	if err != nil {
		return rest.ExperimentsPage{}, err
	}
	search := func(ctx context.Context, o core.PageOptions) (core.Page[core.Experiment], error) {
		return s.tracking.SearchExperiments(ctx, core.ExperimentQuery{
			Filter: q.Filter, OrderBy: q.OrderBy, View: core.View(q.ViewType), PageOptions: o,
		})
	}
	page, err := permitted(c, core.PageOptions{Limit: limit, Token: q.PageToken}, search, func(e core.Experiment) found {
		return found{kind: experimentKind, id: string(e.ID)}
	})
	if err != nil {
		return rest.ExperimentsPage{}, err
	}
	return rest.ExperimentsPageOf(page), nil
}

// listExperiments is what clients of 1.x call. Without max_results they get all.
func (s *Server) listExperiments(c *call, q rest.SearchExperiments) (rest.ExperimentsPage, error) {
	q.Filter, q.OrderBy = "", []string{"experiment_id ASC"}
	if q.MaxResults != 0 {
		return s.searchExperiments(c, q)
	}
	q.MaxResults = 1000
	all, err := s.searchExperiments(c, q)
	for err == nil && all.NextPageToken != "" {
		q.PageToken, all.NextPageToken = all.NextPageToken, ""
		var more rest.ExperimentsPage
		more, err = s.searchExperiments(c, q)
		all.Experiments = append(all.Experiments, more.Experiments...)
		all.NextPageToken = more.NextPageToken
	}
	return all, err
}
