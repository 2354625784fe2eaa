package server

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

func (s *Server) metricRoutes() []route {
	return []route{
		json(rest.RunsLogMetric, func(q rest.LogMetric) []need { return logNeeds(q.RunID, q.ModelID) }, s.logMetric),
		json(rest.RunsLogParameter, on(edit, runKind, func(q rest.LogParameter) string { return q.RunID }), s.logParameter),
		json(rest.RunsLogBatch, batchNeeds, s.logBatch),
	}
}

// logNeeds are those of logging points to a run, and to the logged models that they measure.
func logNeeds(run string, models ...string) []need {
	needs := []need{{edit, runKind, run}}
	for _, id := range models {
		if n := (need{edit, loggedModelKind, id}); id != "" && needs[len(needs)-1] != n {
			needs = append(needs, n)
		}
	}
	return needs
}

func batchNeeds(q rest.LogBatch) []need {
	var models []string
	for _, m := range q.Metrics {
		if m.ModelID != "" {
			models = append(models, m.ModelID)
		}
	}
	return logNeeds(q.RunID, models...)
}

func (s *Server) logMetric(c *call, q rest.LogMetric) (rest.None, error) {
	return rest.None{}, s.log1(c, q.RunID, core.Batch{Metrics: []core.Metric{q.Metric()}})
}

func (s *Server) logParameter(c *call, q rest.LogParameter) (rest.None, error) {
	param := core.Param{Key: q.Key, Value: short(q.Value, s.longest.ParamValue)}
	return rest.None{}, s.log1(c, q.RunID, core.Batch{Params: []core.Param{param}})
}

// log1 logs a batch of one, and names its fields as MLflow does where there is no list.
func (s *Server) log1(c *call, id string, batch core.Batch) error {
	return singular(noRun(s.tracking.LogBatch(c.ctx(), core.RunID(id), batch), id))
}

// singular takes the place in a list, such as metrics[0].name, off an error.
func singular(err error) error {
	e, ok := errors.AsType[*core.Error](err)
	if !ok || len(e.Fields) != 1 {
		return err
	}
	return &core.Error{
		Code: e.Code, Reason: e.Reason, Key: e.Key, Fields: e.Fields, Outcome: e.Outcome, RetryAfter: e.RetryAfter,
		Err: errors.New(e.Fields[0].Rule),
	}
}

func (s *Server) logBatch(c *call, q rest.LogBatch) (rest.None, error) {
	batch := q.Batch()
	for i := range batch.Params {
		batch.Params[i].Value = short(batch.Params[i].Value, s.longest.ParamValue)
	}
	for i := range batch.Tags {
		batch.Tags[i].Value = short(batch.Tags[i].Value, s.longest.RunTag)
	}
	return rest.None{}, plural(noRun(s.tracking.LogBatch(c.ctx(), core.RunID(q.RunID), batch), q.RunID))
}

// plural says the place in a list in MLflow's words: `for parameter 'metrics[0].name'`.
func plural(err error) error {
	e, ok := errors.AsType[*core.Error](err)
	if !ok || len(e.Fields) != 1 {
		return err
	}
	place, rule := e.Fields[0].Field, e.Fields[0].Rule
	_, field, listed := strings.Cut(place, "].")
	if !listed {
		return err
	}
	for _, form := range []string{"parameter '%s'", "'%s' exceeds"} {
		rule = strings.Replace(rule, fmt.Sprintf(form, field), fmt.Sprintf(form, place), 1)
	}
	return singular(&core.Error{
		Code: e.Code, Reason: e.Reason, Key: e.Key, Fields: []core.FieldError{{Field: place, Rule: rule}}, Outcome: e.Outcome,
		RetryAfter: e.RetryAfter, Err: e.Err,
	})
}
