package server

import (
	"cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

func (s *Server) runRoutes() []route {
	id := func(q rest.RunID) string { return q.RunID }
	return []route{
		json(rest.RunsCreate, on(create, runKind, func(q rest.CreateRun) string { return q.ExperimentID }), s.createRun),
		json(rest.RunsGet, on(read, runKind, func(q rest.RunRef) string { return q.RunID }), s.getRun),
		json(rest.RunsUpdate, on(edit, runKind, func(q rest.UpdateRun) string { return q.RunID }), s.updateRun),
		json(rest.RunsDelete, on(manage, runKind, id), s.moveRun(core.Deleted)),
		json(rest.RunsRestore, on(manage, runKind, id), s.moveRun(core.Active)),
		json(rest.RunsSetTag, on(edit, runKind, func(q rest.SetTag) string { return q.RunID }), s.setTag),
		json(rest.RunsDeleteTag, on(edit, runKind, func(q rest.DeleteTag) string { return q.RunID }), s.deleteTag),
		json(rest.RunsSearch, known[rest.SearchRuns], s.searchRuns),
		json(rest.RunsLogModel, on(edit, runKind, func(q rest.LogModel) string { return q.RunID }), s.logModel),
	}
}

func (s *Server) createRun(c *call, q rest.CreateRun) (rest.RunAnswer, error) {
	tags, err := rest.UniqueTags(q.Tags)
	if err != nil {
		return rest.RunAnswer{}, err
	}
	for key, value := range tags {
		tags[key] = short(value, s.longest.RunTag)
	}
	run, err := s.tracking.CreateRun(c.ctx(), core.ExperimentID(q.ExperimentID), core.RunSpec{
		Name: q.RunName, User: q.UserID, StartTime: core.Millis(q.StartTime), Tags: tags,
	})
	if err != nil {
		return rest.RunAnswer{}, noExperiment(err, q.ExperimentID)
	}
	return rest.RunAnswer{Run: rest.RunOf(run)}, nil
}

func (s *Server) getRun(c *call, q rest.RunRef) (rest.RunAnswer, error) {
	run, err := s.tracking.Run(c.ctx(), core.RunID(q.RunID))
	if err != nil {
		return rest.RunAnswer{}, noRun(err, q.RunID)
	}
	return rest.RunAnswer{Run: rest.RunOf(run)}, nil
}

// noRun words an error about a run that is not there; of a logged model that is not it says nothing.
func noRun(err error, id string) error {
	if !about(err, id) {
		return err
	}
	return phrased(err, core.NotFound, "Run with id=%s not found", id)
}

func (s *Server) updateRun(c *call, q rest.UpdateRun) (rest.UpdateRunAnswer, error) {
	change := core.RunChange{Name: q.RunName, Status: core.RunStatus(q.Status)}
	if q.EndTime != nil {
		end := core.Millis(*q.EndTime)
		change.EndTime = &end
	}
	info, err := s.tracking.UpdateRun(c.ctx(), core.RunID(q.RunID), change)
	if err != nil {
		return rest.UpdateRunAnswer{}, noRun(err, q.RunID)
	}
	return rest.UpdateRunAnswer{RunInfo: rest.RunInfoOf(info)}, nil
}

// moveRun deletes or restores.
func (s *Server) moveRun(to core.Lifecycle) func(*call, rest.RunID) (rest.None, error) {
	return func(c *call, q rest.RunID) (rest.None, error) {
		_, err := s.tracking.UpdateRun(c.ctx(), core.RunID(q.RunID), core.RunChange{Lifecycle: to})
		return rest.None{}, noRun(err, q.RunID)
	}
}

func (s *Server) setTag(c *call, q rest.SetTag) (rest.None, error) {
	change := core.TagChange{Set: map[string]string{q.Key: short(q.Value, s.longest.RunTag)}}
	return rest.None{}, noRun(s.tracking.ChangeRunTags(c.ctx(), core.RunID(q.RunID), change), q.RunID)
}

func (s *Server) deleteTag(c *call, q rest.DeleteTag) (rest.None, error) {
	err := s.tracking.ChangeRunTags(c.ctx(), core.RunID(q.RunID), core.TagChange{Delete: []string{q.Key}})
	if about(err, q.Key) {
		return rest.None{}, phrased(err, core.NotFound, "No tag with name: %s in run with id %s", q.Key, q.RunID)
	}
	return rest.None{}, noRun(err, q.RunID)
}

func (s *Server) searchRuns(c *call, q rest.SearchRuns) (pieces[core.Run], error) {
	query, err := runQuery(c, q)
	if err != nil {
		return pieces[core.Run]{}, err
	}
	return pieces[core.Run]{
		name: "runs", size: 1000, limit: cmp.Or(query.Limit, s.bounds.RunPage.Default, 1000), bound: s.bounds.RunPage,
		read: func(o core.PageOptions) (core.Page[core.Run], error) {
			query.PageOptions = o
			return s.tracking.SearchRuns(c.ctx(), query)
		},
		write: rest.AppendRuns,
	}.from(q.PageToken)
}

func runQuery(c *call, q rest.SearchRuns) (core.RunQuery, error) {
	limit, err := pageLimit(q.MaxResults)
	query := core.RunQuery{
		Filter: q.Filter, OrderBy: q.OrderBy, View: core.View(q.RunViewType),
		PageOptions: core.PageOptions{Limit: limit, Token: q.PageToken},
	}
	for _, id := range readable(c, q.ExperimentIDs) {
		query.Experiments = append(query.Experiments, core.ExperimentID(id))
	}
	return query, err
}
