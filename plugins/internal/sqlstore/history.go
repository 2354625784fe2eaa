package sqlstore

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// MetricHistory returns a page of the points of a key.
func (t *Tracking) MetricHistory(
	ctx context.Context, id core.RunID, key string, o core.HistoryOptions,
) (_ core.Page[core.Metric], err error) {
	defer named(&err, "get metric history", string(id))
	none := core.Page[core.Metric]{}
	if err := t.read(ctx); err != nil {
		return none, err
	}
	if err := core.CheckRunID(id); err != nil {
		return none, err
	}
	limit, err := core.CheckPage(o.PageOptions, t.limits.HistoryPage)
	if err != nil {
		return none, err
	}
	query := "history\x00" + string(id) + "\x00" + key
	var after *placeInHistory
	if o.Token != "" {
		after = &placeInHistory{}
		if err := unseal(query, o.Token, after); err != nil {
			return none, err
		}
	}
	h := history{key: key, limit: limit}
	var known bool
	var one int64
	var b sqldb.Batch
	sql, args := historySQL(after, string(id), key, limit+1)
	b.Query(h.scan, sql, args...)
	b.Query(sqldb.One(&known, &one), "SELECT 1 FROM runs WHERE run_uuid = $1", string(id))
	if err := t.db.Fetch(ctx, &b); err != nil {
		return none, err
	}
	if !known {
		return none, core.Missing("run", id)
	}
	page := core.Page[core.Metric]{Items: h.points}
	if h.more {
		page.Next, err = seal(query, h.last())
	}
	return page, err
}

// placeInHistory is the place of a point in a history.
type placeInHistory struct {
	Timestamp int64   `json:"t"`
	Step      int64   `json:"s"`
	Number    bool    `json:"n"` // false for NaN, which comes before numbers
	Value     float64 `json:"v"`
}

// historySQL reads points in the order of an index of ours, from a place on. The conditions on the place begin with one that
// the index can serve.
func historySQL(after *placeInHistory, args ...any) (string, []any) {
	sql := "SELECT value, timestamp, step, is_nan FROM metrics WHERE run_uuid = $1 AND key = $2"
	if after != nil {
		sql += " AND (timestamp, step) >= ($4, $5) AND " +
			"((timestamp, step) > ($4, $5) OR is_nan < $6 OR is_nan = $6 AND value > $7)"
		args = append(args, after.Timestamp, after.Step, !after.Number, after.Value)
	}
	return sql + " ORDER BY timestamp, step, is_nan DESC, value LIMIT $3", args
}

// history is a page of a history.
type history struct {
	key    string
	limit  int
	points []core.Metric
	more   bool // there was one point more
}

func (h *history) scan(rows sqldb.Rows) error {
	h.points, h.more = nil, false // it may be called again
	m := core.Metric{Key: h.key}
	var isNaN bool
	dest := []any{&m.Value, (*int64)(&m.Timestamp), &m.Step, &isNaN}
	for rows.Next() {
		if h.more = len(h.points) == h.limit; h.more {
			continue // the row that shows that another page follows
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		h.grow()
		m.Value = valueOf(m.Value, isNaN)
		h.points = append(h.points, m)
	}
	return rows.Err()
}

// grow makes room for points, but for no more than a page has: the garbage of growing is less than half of the page.
func (h *history) grow() {
	const least, factor = 64, 4
	if n := len(h.points); n == cap(h.points) {
		h.points = append(make([]core.Metric, 0, min(max(least, factor*n), h.limit)), h.points...)
	}
}

// last is the place of the last point.
func (h *history) last() placeInHistory {
	m := h.points[len(h.points)-1]
	value, isNaN := clamped(m.Value)
	return placeInHistory{Timestamp: int64(m.Timestamp), Step: m.Step, Number: !isNaN, Value: value}
}
