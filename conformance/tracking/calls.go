package tracking

import (
	"context"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// call is one method of a store, on a run of the sandbox.
type call struct {
	name     string
	mutation bool
	do       func(context.Context, store) error
}

// allCalls lists every method of a tracking store. A mutation that takes effect changes the experiment, the run or, with
// the name given, creates an experiment.
func allCalls(x core.Experiment, r core.Run, newName string) []call {
	set := core.TagChange{Set: map[string]string{"changed": "yes"}}
	renamed := newName + "-renamed"
	return []call{
		{"Describe", false, func(ctx context.Context, s store) error { _, err := s.Describe(ctx); return err }},
		{"CreateExperiment", true, func(ctx context.Context, s store) error {
			_, err := s.CreateExperiment(ctx, core.ExperimentSpec{Name: newName})
			return err
		}},
		{"Experiment", false, func(ctx context.Context, s store) error {
			_, err := s.Experiment(ctx, core.ExperimentRef{ID: x.ID})
			return err
		}},
		{"UpdateExperiment", true, func(ctx context.Context, s store) error {
			return s.UpdateExperiment(ctx, x.ID, core.ExperimentChange{Name: &renamed})
		}},
		{"ChangeExperimentTags", true, func(ctx context.Context, s store) error { return s.ChangeExperimentTags(ctx, x.ID, set) }},
		{"SearchExperiments", false, func(ctx context.Context, s store) error {
			_, err := s.SearchExperiments(ctx, core.ExperimentQuery{Filter: "name = '" + x.Name + "'"})
			return err
		}},
		{"CreateRun", true, func(ctx context.Context, s store) error { _, err := s.CreateRun(ctx, x.ID, core.RunSpec{}); return err }},
		{"Run", false, func(ctx context.Context, s store) error { _, err := s.Run(ctx, r.ID); return err }},
		{"UpdateRun", true, func(ctx context.Context, s store) error {
			_, err := s.UpdateRun(ctx, r.ID, core.RunChange{Status: core.Killed})
			return err
		}},
		{"ChangeRunTags", true, func(ctx context.Context, s store) error { return s.ChangeRunTags(ctx, r.ID, set) }},
		{"SearchRuns", false, func(ctx context.Context, s store) error {
			_, err := s.SearchRuns(ctx, core.RunQuery{Experiments: []core.ExperimentID{x.ID}})
			return err
		}},
		{"LogBatch", true, func(ctx context.Context, s store) error { return s.LogBatch(ctx, r.ID, sized(1, 1, 1)) }},
		{"MetricHistory", false, func(ctx context.Context, s store) error {
			_, err := s.MetricHistory(ctx, r.ID, "loss", core.HistoryOptions{})
			return err
		}},
	}
}

// abilityCalls lists the methods of the abilities that the store declares.
func abilityCalls(e *env, x core.Experiment, r core.Run) []call {
	var all []call
	add := func(name core.Capability, calls ...call) {
		if !e.Info.Has(name) {
			return
		}
		for _, c := range calls {
			do := c.do
			c.do = func(ctx context.Context, s store) error {
				if !slices.Contains(core.CapabilitiesOf(s), name) { // a handle may withdraw its abilities when it is closed
					return core.Closed("tracking")
				}
				return do(ctx, s)
			}
			all = append(all, c)
		}
	}
	add("lineage",
		call{"LogInputs", true, func(ctx context.Context, s store) error {
			return lineageOf(s).LogInputs(ctx, r.ID, core.Inputs{Models: []core.ModelID{"m-1"}})
		}},
		call{"LogOutputs", true, func(ctx context.Context, s store) error {
			return lineageOf(s).LogOutputs(ctx, r.ID, []core.ModelOutput{{ModelID: "m-1"}})
		}},
		call{"SearchDatasets", false, func(ctx context.Context, s store) error {
			_, err := lineageOf(s).SearchDatasets(ctx, []core.ExperimentID{x.ID})
			return err
		}},
	)
	add("bulk_history", call{"MetricHistories", false, func(ctx context.Context, s store) error {
		a, _ := core.As[core.BulkHistory](s)
		_, err := a.MetricHistories(ctx, core.HistoriesQuery{Runs: []core.RunID{r.ID}, Key: "loss"})
		return err
	}})
	add("sampled_history", call{"SampleHistory", false, func(ctx context.Context, s store) error {
		a, _ := core.As[core.SampledHistory](s)
		_, err := a.SampleHistory(ctx, core.SampleQuery{Runs: []core.RunID{r.ID}, Key: "loss"})
		return err
	}})
	add("logged_models",
		call{"CreateLoggedModel", true, func(ctx context.Context, s store) error {
			_, err := modelsOf(s).CreateLoggedModel(ctx, x.ID, core.LoggedModelSpec{Name: "late"})
			return err
		}},
		call{"SearchLoggedModels", false, func(ctx context.Context, s store) error {
			_, err := modelsOf(s).SearchLoggedModels(ctx, core.LoggedModelQuery{Experiments: []core.ExperimentID{x.ID}})
			return err
		}},
	)
	return all
}

// refusals call each ability on nothing that exists, for stores that have it without declaring it.
func refusals() map[core.Capability]func(check, store) error {
	return map[core.Capability]func(check, store) error{
		accounts: func(t check, s store) error {
			a, _ := core.As[core.Accounts](s)
			_, err := a.User(t.Context(), "nobody")
			return err
		},
		"bulk_history": func(t check, s store) error {
			a, _ := core.As[core.BulkHistory](s)
			_, err := a.MetricHistories(t.Context(), core.HistoriesQuery{Runs: []core.RunID{nobodysRun}, Key: "m"})
			return err
		},
		"importer": func(t check, s store) error {
			a, _ := core.As[core.Importer](s)
			return a.ImportRun(t.Context(), core.Run{RunInfo: core.RunInfo{ID: nobodysRun, ExperimentID: "918273645546372819"}})
		},
		"lineage": func(t check, s store) error {
			return lineageOf(s).LogInputs(t.Context(), nobodysRun, core.Inputs{})
		},
		"logged_models": func(t check, s store) error {
			_, err := modelsOf(s).LoggedModel(t.Context(), "m-0123456789abcdef0123456789abcdef")
			return err
		},
		"purger": func(t check, s store) error {
			a, _ := core.As[core.Purger](s)
			return a.PurgeRun(t.Context(), nobodysRun)
		},
		"sampled_history": func(t check, s store) error {
			a, _ := core.As[core.SampledHistory](s)
			_, err := a.SampleHistory(t.Context(), core.SampleQuery{Runs: []core.RunID{nobodysRun}, Key: "m"})
			return err
		},
	}
}
