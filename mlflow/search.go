package mlflow

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// What SearchRuns and ListRunInfos return at most, unless they are told otherwise.
const (
	mostRuns  = 100_000
	mostInfos = 1000
)

// RunSearch says which runs to find. The zero value is the active runs of the active experiment.
type RunSearch struct {
	ExperimentIDs   []core.ExperimentID // unknown ones hold no runs
	ExperimentNames []string            // instead of ids; unknown ones are left out with a warning
	AllExperiments  bool                // when neither ids nor names are given: all active experiments

	Filter     string    // MLflow's search language, such as "metrics.loss < 0.1 AND params.model = 'cnn'"
	View       core.View // which stages of life; the zero value is active runs
	MaxResults int       // 0 is 100,000
	OrderBy    []string  // such as "metrics.loss ASC"; ties go by start time descending, then id
}

// SearchRuns returns the runs that match, with their latest metrics, params and tags. NewFrame makes a table of them.
func (c *Client) SearchRuns(ctx context.Context, s RunSearch) ([]core.Run, error) {
	return c.searchRuns(ctx, s, "")
}

// searchRuns searches in the active experiment when none is given.
func (c *Client) searchRuns(ctx context.Context, s RunSearch, active core.ExperimentID) ([]core.Run, error) {
	in, err := c.searched(ctx, s, active)
	if err != nil {
		return nil, err
	}
	return c.find(ctx, s.query(in), cmp.Or(s.MaxResults, mostRuns))
}

func (s RunSearch) query(in []core.ExperimentID) core.RunQuery {
	return core.RunQuery{Experiments: in, Filter: s.Filter, OrderBy: s.OrderBy, View: s.View}
}

// find reads pages until there are most runs, and asks for no more than are missing.
func (c *Client) find(ctx context.Context, q core.RunQuery, most int) ([]core.Run, error) {
	const pageLength = 10_000
	if most < 0 {
		return nil, core.Invalid("max_results", "the most runs to find must not be negative, got %d", most)
	}
	if len(q.Experiments) == 0 {
		return nil, nil
	}
	var runs []core.Run
	for {
		q.Limit = min(most-len(runs), pageLength, cmp.Or(c.limits.RunPage.Max, pageLength))
		page, err := c.tracking.SearchRuns(ctx, q)
		if err != nil {
			return nil, err
		}
		runs = append(runs, page.Items...)
		switch {
		case page.Next == "" || len(runs) >= most:
			return runs, nil
		case page.Next == q.Token:
			return nil, core.Errorf(core.Internal, "the store answered page token %q with the same token", q.Token)
		}
		q.Token = page.Next
	}
}

// searched are the experiments to search in.
func (c *Client) searched(ctx context.Context, s RunSearch, active core.ExperimentID) ([]core.ExperimentID, error) {
	switch {
	case len(s.ExperimentIDs) > 0 && len(s.ExperimentNames) > 0:
		return nil, core.Invalid("experiment_ids", "Only experiment_ids or experiment_names can be used, but not both")
	case len(s.ExperimentIDs) > 0:
		return slices.Clone(s.ExperimentIDs), nil
	case len(s.ExperimentNames) > 0:
		return c.named(ctx, s.ExperimentNames)
	case s.AllExperiments:
		experiments, err := c.SearchExperiments(ctx, core.ExperimentQuery{})
		var ids []core.ExperimentID
		for _, experiment := range experiments {
			ids = append(ids, experiment.ID)
		}
		return ids, err
	case active != "":
		return []core.ExperimentID{active}, nil
	}
	id, err := c.environmentExperiment(ctx)
	return []core.ExperimentID{id}, err
}

// named are the ids of the experiments of these names that exist.
func (c *Client) named(ctx context.Context, names []string) ([]core.ExperimentID, error) {
	var ids []core.ExperimentID
	for _, name := range names {
		experiment, err := c.GetExperimentByName(ctx, name)
		switch {
		case errors.Is(err, core.ErrNotFound):
			c.logger().Warn("mlflow: no such experiment to search in", "name", name)
		case err != nil:
			return nil, err
		default:
			ids = append(ids, experiment.ID)
		}
	}
	return ids, nil
}

// ListRunInfos returns what the runs of an experiment are, without what they logged: the View, OrderBy and MaxResults of the
// search count, where 0 results are 1000, and its Filter.
func (c *Client) ListRunInfos(ctx context.Context, in core.ExperimentID, s RunSearch) ([]core.RunInfo, error) {
	q := s.query([]core.ExperimentID{in})
	q.Fields = core.RunInfoOnly
	runs, err := c.find(ctx, q, cmp.Or(s.MaxResults, mostInfos))
	if err != nil {
		return nil, err
	}
	infos := make([]core.RunInfo, len(runs))
	for i, run := range runs {
		infos[i] = run.RunInfo
	}
	return infos, nil
}

// GetRun returns a run, active or deleted, with the latest point of each metric; an unknown one is ErrNotFound.
func (c *Client) GetRun(ctx context.Context, id core.RunID) (core.Run, error) {
	return c.tracking.Run(ctx, id)
}

// GetParentRun returns the run that a run is nested in. Where Python returns None this is ErrNotFound.
func (c *Client) GetParentRun(ctx context.Context, id core.RunID) (core.Run, error) {
	return client.ParentRun(ctx, c.tracking, id)
}

// DeleteRun deletes a run; RestoreRun brings it back. Doing it twice succeeds.
func (c *Client) DeleteRun(ctx context.Context, id core.RunID) error {
	return client.DeleteRun(ctx, c.tracking, id)
}

// RestoreRun restores a deleted run. Doing it twice succeeds.
func (c *Client) RestoreRun(ctx context.Context, id core.RunID) error {
	return client.RestoreRun(ctx, c.tracking, id)
}

// GetMetricHistory returns every point of a metric of a run, by time, step and value; none for an unknown key.
func (c *Client) GetMetricHistory(ctx context.Context, id core.RunID, key string) ([]core.Metric, error) {
	return client.Collect(client.History(ctx, c.tracking, id, key, core.HistoryOptions{}))
}
