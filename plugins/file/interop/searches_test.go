package interop_test

import (
	"slices"
	"testing"
)

// search is one search as MLflow's client takes it; views count from 1.
type search struct {
	Filter string   `json:"filter"`
	Order  []string `json:"order"`
	View   int      `json:"view"`
}

type searches struct {
	runs, experiments []search
}

// searchesFor lists searches that this major version of MLflow understands.
func searchesFor(major int) searches {
	var s searches
	order := []string{"attributes.start_time DESC"}
	filters := []string{
		"", "metrics.score > 0.25", "metrics.score <= 0.5", "metrics.score = 0.5", "metrics.`deep/score` >= 0.5",
		"params.kind = 'odd'", "params.kind != 'odd'", "params.kind LIKE 'even%'", "params.kind ILIKE 'even%'",
		"tags.group = 'a' and metrics.score < 1", "tags.`a b/c.d` = '4'", `tags."a b/c.d" != '4'`,
		"attributes.status = 'FAILED'", "attribute.status != 'RUNNING'",
		"tags.mlflow.runName LIKE 'searched%'", "attributes.run_name = 'named by tag'", "attributes.start_time > 1650000000100",
		"metrics.nothing = 1", "params.kind = 'odd' AND tags.group != 'a' AND metrics.score > -2",
		"attributes.artifact_uri LIKE '%artifacts'", "tags.group LIKE '%B%'",
	}
	if major >= 2 {
		filters = append(filters, "status = 'FINISHED'", "attributes.end_time > 0")
	}
	if major >= 3 {
		filters = append(
			filters, "tags.group IS NULL", "params.kind IS NOT NULL", "datasets.name = 'iris'",
			"datasets.digest IN ('d1', 'd2') and dataset.context = 'training'", "attributes.run_id IN ('0', '1')", "metrics.score != 0.5",
		)
	}
	for _, filter := range filters {
		s.runs = append(s.runs, search{filter, order, 1})
	}
	for _, order := range [][]string{
		{},
		{"metrics.score ASC"},
		{"metrics.score DESC"},
		{"params.kind"},
		{"params.kind DESC", "metrics.`deep/score` ASC"},
		{"tags.`a b/c.d` DESC"},
		{"attributes.status ASC", "tags.group DESC"},
		{"attributes.end_time DESC"},
		{"attributes.start_time ASC"},
		{"attributes.run_name"},
	} {
		for view := 1; view <= 3; view++ {
			s.runs = append(s.runs, search{"", order, view})
		}
	}
	names := []string{"name ASC"}
	for _, filter := range []string{
		"", "name LIKE '%e%'", "name ILIKE 'N%'", "name = 'plain'", "name != 'plain'", "tags.n = '3'", "tags.`a/b` LIKE 'ü%'",
		"attribute.name = '0123' and tags.empty = ''",
	} {
		for view := 1; view <= 3; view++ {
			s.experiments = append(s.experiments, search{filter, names, view})
		}
	}
	s.experiments = append(s.experiments, search{"", []string{"name DESC"}, 3})
	return searches{slices.Clip(s.runs), slices.Clip(s.experiments)}
}

// found fails the test when a search that should have found something has not.
func (s searches) found(t *testing.T, seen shown) {
	t.Helper()
	vain := []string{"metrics.nothing = 1", "params.kind LIKE 'even%'", "tags.group LIKE '%B%'", "attributes.run_id IN ('0', '1')"}
	for i, q := range s.runs {
		if len(seen.Searches[i]) == 0 && q.View != 2 && !slices.Contains(vain, q.Filter) {
			t.Errorf("no run for %+v", q)
		}
	}
}
