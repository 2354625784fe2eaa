package sqlstore

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/query"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// page reads one page of a search: what the rows hold by row, and what belongs to them by rest.
type page[T any] struct {
	query  *filter.Query[T]
	search query.Search
	begin  func()                         // forgets what an attempt that failed has taken
	fields func() []any                   // where a row goes
	row    func() error                   // takes the row that was scanned
	rest   func(*sqldb.Batch) (more bool) // adds the queries for the rest of the items; false when there are none
}

// read reads the page in one snapshot, in two round trips on Postgres, and returns the token of the next one.
func (p page[T]) read(ctx context.Context, db sqldb.DB) (next string, err error) {
	err = db.Read(ctx, func(tx sqldb.Tx) error {
		var b sqldb.Batch
		b.Weigh(func(rows sqldb.Rows) error { next, err = p.rows(rows); return err }, p.search.SQL, p.search.Args...)
		if err := tx.Do(ctx, &b); err != nil {
			return err
		}
		b = sqldb.Batch{Last: true}
		if !p.rest(&b) {
			return nil
		}
		return tx.Do(ctx, &b)
	})
	return next, err
}

func (p page[T]) rows(rows sqldb.Rows) (next string, err error) {
	p.begin()
	place := p.search.Place()
	dest := append(p.fields(), place.Dest()...)
	var last filter.Cursor
	for count := 0; rows.Next(); count++ {
		if count == p.query.Limit() {
			next = p.query.TokenAt(last)
			continue // the row that shows that another page follows
		}
		if err := rows.Scan(dest...); err != nil {
			return "", err
		}
		if err := p.row(); err != nil {
			return "", err
		}
		last = place.Cursor()
	}
	return next, rows.Err()
}

// SearchExperiments returns a page of the experiments that match.
func (t *Tracking) SearchExperiments(
	ctx context.Context, q core.ExperimentQuery,
) (_ core.Page[core.Experiment], err error) {
	defer named(&err, "search experiments", q.Filter)
	none := core.Page[core.Experiment]{}
	if err := t.read(ctx); err != nil {
		return none, err
	}
	parsed, err := filter.Experiments(q, t.limits)
	if err != nil {
		return none, err
	}
	search, err := query.Experiments(t.db.Dialect(), parsed, q, experimentColumns)
	if err != nil {
		return none, err
	}
	var found []core.Experiment
	var ids []int64
	at := map[int64]int{}
	var e core.Experiment
	var id int64
	next, err := page[core.Experiment]{
		query: parsed, search: search,
		begin:  func() { found, ids = nil, nil },
		fields: func() []any { return experimentFields(&e, &id) },
		row: func() error {
			e.ID, e.Tags = experimentID(id), map[string]string{}
			at[id] = len(found)
			ids, found = append(ids, id), append(found, e)
			return nil
		},
		rest: func(b *sqldb.Batch) bool {
			b.Query(sqldb.Each(func(rows sqldb.Rows) error {
				var id int64
				var key, value string
				if err := rows.Scan(&id, &key, &value); err != nil {
					return err
				}
				found[at[id]].Tags[key] = value
				return nil
			}), "SELECT experiment_id, key, COALESCE(value, '') FROM experiment_tags WHERE "+
				t.db.Dialect().In("experiment_id", 1), ids)
			return len(ids) > 0
		},
	}.read(ctx, t.db)
	return core.Page[core.Experiment]{Items: found, Next: next}, err
}

// SearchRuns returns a page of the runs that match in the experiments.
func (t *Tracking) SearchRuns(ctx context.Context, q core.RunQuery) (_ core.Page[core.Run], err error) {
	defer named(&err, "search runs", q.Filter)
	none := core.Page[core.Run]{}
	if err := t.read(ctx); err != nil {
		return none, err
	}
	parsed, err := filter.Runs(q, t.limits)
	if err != nil {
		return none, err
	}
	if t.db.Dialect() == sqldb.Postgres && q.Fields != core.RunInfoOnly {
		return t.searchRunIDs(ctx, parsed, q)
	}
	search, err := query.Runs(t.db.Dialect(), parsed, q, runColumns)
	if err != nil {
		return none, err
	}
	var found runs
	var row runRow
	next, err := page[core.Run]{
		query: parsed, search: search, begin: func() { found = runs{} }, fields: row.fields,
		row: func() error {
			info, err := row.info()
			found.add(info)
			return err
		},
		rest: func(b *sqldb.Batch) bool {
			if q.Fields == core.RunInfoOnly || len(found.list) == 0 {
				return false
			}
			found.fetch(b, t.db.Dialect())
			return true
		},
	}.read(ctx, t.db)
	if q.Fields == core.RunInfoOnly {
		for i := range found.list {
			found.list[i].RunData = core.RunData{}
		}
	}
	return core.Page[core.Run]{Items: found.list, Next: next}, err
}

// searchRunIDs reads a page of runs of which the search finds the ids alone. Their rows come with their data, by statements
// that are planned once: Postgres plans the search itself each time, which takes it longer the more tables that reads.
func (t *Tracking) searchRunIDs(
	ctx context.Context, parsed *filter.Query[core.Run], q core.RunQuery,
) (core.Page[core.Run], error) {
	search, err := query.RunIDs(t.db.Dialect(), parsed, q)
	if err != nil {
		return core.Page[core.Run]{}, err
	}
	var found runs
	var id string
	next, err := page[core.Run]{
		query: parsed, search: search, begin: func() { found = runs{} }, fields: func() []any { return []any{&id} },
		row: func() error { found.add(core.RunInfo{ID: core.RunID(id)}); return nil },
		rest: func(b *sqldb.Batch) bool {
			found.fetchInfo(b, t.db.Dialect())
			found.fetch(b, t.db.Dialect())
			return len(found.list) > 0
		},
	}.read(ctx, t.db)
	return core.Page[core.Run]{Items: found.list, Next: next}, err
}

// SearchLoggedModels returns a page of the models that match.
func (t *Tracking) SearchLoggedModels(
	ctx context.Context, q core.LoggedModelQuery,
) (_ core.Page[core.LoggedModel], err error) {
	defer named(&err, "search logged models", q.Filter)
	none := core.Page[core.LoggedModel]{}
	if err := t.read(ctx); err != nil {
		return none, err
	}
	parsed, err := filter.LoggedModels(q, t.limits)
	if err != nil {
		return none, err
	}
	search, err := query.LoggedModels(t.db.Dialect(), parsed, q, loggedColumns)
	if err != nil {
		return none, err
	}
	var found loggedModels
	var row loggedRow
	next, err := page[core.LoggedModel]{
		query: parsed, search: search, begin: func() { found = loggedModels{} }, fields: row.fields,
		row: func() error { found.add(row.model()); return nil },
		rest: func(b *sqldb.Batch) bool {
			found.fetch(b, t.db.Dialect())
			return len(found.list) > 0
		},
	}.read(ctx, t.db)
	return core.Page[core.LoggedModel]{Items: found.list, Next: next}, err
}
