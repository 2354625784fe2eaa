package interop_test

import "testing"

// search is one search as MLflow's client takes it; views count from 1.
type search struct {
	Filter string   `json:"filter"`
	Order  []string `json:"order"`
	View   int      `json:"view"`
}

type searches struct {
	runs, experiments, versions []search
}

// allSearches are searches that the newest MLflow and we must answer alike.
func allSearches() searches {
	var s searches
	for _, filter := range []string{
		"", "metrics.score > 0.25", "metrics.score <= 0.5", "metrics.score = 0.5", "metrics.score != 0.5", "metrics.nothing = 1",
		"params.kind = 'odd'", "params.kind != 'odd'", "params.kind LIKE 'Even%'", "params.kind LIKE 'even%'",
		"params.kind ILIKE 'even _'", "tags.group = 'a' and metrics.score < 1", "tags.`only some` = 'x'", "tags.`only some` IS NULL",
		"params.kind IS NOT NULL and status = 'FAILED'", "attributes.status != 'RUNNING'", "start_time > 1650000000100",
		"end_time > 0", "datasets.name = 'iris'", "datasets.digest IN ('d1', 'd2') and dataset.context = 'training'",
		"run_id IN ('0', '1')", "params.kind = 'odd' AND tags.group != 'a' AND metrics.score > -2",
		"artifact_uri LIKE '%artifacts'", "run_name LIKE '%e%'",
	} {
		s.runs = append(s.runs, search{filter, []string{"start_time DESC"}, 1})
	}
	for _, order := range [][]string{
		nil,
		{"metrics.score ASC"},
		{"metrics.score DESC"},
		{"params.kind"},
		{"params.kind DESC", "metrics.score ASC"},
		{"tags.`only some` DESC"},
		{"status ASC", "tags.group DESC"},
		{"end_time DESC"},
		{"start_time ASC"},
	} {
		for view := 1; view <= 3; view++ {
			s.runs = append(s.runs, search{"", order, view})
		}
	}
	for _, filter := range []string{
		"", "name LIKE '%e%'", "name ILIKE 'N%'", "name = 'plain'", "name != 'plain'", "tags.n = '3'", "tags.`a/b` LIKE 'ü%'",
		"experiment_id IN ('1', '2')", "creation_time > 0",
	} {
		s.experiments = append(s.experiments, search{filter, nil, 3})
	}
	for _, order := range []string{"experiment_id", "creation_time DESC", "last_update_time ASC"} {
		s.experiments = append(s.experiments, search{"", []string{order}, 1})
	}
	for _, filter := range []string{
		"", "name = 'theirs'", "name LIKE '%o%'", "run_id IN ('r1', 'r2')", "source_path LIKE 's3://%'", "tags.n = '1'",
		"version_number > 1", "name IN ('theirs', 'ours')",
	} {
		s.versions = append(s.versions, search{filter, []string{"name", "version_number DESC"}, 0})
	}
	return s
}

// found fails the test when a search that should have found something has not.
func (s searches) found(t *testing.T, seen shown) {
	t.Helper()
	vain := map[string]bool{"metrics.nothing = 1": true, "params.kind LIKE 'even%'": true, "run_id IN ('0', '1')": true}
	for i, q := range s.runs {
		if len(seen.RunsFound[i]) == 0 && !vain[q.Filter] {
			t.Errorf("no run for %+v", q)
		}
	}
}
