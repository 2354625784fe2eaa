package query

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// Runs writes a search of runs. Columns are those of the table runs, as r.
func Runs(d sqldb.Dialect, q *filter.Query[core.Run], of core.RunQuery, columns string) (Search, error) {
	return newRuns(d, of).search(q, columns)
}

// RunIDs writes a search of runs of which nothing is wanted but their ids, for which indexes may suffice.
func RunIDs(d sqldb.Dialect, q *filter.Query[core.Run], of core.RunQuery) (Search, error) {
	c := newRuns(d, of)
	c.slim = true
	return c.search(q, c.shape.id)
}

func newRuns(d sqldb.Dialect, of core.RunQuery) *compiler {
	c := &compiler{dialect: d, shape: runShape()}
	c.within("r.experiment_id", of.Experiments)
	if d == sqldb.SQLite {
		c.most = mostRuns(c.where[0])
	}
	c.lives("r.lifecycle_stage", of.View)
	return c
}

func runShape() shape {
	item := []string{"run_uuid = r.run_uuid"}
	return shape{
		from: "runs r", id: "r.run_uuid", newest: "start_time",
		texts: map[string]text{
			"run_id": {expr: "r.run_uuid"},
			"run_name": {expr: "COALESCE(NULLIF(r.name, ''), (SELECT n.value FROM tags n WHERE n.key = '" + core.RunNameTag +
				"' AND n.run_uuid = r.run_uuid), '')"},
			"status":       {"r.status", true},
			"user_id":      {"r.user_id", true},
			"artifact_uri": {"r.artifact_uri", true},
		},
		numbers: map[string]number{
			"start_time": {expr: startTime}, "end_time": {"r.end_time", true},
		},
		tables: map[filter.Entity]*table{
			filter.Metric:    {name: "latest_metrics", item: item, key: "key", value: "value", nan: "is_nan"},
			filter.Param:     {name: "params", item: item, key: "key", value: "value", short: true},
			filter.TagEntity: {name: "tags", item: item, key: "key", value: "value", nullable: true},
		},
		datasets: "FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id WHERE i.source_type = 'DATASET'" +
			" AND i.destination_type = 'RUN' AND i.destination_id = r.run_uuid",
	}
}

// startTime is never NULL, so that an index on it gives runs in order.
const startTime = "COALESCE(r.start_time, 0)"

// lives restricts a search to a view.
func (c *compiler) lives(column string, view core.View) {
	switch view {
	case core.ActiveOnly:
		c.require(column + " = '" + string(core.Active) + "'")
	case core.DeletedOnly:
		c.require(column + " = '" + string(core.Deleted) + "'")
	case core.AllStages:
	}
}

// within restricts a search to experiments. Ids that the database cannot have given contribute nothing.
func (c *compiler) within(column string, experiments []core.ExperimentID) {
	known := make([]int64, 0, len(experiments))
	for _, id := range experiments {
		if n, ok := c.integer(string(id)); ok {
			known = append(known, n)
		}
	}
	switch len(known) {
	case 0:
		c.require(never)
	case 1:
		c.require(column + " = " + c.bind(known[0]))
	default:
		c.require(c.in(column, known))
	}
}
