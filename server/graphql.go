package server

import (
	stdjson "encoding/json"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
	"github.com/mlstore/mlstore/rest"
)

// graphRoutes serve the four queries that MLflow's web page sends as GraphQL. There is no engine behind them: each has one
// answer, which holds everything that the page may select.
func (s *Server) graphRoutes() []route {
	r := json(rest.Endpoint("POST /mlflow/graphql"), s.graphNeeds, s.graph)
	r.paths = []string{"/graphql", "/ajax-api/2.0/graphql"}
	return []route{r}
}

// graphCall is one of the queries: what it needs, and what it answers.
type graphCall struct {
	field  string
	needs  []need
	answer func(*call) (map[string]any, error)
}

func (s *Server) graphNeeds(q rest.GraphQL) []need {
	g, err := s.graphCall(q)
	if err != nil {
		return []need{{permission: authenticated}} // to be told so
	}
	return g.needs
}

func (s *Server) graph(c *call, q rest.GraphQL) (rest.GraphQLAnswer, error) {
	g, err := s.graphCall(q)
	if err != nil {
		return rest.GraphQLAnswer{}, err
	}
	answer, err := g.answer(c)
	if err != nil {
		if status := rest.StatusOf(core.ReasonOf(err)); status >= 500 {
			return rest.GraphQLAnswer{}, err
		}
		return rest.GraphQLAnswer{Data: map[string]any{g.field: nil}, Errors: []string{rest.MessageOf(err)}}, nil
	}
	answer["apiError"] = nil
	return rest.GraphQLAnswer{Data: map[string]any{g.field: answer}}, nil
}

// graphCall finds out which of the queries it is.
func (s *Server) graphCall(q rest.GraphQL) (graphCall, error) {
	shape, err := shapeOf(q.Query)
	if err != nil {
		return graphCall{}, err
	}
	var variables map[string]stdjson.RawMessage
	if len(q.Variables) > 0 && stdjson.Unmarshal(q.Variables, &variables) != nil {
		return graphCall{}, core.Invalid("variables", "the variables are no JSON object")
	}
	input := variables[shape.variable]
	switch shape.field {
	case "mlflowGetExperiment":
		may := on(read, experimentKind, func(q rest.ExperimentID) string { return q.ExperimentID })
		return graphOf(shape.field, input, may, s.graphExperiment)
	case "mlflowGetRun":
		may := on(read, runKind, func(q rest.RunRef) string { return q.RunID })
		return graphOf(shape.field, input, may, s.graphRun)
	case "mlflowSearchRuns":
		may := func(q rest.SearchRuns) []need { return readEach(experimentKind, q.ExperimentIDs) }
		return graphOf(shape.field, input, may, s.graphRuns)
	case "mlflowGetMetricHistoryBulkInterval":
		may := func(q rest.SampledHistories) []need { return readEach(runKind, q.RunIDs) }
		return graphOf(shape.field, input, may, s.graphHistories)
	}
	return graphCall{}, notOurs("nothing is known of the field %q", cut(shape.field))
}

func graphOf[Q any](
	field string, input []byte, may func(Q) []need, do func(*call, Q) (map[string]any, error),
) (graphCall, error) {
	var q Q
	if err := rest.Decode(input, &q); err != nil {
		return graphCall{}, err
	}
	return graphCall{field, may(q), func(c *call) (map[string]any, error) { return do(c, q) }}, nil
}

func (s *Server) graphExperiment(c *call, q rest.ExperimentID) (map[string]any, error) {
	e, err := s.tracking.Experiment(c.ctx(), core.ExperimentRef{ID: core.ExperimentID(q.ExperimentID)})
	if err != nil {
		return nil, noExperiment(err, q.ExperimentID)
	}
	return map[string]any{"__typename": "MlflowGetExperimentResponse", "experiment": rest.GraphExperimentOf(e)}, nil
}

func (s *Server) graphRun(c *call, q rest.RunRef) (map[string]any, error) {
	run, err := s.tracking.Run(c.ctx(), core.RunID(q.RunID))
	if err != nil {
		return nil, noRun(err, q.RunID)
	}
	runs, err := s.graphRunsOf(c, []core.Run{run})
	if err != nil {
		return nil, err
	}
	return map[string]any{"__typename": "MlflowGetRunResponse", "run": runs[0]}, nil
}

func (s *Server) graphRuns(c *call, q rest.SearchRuns) (map[string]any, error) {
	query, err := runQuery(c, q)
	if err != nil {
		return nil, err
	}
	page, err := s.tracking.SearchRuns(c.ctx(), query)
	if err != nil {
		return nil, err
	}
	runs, err := s.graphRunsOf(c, page.Items)
	if err != nil {
		return nil, err
	}
	return map[string]any{"__typename": "MlflowSearchRunsResponse", "runs": runs, "nextPageToken": page.Next}, nil
}

func (s *Server) graphHistories(c *call, q rest.SampledHistories) (map[string]any, error) {
	points, err := s.sampledHistories(c, q)
	if err != nil {
		return nil, err
	}
	metrics := make([]rest.GraphMetric, 0, len(points))
	for _, m := range points {
		metrics = append(metrics, rest.GraphMetricOf(m))
	}
	return map[string]any{"__typename": "MlflowGetMetricHistoryBulkIntervalResponse", "metrics": metrics}, nil
}

// graphRunsOf adds to runs their experiments and the model versions that came of them.
func (s *Server) graphRunsOf(c *call, runs []core.Run) ([]rest.GraphRun, error) {
	experiments := map[core.ExperimentID]*rest.GraphExperiment{}
	for _, r := range runs {
		if experiments[r.ExperimentID] != nil {
			continue
		}
		e, err := s.tracking.Experiment(c.ctx(), core.ExperimentRef{ID: r.ExperimentID})
		if err != nil {
			return nil, err
		}
		of := rest.GraphExperimentOf(e)
		experiments[r.ExperimentID] = &of
	}
	versions, err := s.versionsOf(c, runs)
	if err != nil {
		return nil, err
	}
	list := make([]rest.GraphRun, 0, len(runs))
	for _, r := range runs {
		list = append(list, rest.GraphRunOf(r, experiments[r.ExperimentID], versions[r.ID]))
	}
	return list, nil
}

// versionsOf finds the model versions of runs, of a hundred runs at a time.
func (s *Server) versionsOf(c *call, runs []core.Run) (map[core.RunID][]core.Version, error) {
	const most = 100
	versions := map[core.RunID][]core.Version{}
	for len(runs) > 0 {
		some := runs[:min(most, len(runs))]
		runs = runs[len(some):]
		ids := make([]string, 0, len(some))
		for _, r := range some {
			ids = append(ids, "'"+string(r.ID)+"'")
		}
		query := core.VersionQuery{Filter: "run_id IN (" + strings.Join(ids, ", ") + ")"}
		for v, err := range client.Versions(c.ctx(), s.registry, query) {
			if err != nil {
				return nil, err
			}
			if s.guard.sees(c.principal, found{kind: versionKind, id: v.Model, prompt: isPrompt(v.Tags)}) {
				versions[v.RunID] = append(versions[v.RunID], v)
			}
		}
	}
	return versions, nil
}
