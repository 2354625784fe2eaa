package sqlstore

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// oneWorkspace refuses a database in which MLflow's server keeps workspaces apart: the stores know the default one alone, so
// that ids would lead from one into another, and a copy would leave things out. MLflow without workspaces refuses it too.
func oneWorkspace(ctx context.Context, db sqldb.DB) error {
	tables := []string{"experiments", "registered_models"}
	others := make([]string, len(tables))
	b := &sqldb.Batch{}
	for i, table := range tables {
		b.Query(sqldb.One(new(bool), &others[i]), // from the index, which begins with it
			"SELECT workspace FROM "+table+" WHERE workspace < 'default' OR workspace > 'default' LIMIT 1")
	}
	if err := db.Fetch(ctx, b); err != nil {
		return err
	}
	for i, table := range tables {
		if others[i] != "" {
			return core.State("workspace", "the database has %s in the workspace %q, and we know the default one alone: use "+
				"MLflow's server with MLFLOW_ENABLE_WORKSPACES=true, or move them there", table, others[i])
		}
	}
	return nil
}
