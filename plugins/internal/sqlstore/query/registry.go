package query

import (
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// Models writes a search of registered models. Columns are those of the table registered_models, as m.
func Models(d sqldb.Dialect, q *filter.Query[core.Model], columns string) (Search, error) {
	c := &compiler{dialect: d, shape: modelShape()}
	c.require("m.workspace = 'default'")
	return c.search(q, columns)
}

// Versions writes a search of model versions. Columns are those of the table model_versions, as v.
func Versions(d sqldb.Dialect, q *filter.Query[core.Version], columns string) (Search, error) {
	c := &compiler{dialect: d, shape: versionShape()}
	c.require("v.workspace = 'default'")
	c.require("COALESCE(v.current_stage, '') <> '" + DeletedStage + "'")
	return c.search(q, columns)
}

// DeletedStage is the stage of a version that has been deleted. Its row stays, so that its number is not given again.
const DeletedStage = "Deleted_Internal"

func modelShape() shape {
	return shape{
		from:  "registered_models m",
		texts: map[string]text{"name": {expr: "m.name"}},
		numbers: map[string]number{
			"creation_timestamp": {"m.creation_time", true}, "last_updated_timestamp": {"m.last_updated_time", true},
		},
		tables: map[filter.Entity]*table{
			filter.TagEntity: {
				name: "registered_model_tags", item: []string{"workspace = 'default'", "name = m.name"},
				key: "key", value: "value", nullable: true,
			},
		},
		prompts: true,
	}
}

func versionShape() shape {
	return shape{
		from: "model_versions v",
		texts: map[string]text{
			"name": {expr: "v.name"}, "run_id": {"v.run_id", true}, "source_path": {"v.source", true},
		},
		numbers: map[string]number{
			"creation_timestamp": {"v.creation_time", true}, "last_updated_timestamp": {"v.last_updated_time", true},
			"version_number": {expr: "CAST(v.version AS bigint)"}, // so that it can be compared with numbers of 64 bits
		},
		tables: map[filter.Entity]*table{
			filter.TagEntity: {
				name: "model_version_tags", item: []string{"workspace = 'default'", "name = v.name", "version = v.version"},
				key: "key", value: "value", nullable: true,
			},
		},
		prompts: true,
	}
}
