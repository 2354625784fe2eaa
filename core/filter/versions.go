package filter

import "github.com/mlstore/mlstore/core"

// Versions reads a search of model versions. Versions whose tag mlflow.prompt.is_prompt is 'true' are found only when the
// filter asks for them. The order is update time descending; it ends with the name, then the number descending.
func Versions(q core.VersionQuery, l core.Limits) (*Query[core.Version], error) {
	g := versionGrammar()
	order, err := parseOrder(q.OrderBy, g)
	if err != nil {
		return nil, err
	}
	if len(order) == 0 {
		order = []OrderKey{key("last_updated_timestamp", IntegerType, true)}
	}
	return search[core.Version]{
		grammar: g, reader: versionReader(), filter: q.Filter,
		order: complete(order, key("name", TextType, false), key("version_number", IntegerType, true)),
		shows: func(*core.Version) bool { return true },
		page:  q.PageOptions,
		bound: l.VersionPage,
	}.query()
}

// versionGrammar is MLflow's SearchModelVersionUtils.
func versionGrammar() grammar {
	return grammar{
		kind:     "model versions",
		entities: registryEntities(),
		filters: []column{
			{names: []string{"name"}, ops: texts | lists},
			{names: []string{"run_id"}, ops: texts | lists},
			{names: []string{"source_path"}, ops: texts},
			{names: []string{"version_number"}, class: wholeOrText, ops: numbers},
		},
		orders: []column{
			{names: []string{"name"}},
			{names: []string{"version_number"}, class: whole},
			{names: []string{"creation_timestamp"}, class: whole},
			{names: []string{"last_updated_timestamp"}, class: whole},
		},
		tags: texts, plainKeys: true, onlyAttributes: true, prompts: true,
	}
}

func versionReader() reader[core.Version] {
	return reader[core.Version]{
		text: func(attribute string) func(*core.Version) string {
			switch attribute {
			case "run_id":
				return func(v *core.Version) string { return string(v.RunID) }
			case "source_path":
				return func(v *core.Version) string { return v.Source }
			}
			return func(v *core.Version) string { return v.Model }
		},
		integer: func(attribute string) func(*core.Version) (int64, bool) {
			switch attribute {
			case "creation_timestamp":
				return func(v *core.Version) (int64, bool) { return moment(v.CreatedAt) }
			case "last_updated_timestamp":
				return func(v *core.Version) (int64, bool) { return moment(v.UpdatedAt) }
			}
			return func(v *core.Version) (int64, bool) { return int64(v.Number), true }
		},
		tags:    func(v *core.Version) map[string]string { return v.Tags },
		prompts: true,
	}
}
