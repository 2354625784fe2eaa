package sqlstore

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// CountTraces counts the traces of experiments, where there are any. MLflow 3 keeps them in tables of their own; this store
// has no other use for them.
func (t *Tracking) CountTraces(ctx context.Context) (_ map[core.ExperimentID]int, err error) {
	defer named(&err, "count traces", "")
	if err := t.read(ctx); err != nil {
		return nil, err
	}
	counts := map[core.ExperimentID]int{}
	var b sqldb.Batch
	b.Query(sqldb.Each(func(rows sqldb.Rows) error {
		var id, n int64
		if err := rows.Scan(&id, &n); err != nil {
			return err
		}
		counts[experimentID(id)] = int(n)
		return nil
	}), "SELECT experiment_id, count(*) FROM trace_info GROUP BY experiment_id")
	return counts, t.db.Fetch(ctx, &b)
}
