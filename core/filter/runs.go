package filter

import (
	"slices"
	"strconv"

	"github.com/mlstore/mlstore/core"
)

// Runs reads a search of runs. A search of no experiment finds nothing. An end time of 0 is none; a start time always is
// one. The order ends with start time descending and run id.
func Runs(q core.RunQuery, l core.Limits) (*Query[core.Run], error) {
	g := runGrammar()
	order, err := parseOrder(q.OrderBy, g)
	if err != nil {
		return nil, err
	}
	known := experimentTest(q.Experiments)
	return search[core.Run]{
		grammar: g, reader: runReader(), filter: q.Filter,
		order: complete(order, key("start_time", IntegerType, true), key("run_id", TextType, false)),
		shows: func(r *core.Run) bool { return q.View.Shows(r.Lifecycle) && known(r.ExperimentID) },
		scope: experimentScope(q.View, q.Experiments),
		page:  q.PageOptions,
		bound: l.RunPage,
	}.query()
}

// runGrammar is MLflow's SearchUtils.
func runGrammar() grammar {
	ids := texts | lists
	columns := []column{
		{names: []string{"run_id"}, ops: ids},
		{names: []string{"run_name"}, ops: texts},
		{names: []string{"status"}, ops: texts},
		{names: []string{"user_id"}, ops: texts},
		{names: []string{"artifact_uri"}, ops: texts},
		{names: []string{"start_time", "created", "Created"}, class: numeric, ops: numbers},
		{names: []string{"end_time"}, class: numeric, ops: numbers},
	}
	filters := slices.Clone(columns)
	filters[1].names = []string{"run_name", "run name", "Run name", "Run Name"}
	return grammar{
		kind:     "runs",
		entities: append(wideEntities(), entityName{"dataset", DatasetEntity}, entityName{"datasets", DatasetEntity}),
		filters:  filters, orders: columns,
		tags: texts | nulls, params: texts | nulls, nullsOf: "tags and params",
		tickedEntities: true,
	}
}

// wideEntities are the names of entities in searches of runs and logged models.
func wideEntities() []entityName {
	return []entityName{
		{"metric", Metric},
		{"metrics", Metric},
		{"parameter", Param},
		{"parameters", Param},
		{"param", Param},
		{"params", Param},
		{"tag", TagEntity},
		{"tags", TagEntity},
		{"attribute", Attribute},
		{"attributes", Attribute},
		{"attr", Attribute},
		{"run", Attribute},
	}
}

func runReader() reader[core.Run] {
	return reader[core.Run]{
		text: func(attribute string) func(*core.Run) string {
			switch attribute {
			case "run_name":
				return func(r *core.Run) string { return r.Name }
			case "status":
				return func(r *core.Run) string { return r.Status.String() }
			case "user_id":
				return func(r *core.Run) string { return r.User }
			case "artifact_uri":
				return func(r *core.Run) string { return r.ArtifactURI }
			}
			return func(r *core.Run) string { return string(r.ID) }
		},
		integer: func(attribute string) func(*core.Run) (int64, bool) {
			if attribute == "end_time" {
				return func(r *core.Run) (int64, bool) { return moment(r.EndTime) }
			}
			return func(r *core.Run) (int64, bool) { return int64(r.StartTime), true }
		},
		metric: func(key string, _ core.DatasetRef) func(*core.Run) (float64, bool) {
			return func(r *core.Run) (float64, bool) { m, there := r.Metrics[key]; return m.Value, there }
		},
		params:   func(r *core.Run) map[string]string { return r.Params },
		tags:     func(r *core.Run) map[string]string { return r.Tags },
		datasets: func(r *core.Run) []core.DatasetInput { return r.Inputs.Datasets },
	}
}

// experimentTest returns what tells whether an experiment is one of ids.
func experimentTest(ids []core.ExperimentID) func(core.ExperimentID) bool {
	if len(ids) == 1 {
		only := ids[0]
		return func(id core.ExperimentID) bool { return id == only }
	}
	set := make(map[core.ExperimentID]struct{}, len(ids))
	for _, id := range ids {
		set[id] = struct{}{}
	}
	return func(id core.ExperimentID) bool { _, there := set[id]; return there }
}

// experimentScope is what a search's results depend on besides filter and order: the order of the ids means nothing.
func experimentScope(v core.View, ids []core.ExperimentID) []string {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	scope := []string{strconv.Itoa(int(v)), strconv.Itoa(len(ids))}
	for _, id := range ids {
		scope = append(scope, string(id))
	}
	return scope
}
