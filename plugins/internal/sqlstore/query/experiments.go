package query

import (
	"math"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// Experiments writes a search of experiments. Columns are those of the table experiments, as e.
func Experiments(
	d sqldb.Dialect, q *filter.Query[core.Experiment], of core.ExperimentQuery, columns string,
) (Search, error) {
	c := &compiler{dialect: d, shape: experimentShape()}
	c.require("e.workspace = 'default'")
	c.lives("e.lifecycle_stage", of.View)
	return c.search(q, columns)
}

func experimentShape() shape {
	return shape{
		from:  "experiments e",
		texts: map[string]text{"name": {expr: "e.name"}},
		numbers: map[string]number{
			"creation_time": {"e.creation_time", true}, "last_update_time": {"e.last_update_time", true},
		},
		ids: map[string]string{"experiment_id": "e.experiment_id"},
		tables: map[filter.Entity]*table{
			filter.TagEntity: {
				name: "experiment_tags", item: []string{"experiment_id = e.experiment_id"},
				key: "key", value: "value", nullable: true,
			},
		},
	}
}

// lastID is the largest id that the database can hold.
func (c *compiler) lastID() int64 {
	if c.dialect == sqldb.Postgres {
		return math.MaxInt32
	}
	return math.MaxInt64
}
