package sqlstore

import (
	"context"
	"errors"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// group logs batches of metrics alone, on Postgres: one statement that locks the runs, writes the points and the latest
// ones, and says which runs were active. Batches that come while all turns are taken share the next statement, so that
// many callers pay for one commit. On SQLite package litedb does that for every write.
type group struct {
	db    sqldb.DB
	turns chan struct{} // one token for every statement that runs
	queue *queue[*entry]
}

// entry is one caller's batch.
type entry struct {
	run     core.RunID
	metrics []core.Metric // ordered
	done    chan struct{} // closed when logged and err are set
	logged  bool          // false without an error: the run is not there or not active
	err     error
}

// mostTurns is how many statements run at once; mostGrouped how many points one of them writes, but for a larger batch.
const (
	mostTurns   = 12
	mostGrouped = 2000
)

func newGroup(db sqldb.DB) group {
	return group{db: db, turns: make(chan struct{}, mostTurns), queue: &queue[*entry]{}}
}

// log logs the batch. It reports false, and has done nothing, when the batch must be looked at more closely.
func (g *group) log(ctx context.Context, run core.RunID, metrics []core.Metric) (bool, error) {
	if g.db.Dialect() != sqldb.Postgres {
		return false, nil
	}
	e := &entry{run: run, metrics: metrics, done: make(chan struct{})}
	g.queue.add(e)
	select {
	case <-e.done:
	case g.turns <- struct{}{}:
		for !isClosed(e.done) && g.lead(ctx) {
		}
		<-g.turns
		<-e.done // another caller has it in its statement
	case <-ctx.Done():
		if g.queue.remove(e) {
			return false, core.Interrupted(ctx)
		}
		return false, &core.Error{Code: core.CodeOf(ctx.Err()), Outcome: core.OutcomeUnknown, Err: ctx.Err()}
	}
	return e.logged, e.err
}

// firstOf are the entries of the next statement, those that came first.
func firstOf(waiting []*entry) (taken, left []*entry) {
	n, points := 0, 0
	for n < len(waiting) && (n == 0 || points+len(waiting[n].metrics) <= mostGrouped) {
		points += len(waiting[n].metrics)
		n++
	}
	return waiting[:n:n], waiting[n:]
}

// lead writes what waits, and reports whether that was anything. Others depend on it, so it does not end with its caller's
// context; the database's own timeouts bound it.
func (g *group) lead(ctx context.Context) bool {
	entries := g.queue.take(firstOf)
	if len(entries) == 0 {
		return false
	}
	whole := ctx
	if len(entries) > 1 {
		whole = context.WithoutCancel(ctx)
	}
	active, err := g.write(whole, entries)
	if len(entries) > 1 && err != nil && isDefinite(err) { // one of them is at fault: each by itself
		for _, e := range entries {
			active, err := g.write(whole, []*entry{e})
			e.end(active, err)
		}
		return true
	}
	for _, e := range entries {
		e.end(active, err)
	}
	return true
}

func isDefinite(err error) bool {
	e, ok := errors.AsType[*core.Error](err)
	return ok && e.Outcome == core.NoEffect && e.Code != core.Unavailable
}

func (e *entry) end(active map[string]bool, err error) {
	e.logged, e.err = err == nil && active[string(e.run)], err
	close(e.done)
}

// write writes the entries and returns which of their runs were active; the others were left alone.
func (g *group) write(ctx context.Context, entries []*entry) (map[string]bool, error) {
	byRun := map[core.RunID][]core.Metric{}
	var runs []string
	for _, e := range entries {
		if byRun[e.run] == nil {
			runs = append(runs, string(e.run))
		}
		byRun[e.run] = append(byRun[e.run], e.metrics...)
	}
	var all, best points
	for id, metrics := range byRun {
		metrics = ordered(metrics)
		for _, m := range metrics {
			all.add(id, m)
		}
		for _, m := range latest(metrics) {
			best.add(id, m)
		}
	}
	active := map[string]bool{}
	var b sqldb.Batch
	b.Query(sqldb.Each(func(rows sqldb.Rows) error {
		var id string
		err := rows.Scan(&id)
		active[id] = true
		return err
	}), logMetrics, runs, all.runs.Array(), all.keys.Array(), all.values.Array(), all.timestamps.Array(), all.steps.Array(),
		all.nans.Array(), best.runs.Array(), best.keys.Array(), best.values.Array(), best.timestamps.Array(),
		best.steps.Array(), best.nans.Array())
	err := g.db.Apply(ctx, &b)
	return active, err
}

// logMetrics is the whole of a batch of metrics. A run is locked before its points are written, since they are joined
// with it.
const logMetrics = "WITH r AS MATERIALIZED (SELECT run_uuid FROM runs WHERE run_uuid = ANY($1::text[]) " +
	"AND lifecycle_stage = 'active' ORDER BY run_uuid FOR NO KEY UPDATE), " +
	"m AS (INSERT INTO metrics (run_uuid, key, value, timestamp, step, is_nan) SELECT p.* FROM r JOIN " +
	"unnest($2::text[], $3::text[], $4::float8[], $5::bigint[], $6::bigint[], $7::bool[]) " +
	"AS p(run_uuid, key, value, timestamp, step, is_nan) ON p.run_uuid = r.run_uuid " + onKnownPoint + "), " +
	"l AS (INSERT INTO latest_metrics (run_uuid, key, value, timestamp, step, is_nan) SELECT p.* FROM r JOIN " +
	"unnest($8::text[], $9::text[], $10::float8[], $11::bigint[], $12::bigint[], $13::bool[]) " +
	"AS p(run_uuid, key, value, timestamp, step, is_nan) ON p.run_uuid = r.run_uuid " + onKnownLatest + ") " +
	"SELECT run_uuid FROM r"
