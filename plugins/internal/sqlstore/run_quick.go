package sqlstore

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// On Postgres a change of an active run is one statement, and so one round trip. It changes nothing when the run is not
// there or not active; the careful way then finds out why.

// updateQuickly changes an active run, and reports whether it did.
func (t *Tracking) updateQuickly(ctx context.Context, id core.RunID, change core.RunChange) (row runRow, done bool, err error) {
	if t.db.Dialect() != sqldb.Postgres || change.Lifecycle != "" {
		return row, false, nil
	}
	var status string
	if change.Status != 0 {
		status = change.Status.String()
	}
	var end *int64
	if change.EndTime != nil {
		end = orNull(*change.EndTime)
	}
	var b sqldb.Batch
	b.Query(sqldb.One(&done, row.fields()...), "WITH r AS (UPDATE runs SET name = COALESCE(NULLIF($2::text, ''), name), "+
		"status = COALESCE(NULLIF($3::text, ''), status), end_time = CASE WHEN $4::bool THEN $5::bigint ELSE end_time END "+
		"WHERE run_uuid = $1 AND COALESCE(lifecycle_stage, 'active') = 'active' RETURNING *), "+
		"n AS (INSERT INTO tags (run_uuid, key, value) SELECT run_uuid, $6::text, $2::text FROM r WHERE $2::text <> '' "+
		onKnownTag+") "+
		"SELECT "+runColumns+" FROM r",
		string(id), change.Name, status, change.EndTime != nil, end, core.RunNameTag)
	err = t.db.Apply(ctx, &b)
	return row, done, err
}

// setTagsQuickly sets tags of an active run, and reports whether it did.
func (t *Tracking) setTagsQuickly(ctx context.Context, id core.RunID, tags map[string]string) (done bool, err error) {
	if t.db.Dialect() != sqldb.Postgres {
		return false, nil
	}
	c := columnsOf(tags)
	args := []any{string(id), c.keys.Array(), c.values.Array()}
	const active = " WHERE run_uuid = $1 AND COALESCE(lifecycle_stage, 'active') = 'active' "
	lock := "SELECT run_uuid FROM runs" + active + "FOR NO KEY UPDATE"
	if name, renames := tags[core.RunNameTag]; renames {
		lock = "UPDATE runs SET name = $4" + active + "RETURNING run_uuid"
		args = append(args, name)
	}
	var one int64
	var b sqldb.Batch
	b.Query(sqldb.One(&done, &one), "WITH r AS MATERIALIZED ("+lock+"), t AS (INSERT INTO tags (run_uuid, key, value) "+
		"SELECT r.run_uuid, p.key, p.value FROM r, unnest($2::text[], $3::text[]) AS p(key, value) "+onKnownTag+") "+
		"SELECT 1 FROM r", args...)
	err = t.db.Apply(ctx, &b)
	return done, err
}
