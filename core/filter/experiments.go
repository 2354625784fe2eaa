package filter

import "github.com/mlstore/mlstore/core"

// Experiments reads a search of experiments. The order is creation time descending, then id; a given one ends with the id
// descending. Ids that are decimal numbers are ordered by their value.
func Experiments(q core.ExperimentQuery, l core.Limits) (*Query[core.Experiment], error) {
	g := experimentGrammar()
	order, err := parseOrder(q.OrderBy, g)
	if err != nil {
		return nil, err
	}
	if len(order) == 0 {
		order = []OrderKey{key("creation_time", IntegerType, true), key("experiment_id", IDType, false)}
	}
	return search[core.Experiment]{
		grammar: g, reader: experimentReader(), filter: q.Filter,
		order: complete(order, key("experiment_id", IDType, true)),
		shows: func(e *core.Experiment) bool { return q.View.Shows(e.Lifecycle) },
		scope: experimentScope(q.View, nil),
		page:  q.PageOptions,
		bound: l.ExperimentPage,
	}.query()
}

// experimentGrammar is MLflow's SearchExperimentsUtils.
func experimentGrammar() grammar {
	columns := []column{
		{names: []string{"name"}, ops: texts},
		{names: []string{"experiment_id"}, class: decimal, ops: equalities | lists},
		{names: []string{"creation_time"}, class: whole, ops: numbers},
		{names: []string{"last_update_time"}, class: whole, ops: numbers},
	}
	return grammar{
		kind: "experiments",
		entities: []entityName{
			{"attribute", Attribute}, {"attributes", Attribute}, {"tag", TagEntity}, {"tags", TagEntity},
		},
		filters: columns, orders: columns, tags: texts | nulls, nullsOf: "tags", onlyAttributes: true,
	}
}

func experimentReader() reader[core.Experiment] {
	return reader[core.Experiment]{
		text: func(attribute string) func(*core.Experiment) string {
			if attribute == "experiment_id" {
				return func(e *core.Experiment) string { return string(e.ID) }
			}
			return func(e *core.Experiment) string { return e.Name }
		},
		integer: func(attribute string) func(*core.Experiment) (int64, bool) {
			if attribute == "creation_time" {
				return func(e *core.Experiment) (int64, bool) { return moment(e.CreatedAt) }
			}
			return func(e *core.Experiment) (int64, bool) { return moment(e.UpdatedAt) }
		},
		tags: func(e *core.Experiment) map[string]string { return e.Tags },
	}
}
