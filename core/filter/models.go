package filter

import "github.com/mlstore/mlstore/core"

// Models reads a search of registered models. Models whose tag mlflow.prompt.is_prompt is 'true' are found only when the
// filter asks for them. The order ends with the name.
func Models(q core.ModelQuery, l core.Limits) (*Query[core.Model], error) {
	g := modelGrammar()
	order, err := parseOrder(q.OrderBy, g)
	if err != nil {
		return nil, err
	}
	return search[core.Model]{
		grammar: g, reader: modelReader(), filter: q.Filter,
		order: complete(order, key("name", TextType, false)),
		shows: func(*core.Model) bool { return true },
		page:  q.PageOptions,
		bound: l.ModelPage,
	}.query()
}

// modelGrammar is MLflow's SearchModelUtils.
func modelGrammar() grammar {
	return grammar{
		kind:     "registered models",
		entities: registryEntities(),
		filters:  []column{{names: []string{"name"}, ops: texts | lists}},
		orders: []column{
			{names: []string{"name"}},
			{names: []string{"creation_timestamp"}, class: whole},
			{names: []string{"last_updated_timestamp", "timestamp"}, class: whole},
		},
		tags: texts, plainKeys: true, onlyAttributes: true, prompts: true,
	}
}

func registryEntities() []entityName {
	return []entityName{{"attribute", Attribute}, {"tag", TagEntity}, {"tags", TagEntity}}
}

func modelReader() reader[core.Model] {
	return reader[core.Model]{
		text: func(string) func(*core.Model) string {
			return func(m *core.Model) string { return m.Name }
		},
		integer: func(attribute string) func(*core.Model) (int64, bool) {
			if attribute == "creation_timestamp" {
				return func(m *core.Model) (int64, bool) { return moment(m.CreatedAt) }
			}
			return func(m *core.Model) (int64, bool) { return moment(m.UpdatedAt) }
		},
		tags:    func(m *core.Model) map[string]string { return m.Tags },
		prompts: true,
	}
}
