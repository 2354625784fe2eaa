package schema

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// Status is what a database is.
type Status struct {
	State    core.SchemaState
	Revision string   // MLflow's; empty where the database has none
	Steps    []string // the revisions that Upgrade would lead through
	Problems []string // why the database is refused
}

// Read tells what a database is. It changes nothing.
func Read(ctx context.Context, db sqldb.DB) (Status, error) {
	var s Status
	err := db.Read(ctx, func(tx sqldb.Tx) error {
		var err error
		s, err = readStatus(ctx, tx, db.Dialect())
		return err
	})
	return s, err
}

func readStatus(ctx context.Context, tx sqldb.Tx, d sqldb.Dialect) (Status, error) {
	found, err := catalogue(ctx, tx, d)
	if err != nil {
		return Status{}, err
	}
	if _, versioned := found["alembic_version"]; !versioned {
		return unversioned(found), nil
	}
	revisions, err := revisions(ctx, tx)
	if err != nil {
		return Status{}, err
	}
	if len(revisions) != 1 {
		return Status{State: core.SchemaRefused, Problems: []string{
			fmt.Sprintf("the table alembic_version holds %d revisions, it must hold one", len(revisions)),
		}}, nil
	}
	s := Status{Revision: revisions[0]}
	at := known(s.Revision)
	if at >= 0 {
		s.Steps = Revisions()[at+1:]
	}
	if at >= 0 && at < known(usable) {
		s.State = core.SchemaOld
		return s, nil
	}
	expected, err := headTables(d)
	if err != nil {
		return Status{}, err
	}
	s.Problems = problems(expected, found)
	switch {
	case len(s.Problems) > 0:
		s.State = core.SchemaRefused
	case s.Revision == Head():
		s.State = core.SchemaCurrent
	default:
		s.State = core.SchemaUsable
	}
	return s, nil
}

// unversioned is the status of a database without alembic_version. Tables of other programs do not matter.
func unversioned(found tables) Status {
	var taken []string
	for _, table := range usedTables() {
		if _, has := found[table]; has {
			taken = append(taken, table)
		}
	}
	if len(taken) == 0 {
		return Status{State: core.SchemaEmpty}
	}
	return Status{State: core.SchemaRefused, Problems: []string{
		"it has tables of MLflow's names, " + strings.Join(taken, ", ") + ", and no table alembic_version that tells their " +
			"revision",
	}}
}

func revisions(ctx context.Context, tx sqldb.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, "SELECT version_num FROM alembic_version")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var revision string
		if err := rows.Scan(&revision); err != nil {
			return nil, err
		}
		all = append(all, revision)
	}
	return all, rows.Err()
}

// problems are what keeps the stores from using what was found: a table or column that is missing or has another type, and
// in tables that the stores write an unknown column that wants a value.
func problems(expected, found tables) []string {
	var all []string
	for _, table := range usedTables() {
		columns, has := found[table]
		if !has {
			all = append(all, "the table "+table+" is missing")
			continue
		}
		for _, want := range expected[table] {
			i := slices.IndexFunc(columns, func(c column) bool { return c.name == want.name })
			switch {
			case i < 0:
				all = append(all, fmt.Sprintf("the column %s.%s is missing", table, want.name))
			case columns[i].kind != want.kind:
				all = append(all, fmt.Sprintf("the column %s.%s holds %s instead of %s", table, want.name, columns[i].kind, want.kind))
			}
		}
		for _, c := range columns {
			isNew := !slices.ContainsFunc(expected[table], func(e column) bool { return e.name == c.name })
			if isNew && c.required {
				all = append(all, fmt.Sprintf("the column %s.%s is new and wants a value", table, c.name))
			}
		}
	}
	return all
}

// Err is nil for a database that the stores can use as it is, and else says what to do.
func (s Status) Err() error {
	switch s.State {
	case core.SchemaCurrent, core.SchemaUsable:
		return nil
	case core.SchemaEmpty:
		return core.State("schema", "the database is empty: it has no tables of MLflow's")
	case core.SchemaOld:
		return core.State("schema", "the database has MLflow's schema of revision %s, which is too old to be used: make a "+
			"backup and run mlstore db upgrade", s.Revision)
	case core.SchemaRefused:
	}
	cause := "the database"
	if s.Revision != "" {
		cause = fmt.Sprintf("the database has MLflow's schema of revision %s, which we do not know, and", s.Revision)
	}
	if at := known(s.Revision); at >= 0 {
		cause = fmt.Sprintf("the database says that it has MLflow's schema of revision %s, but", s.Revision)
	}
	return core.State("schema", "%s cannot be used: %s. If MLflow has upgraded it, use a newer mlstore; if it is older than "+
		"MLflow 1.30, let MLflow upgrade it first: mlflow db upgrade", cause, strings.Join(s.Problems, "; "))
}

// Ensure makes the schema in an empty database, and returns an error that says what to do when the database cannot be used.
// Several processes may call it at once.
func Ensure(ctx context.Context, db sqldb.DB) error {
	s, err := Read(ctx, db)
	if err != nil {
		return err
	}
	if s.State != core.SchemaEmpty {
		return s.Err()
	}
	err = db.Write(ctx, func(tx sqldb.Tx) error {
		if err := exclusive(ctx, tx, db.Dialect()); err != nil {
			return err
		}
		now, err := readStatus(ctx, tx, db.Dialect())
		if err != nil {
			return err
		}
		if now.State != core.SchemaEmpty {
			return now.Err()
		}
		return Create(ctx, tx, db.Dialect())
	})
	if err == nil {
		return nil
	}
	// Under serializable isolation a transaction that waited for another one to create the schema does not see it.
	if s, readErr := Read(ctx, db); readErr == nil && s.State == core.SchemaCurrent {
		return nil
	}
	return err
}
