package server

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

func (s *Server) datasetRoutes() []route {
	return []route{
		json(rest.RunsLogInputs, inputNeeds, s.logInputs),
		json(rest.RunsLogOutputs, outputNeeds, s.logOutputs),
		json(rest.DatasetsSearch,
			func(q rest.SearchDatasets) []need { return readEach(experimentKind, q.ExperimentIDs) }, s.searchDatasets),
	}
}

// inputNeeds are those of logging what a run read. A model need only be readable.
func inputNeeds(q rest.LogInputs) []need {
	needs := []need{{edit, runKind, q.RunID}}
	for _, m := range q.Models {
		needs = append(needs, need{read, loggedModelKind, m.ModelID})
	}
	return needs
}

func outputNeeds(q rest.LogOutputs) []need {
	needs := []need{{edit, runKind, q.RunID}}
	for _, m := range q.Models {
		needs = append(needs, need{edit, loggedModelKind, m.ModelID})
	}
	return needs
}

// lineage is the store's ability to keep what runs read and made.
func (s *Server) lineage() (core.Lineage, error) {
	lineage, ok := core.As[core.Lineage](s.tracking)
	if !ok {
		return nil, core.Errorf(core.Unimplemented, "the tracking store %s keeps no inputs and outputs of runs", s.config.Tracking)
	}
	return lineage, nil
}

func (s *Server) logInputs(c *call, q rest.LogInputs) (rest.None, error) {
	lineage, err := s.lineage()
	if err != nil {
		return rest.None{}, err
	}
	return rest.None{}, noRun(lineage.LogInputs(c.ctx(), core.RunID(q.RunID), q.Inputs()), q.RunID)
}

func (s *Server) logOutputs(c *call, q rest.LogOutputs) (rest.None, error) {
	lineage, err := s.lineage()
	if err != nil {
		return rest.None{}, err
	}
	return rest.None{}, noRun(lineage.LogOutputs(c.ctx(), core.RunID(q.RunID), q.Outputs()), q.RunID)
}

// mostExperiments is how many experiments one search for datasets may look into. Source: mlflow/server/handlers.py,
// MAX_EXPERIMENT_IDS_PER_SEARCH_DATASET_REQUEST.
const mostExperiments = 20

// searchDatasets finds nothing in a store that keeps no datasets.
func (s *Server) searchDatasets(c *call, q rest.SearchDatasets) (rest.DatasetsAnswer, error) {
	switch n := len(q.ExperimentIDs); {
	case n == 0:
		return rest.DatasetsAnswer{}, core.Invalid("experiment_ids",
			"SearchDatasets request must specify at least one experiment_id.")
	case n > mostExperiments:
		return rest.DatasetsAnswer{}, core.Invalid("experiment_ids",
			"SearchDatasets request cannot specify more than %d experiment_ids. Received %d experiment_ids.", mostExperiments, n)
	}
	lineage, ok := core.As[core.Lineage](s.tracking)
	if !ok {
		return rest.DatasetsAnswer{}, nil
	}
	ids := make([]core.ExperimentID, 0, len(q.ExperimentIDs))
	for _, id := range q.ExperimentIDs {
		ids = append(ids, core.ExperimentID(id))
	}
	found, err := lineage.SearchDatasets(c.ctx(), ids)
	if err != nil {
		return rest.DatasetsAnswer{}, err
	}
	return rest.DatasetsAnswerOf(found), nil
}
