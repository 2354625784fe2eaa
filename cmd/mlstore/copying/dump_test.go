package copying_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mlstore/mlstore/cmd/mlstore/copying"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// dump writes all that a store holds, a line each, without any of the code under test. The default experiment, which every
// store makes at another time, is left out.
func dump(t *testing.T, end copying.End) []string {
	t.Helper()
	ctx := t.Context()
	var lines []string
	add := func(v any) { lines = append(lines, fmt.Sprintf("%+q", fmt.Sprintf("%+v", v))) }
	models, _ := core.As[core.LoggedModels](end.Tracking)
	for e, err := range client.Experiments(ctx, end.Tracking, core.ExperimentQuery{View: core.AllStages}) {
		must(t, err)
		if e.ID == core.DefaultExperimentID {
			continue
		}
		add(e)
		query := core.RunQuery{Experiments: []core.ExperimentID{e.ID}, View: core.AllStages}
		for r, err := range client.Runs(ctx, end.Tracking, query) {
			must(t, err)
			add(r)
			for key := range r.Metrics {
				history, err := client.Collect(client.History(ctx, end.Tracking, r.ID, key, core.HistoryOptions{}))
				must(t, err)
				add(history)
			}
			for _, out := range r.Outputs {
				m, err := models.LoggedModel(ctx, out.ModelID)
				must(t, err)
				add(m)
			}
		}
	}
	for _, name := range []string{"iris", "pro'mpt"} {
		m, err := end.Registry.Model(ctx, name)
		must(t, err)
		add(m)
		for _, number := range []int{1, 3} {
			v, err := end.Registry.Version(ctx, core.VersionRef{Model: name, Number: number})
			must(t, err)
			add(v)
		}
	}
	slices.Sort(lines)
	return lines
}
