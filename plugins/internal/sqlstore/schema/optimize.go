package schema

import (
	"context"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// IndexState is one of Indexes and whether the database has it.
type IndexState struct {
	Index

	Present bool
	Other   bool // the database has another index of this name, such as one of an earlier release
}

// ReadIndexes lists the extra indexes.
func ReadIndexes(ctx context.Context, db sqldb.DB) ([]IndexState, error) {
	var states []IndexState
	err := db.Read(ctx, func(tx sqldb.Tx) error {
		var err error
		states, err = indexStates(ctx, tx, db.Dialect())
		return err
	})
	return states, err
}

func indexStates(ctx context.Context, tx sqldb.Tx, d sqldb.Dialect) ([]IndexState, error) {
	present, err := definitions(ctx, tx, d)
	if err != nil {
		return nil, err
	}
	var states []IndexState
	for _, index := range Indexes(d) {
		definition, there := present[index.Name]
		same := index.is(definition, d)
		states = append(states, IndexState{Index: index, Present: there && same, Other: there && !same})
	}
	return states, nil
}

// definitions are the statements of all indexes that were created by one, by name.
func definitions(ctx context.Context, tx sqldb.Tx, d sqldb.Dialect) (map[string]string, error) {
	sql := "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
	if d == sqldb.Postgres {
		sql = "SELECT relname::text, pg_get_indexdef(oid) FROM pg_catalog.pg_class WHERE relkind IN ('i', 'I') AND " +
			"relnamespace <> 'pg_catalog'::regnamespace AND pg_table_is_visible(oid)"
	}
	rows, err := tx.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]string{}
	for rows.Next() {
		var name, definition string
		if err := rows.Scan(&name, &definition); err != nil {
			return nil, err
		}
		all[name] = definition
	}
	return all, rows.Err()
}

// Optimize creates the extra indexes that are missing or not as they should be, or removes those that are there. Then the
// database gathers statistics for its planner, and Postgres also notes which pages all transactions see, without which it
// looks at the rows that an index leads to. Optimize returns the statements that it ran, or would run. While it creates an
// index, the database takes no changes of that table.
func Optimize(ctx context.Context, db sqldb.DB, o core.OptimizeOptions) ([]string, error) {
	s, err := Read(ctx, db)
	if err == nil {
		err = s.Err()
	}
	if err != nil {
		return nil, err
	}
	var statements []string
	var last string // gathers statistics
	plan := func(tx sqldb.Tx) error {
		states, err := indexStates(ctx, tx, db.Dialect())
		if err != nil {
			return err
		}
		statements = nil
		for _, index := range states {
			if index.Other || o.Remove && index.Present {
				statements = append(statements, index.drop())
			}
			if !o.Remove && !index.Present {
				statements = append(statements, index.create(db.Dialect()))
			}
		}
		last, err = gathering(ctx, tx, db.Dialect())
		return err
	}
	if o.DryRun {
		err := db.Read(ctx, plan)
		return append(statements, last), err
	}
	err = db.Write(ctx, func(tx sqldb.Tx) error {
		if err := exclusive(ctx, tx, db.Dialect()); err != nil {
			return err
		}
		if err := plan(tx); err != nil {
			return err
		}
		return run(ctx, tx, statements)
	})
	if err == nil {
		var b sqldb.Batch
		b.Exec(last)
		statements, err = append(statements, last), db.Apply(ctx, &b)
	}
	return statements, core.Do("optimize", "", err)
}

// gathering is the statement that gathers statistics. The one of Postgres runs outside of transactions, and other servers
// that speak its protocol know none like it.
func gathering(ctx context.Context, tx sqldb.Tx, d sqldb.Dialect) (string, error) {
	const analyze = "ANALYZE"
	if d != sqldb.Postgres {
		return analyze, nil
	}
	var found, vacuums bool
	var b sqldb.Batch
	b.Query(sqldb.One(&found, &vacuums), "SELECT version() LIKE 'PostgreSQL %'")
	if err := tx.Do(ctx, &b); err != nil || !vacuums {
		return analyze, err
	}
	return "VACUUM (ANALYZE)", nil
}

// indexesOfMLflow are the names of the indexes that the revision Head has on the tables that the stores use.
func indexesOfMLflow(d sqldb.Dialect) (map[string]string, error) {
	statements, err := read(d, "head.sql")
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for _, table := range usedTables() {
		used[table] = true
	}
	names := map[string]string{}
	for _, sql := range statements {
		rest, isIndex := strings.CutPrefix(strings.Replace(sql, "CREATE UNIQUE INDEX", "CREATE INDEX", 1), "CREATE INDEX ")
		if words := strings.Fields(rest); isIndex && used[words[2]] { // name ON table
			names[words[0]] = sql
		}
	}
	return names, nil
}
