package query

import (
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// LoggedModels writes a search of logged models. Columns are those of the table logged_models, as l.
func LoggedModels(
	d sqldb.Dialect, q *filter.Query[core.LoggedModel], of core.LoggedModelQuery, columns string,
) (Search, error) {
	c := &compiler{dialect: d, shape: loggedShape(of.Datasets)}
	c.within("l.experiment_id", of.Experiments)
	c.lives("COALESCE(l.lifecycle_stage, 'active')", of.View)
	onMetrics := slices.ContainsFunc(q.Filter(), func(f filter.Clause) bool { return f.Entity == filter.Metric })
	if len(of.Datasets) > 0 && !onMetrics {
		c.require("EXISTS (SELECT 1 " + c.measurements(of.Datasets) + ")")
	}
	return c.search(q, columns)
}

func loggedShape(datasets []core.DatasetRef) shape {
	item := []string{"model_id = l.model_id"}
	return shape{
		from: "logged_models l",
		texts: map[string]text{
			"model_id":      {expr: "l.model_id"},
			"name":          {expr: "l.name"},
			"model_type":    {"l.model_type", true},
			"source_run_id": {"l.source_run_id", true},
			"status": {expr: "CASE l.status WHEN 1 THEN 'PENDING' WHEN 2 THEN 'READY' WHEN 3 THEN 'FAILED'" +
				" ELSE 'UNSPECIFIED' END"},
		},
		numbers: map[string]number{
			"creation_timestamp":     {"l.creation_timestamp_ms", true},
			"last_updated_timestamp": {"l.last_updated_timestamp_ms", true},
		},
		ids: map[string]string{"experiment_id": "l.experiment_id"},
		tables: map[filter.Entity]*table{
			filter.Param:     {name: "logged_model_params", item: item, key: "param_key", value: "param_value"},
			filter.TagEntity: {name: "logged_model_tags", item: item, key: "tag_key", value: "tag_value"},
		},
		measured: func(c *compiler, k filter.OrderKey) measurement {
			return c.measured(k, datasets)
		},
	}
}

// measurements is where the metrics of a model are that were measured on one of the datasets; none at all are any.
func (c *compiler) measurements(datasets []core.DatasetRef) string {
	from := "FROM logged_model_metrics y WHERE y.model_id = l.model_id"
	if len(datasets) == 0 {
		return from
	}
	uses := make([]string, len(datasets))
	for i, d := range datasets {
		uses[i] = "y.dataset_name = " + c.bind(c.storable(d.Name))
		if d.Digest != "" {
			uses[i] += " AND y.dataset_digest = " + c.bind(c.storable(d.Digest))
		}
	}
	return from + " AND (" + strings.Join(uses, " OR ") + ")"
}

// measured finds the latest measurement of a key (core.Latest) on the datasets of the query and of the key.
func (c *compiler) measured(k filter.OrderKey, datasets []core.DatasetRef) measurement {
	from := c.measurements(datasets) + " AND y.metric_name = " + c.bind(c.storable(k.Key))
	if k.Dataset.Name != "" {
		from += " AND y.dataset_name = " + c.bind(c.storable(k.Dataset.Name))
		if k.Dataset.Digest != "" {
			from += " AND y.dataset_digest = " + c.bind(c.storable(k.Dataset.Digest))
		}
	}
	value := "y.metric_value"
	if c.dialect == sqldb.Postgres {
		value = "NULLIF(y.metric_value, 'NaN')"
	}
	return measurement{
		value: "(SELECT " + value + " " + from + " ORDER BY y.metric_step DESC, y.metric_timestamp_ms DESC, " + value +
			" DESC NULLS LAST LIMIT 1)",
		there: "EXISTS (SELECT 1 " + from + ")",
	}
}
