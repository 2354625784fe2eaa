package filter_test

import (
	"fmt"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

func ExampleRuns() {
	runs := []core.Run{
		{RunInfo: core.RunInfo{ID: "a", ExperimentID: "1"}, RunData: core.RunData{Metrics: map[string]core.Metric{"loss": {Value: 0.3}}}},
		{RunInfo: core.RunInfo{ID: "b", ExperimentID: "1"}, RunData: core.RunData{Metrics: map[string]core.Metric{"loss": {Value: 0.1}}}},
		{RunInfo: core.RunInfo{ID: "c", ExperimentID: "1"}},
	}
	q, err := filter.Runs(core.RunQuery{
		Experiments: []core.ExperimentID{"1"}, Filter: "metrics.loss < 0.5", OrderBy: []string{"metrics.loss"},
	}, core.DefaultLimits())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range q.Slice(runs).Items {
		fmt.Println(r.ID, r.Metrics["loss"].Value)
	}
	// Output:
	// b 0.1
	// a 0.3
}

func ExampleExperiments() {
	_, err := filter.Experiments(core.ExperimentQuery{Filter: "name = 'a' OR name = 'b'"}, core.DefaultLimits())
	fmt.Println(err)
	// Output:
	// Invalid clause(s) in filter string: 'OR'. Only AND joins clauses (near 'OR', at character 12 of filter)
}

func ExampleModels() {
	q, err := filter.Models(core.ModelQuery{Filter: "name LIKE 'iris%'"}, core.DefaultLimits())
	fmt.Println(q.Filter(), err) // what is implied included
	// Output:
	// name LIKE 'iris%' AND tags.`mlflow.prompt.is_prompt` != 'true' <nil>
}

func ExampleVersions() {
	q, err := filter.Versions(core.VersionQuery{OrderBy: []string{"version_number DESC"}}, core.DefaultLimits())
	fmt.Println(q.Order(), q.Limit(), err) // tie-breakers included
	// Output:
	// [version_number DESC name ASC] 10000 <nil>
}

func ExampleLoggedModels() {
	q, err := filter.LoggedModels(core.LoggedModelQuery{
		Experiments: []core.ExperimentID{"1"}, Filter: "status = 'READY' AND metrics.acc >= 0.9",
		OrderBy: []core.LoggedModelOrder{{Field: "metrics.acc", Descending: true}},
	}, core.DefaultLimits())
	fmt.Println(q.Order(), err)
	// Output:
	// [metrics.`acc` DESC creation_timestamp DESC model_id ASC] <nil>
}
