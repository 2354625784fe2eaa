package filter

import (
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// LoggedModels reads a search of logged models. A metric is the latest measurement (core.Latest) on
// the query's datasets. When there are datasets and no clause on a metric, only models with a measurement on one of them
// are found. The order ends with creation time descending, then id.
func LoggedModels(q core.LoggedModelQuery, l core.Limits) (*Query[core.LoggedModel], error) {
	g := loggedGrammar()
	order, err := loggedOrder(q.OrderBy, g)
	if err != nil {
		return nil, err
	}
	scope := experimentScope(q.View, q.Experiments)
	for _, d := range q.Datasets {
		if d.Name == "" {
			return nil, core.Invalid("datasets", "`dataset_name` in the `datasets` clause must be specified")
		}
		scope = append(scope, "dataset", d.Name, d.Digest)
	}
	known, datasets := experimentTest(q.Experiments), slices.Clone(q.Datasets)
	query, err := search[core.LoggedModel]{
		grammar: g, reader: loggedReader(datasets), filter: q.Filter,
		order: complete(order, key("creation_timestamp", IntegerType, true), key("model_id", TextType, false)),
		shows: func(m *core.LoggedModel) bool { return q.View.Shows(m.Lifecycle) && known(m.ExperimentID) },
		scope: scope,
		page:  q.PageOptions,
		bound: l.LoggedPage,
	}.query()
	if err != nil || len(datasets) == 0 {
		return query, err
	}
	for _, c := range query.filter {
		if c.Entity == Metric {
			return query, nil
		}
	}
	query.tests = append(query.tests, func(m *core.LoggedModel) bool {
		for i := range m.Metrics {
			if measured(&m.Metrics[i], datasets) {
				return true
			}
		}
		return false
	})
	return query, nil
}

// loggedGrammar is MLflow's search_logged_model_utils and SearchLoggedModelsUtils.
func loggedGrammar() grammar {
	columns := []column{
		{names: []string{"model_id"}, ops: texts | lists},
		{names: []string{"name"}, ops: texts | lists},
		{names: []string{"model_type"}, ops: texts | lists},
		{names: []string{"status"}, ops: equalities | lists, values: []string{"PENDING", "READY", "FAILED"}},
		{names: []string{"source_run_id"}, ops: texts | lists},
		{names: []string{"experiment_id"}, class: decimal, ops: equalities | lists},
		{names: []string{"creation_timestamp", "creation_time"}, class: numeric, ops: numbers},
		{names: []string{"last_updated_timestamp", "last_updated_time"}, class: numeric, ops: numbers},
	}
	return grammar{
		kind:     "logged models",
		entities: wideEntities(),
		filters:  columns, orders: columns, tags: texts | lists, params: texts | lists,
	}
}

// loggedOrder reads an order, which for logged models is not text.
func loggedOrder(items []core.LoggedModelOrder, g grammar) ([]OrderKey, error) {
	if len(items) > mostKeys {
		return nil, core.Invalid("order_by", "Invalid order_by: it has %d keys, more than %d", len(items), mostKeys)
	}
	var order []OrderKey
	for _, item := range items {
		k := OrderKey{Key: item.Field, Descending: item.Descending}
		if metric, is := strings.CutPrefix(item.Field, "metrics."); is && metric != "" {
			k.Entity, k.Key, k.Type = Metric, metric, FloatType
			k.Dataset = core.DatasetRef{Name: item.DatasetName, Digest: item.DatasetDigest}
		} else {
			col, known := lookup(g.orders, item.Field)
			if !known {
				return nil, core.Invalid("order_by", "Invalid order by field name: '%s'. Valid are metrics.<key> and %s",
					show(item.Field), columnNames(g.orders))
			}
			k.Key, k.Type = col.names[0], col.class.ordered()
		}
		switch {
		case item.DatasetDigest != "" && item.DatasetName == "":
			return nil, core.Invalid("order_by",
				"`dataset_digest` can only be specified if `dataset_name` is also specified, as it is not for '%s'", show(item.Field))
		case item.DatasetName != "" && k.Entity != Metric:
			return nil, core.Invalid("order_by", "a dataset chooses among measurements, but '%s' is no metric", show(item.Field))
		case named(order, k):
			return nil, core.Invalid("order_by", "`order_by` contains duplicate fields: '%s'", show(item.Field))
		}
		order = append(order, k)
	}
	return order, nil
}

func loggedReader(datasets []core.DatasetRef) reader[core.LoggedModel] {
	return reader[core.LoggedModel]{
		text: loggedText,
		integer: func(attribute string) func(*core.LoggedModel) (int64, bool) {
			if attribute == "creation_timestamp" {
				return func(m *core.LoggedModel) (int64, bool) { return moment(m.CreatedAt) }
			}
			return func(m *core.LoggedModel) (int64, bool) { return moment(m.UpdatedAt) }
		},
		metric: func(key string, of core.DatasetRef) func(*core.LoggedModel) (float64, bool) {
			var only []core.DatasetRef
			if of.Name != "" {
				only = []core.DatasetRef{of}
			}
			return func(m *core.LoggedModel) (float64, bool) {
				var latest *core.RunMetric
				for i := range m.Metrics {
					metric := &m.Metrics[i]
					if metric.Key == key && measured(metric, datasets) && measured(metric, only) &&
						(latest == nil || core.Latest(metric.Metric, latest.Metric)) {
						latest = metric
					}
				}
				if latest == nil {
					return 0, false
				}
				return latest.Value, true
			}
		},
		params: func(m *core.LoggedModel) map[string]string { return m.Params },
		tags:   func(m *core.LoggedModel) map[string]string { return m.Tags },
	}
}

func loggedText(attribute string) func(*core.LoggedModel) string {
	switch attribute {
	case "name":
		return func(m *core.LoggedModel) string { return m.Name }
	case "model_type":
		return func(m *core.LoggedModel) string { return m.Type }
	case "status":
		return func(m *core.LoggedModel) string {
			switch m.Status {
			case core.ModelPending:
				return "PENDING"
			case core.ModelReady:
				return "READY"
			case core.ModelFailed:
				return "FAILED"
			}
			return "UNSPECIFIED"
		}
	case "source_run_id":
		return func(m *core.LoggedModel) string { return string(m.SourceRunID) }
	case "experiment_id":
		return func(m *core.LoggedModel) string { return string(m.ExperimentID) }
	}
	return func(m *core.LoggedModel) string { return string(m.ID) }
}

// measured reports whether a metric was measured on one of the datasets; none at all are any.
func measured(m *core.RunMetric, datasets []core.DatasetRef) bool {
	for _, d := range datasets {
		if d.Name == m.DatasetName && (d.Digest == "" || d.Digest == m.DatasetDigest) {
			return true
		}
	}
	return len(datasets) == 0
}
