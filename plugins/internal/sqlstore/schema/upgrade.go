package schema

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// UpgradeOptions are those of Upgrade. The zero value upgrades to the revision Head.
type UpgradeOptions struct {
	DryRun bool       // change nothing
	To     string     // the last revision to lead to; empty is Head
	Step   func(Step) // told of every step before it is done; may be nil
}

// Step is one step of an upgrade.
type Step struct {
	Number, Of int // from 1
	Revision   string
	Statements []string // and comments on what the step does besides, which no SQL can
}

// Upgrade brings a database forward to the revision Head, every step in a transaction of its own, so that a step that fails
// leaves the database at the revision before. An empty database and a current one stay as they are.
//
// A database of SQLite must have been opened without foreign keys, since a table that is built anew would take with it
// what refers to it.
func Upgrade(ctx context.Context, db sqldb.DB, o UpgradeOptions) (Status, error) {
	s, err := Read(ctx, db)
	if err != nil || s.State == core.SchemaEmpty {
		return s, err
	}
	left, err := stepsLeft(db.Dialect(), s.Revision, o.To)
	if err != nil {
		return s, err
	}
	if err := foreignKeysOff(ctx, db); err != nil && !o.DryRun {
		return s, err
	}
	before := s.Revision
	for i, next := range left {
		if o.Step != nil {
			o.Step(Step{Number: i + 1, Of: len(left), Revision: next.revision, Statements: next.shown()})
		}
		if o.DryRun {
			continue
		}
		if err := next.apply(ctx, db, before); err != nil {
			return s, core.Do("upgrade to revision "+next.revision, "schema", err)
		}
		before = next.revision
	}
	return Read(ctx, db)
}

// stepsLeft are the steps from one revision to another one; an empty one is Head.
func stepsLeft(d sqldb.Dialect, from, to string) ([]step, error) {
	if known(from) < 0 {
		return nil, core.State("schema", "the database has MLflow's schema of revision %s, which we cannot upgrade", from)
	}
	all, err := steps(d)
	if err != nil || to == "" {
		return all[min(known(from), len(all)):], err
	}
	last := known(to)
	if last < 0 {
		return nil, core.Invalid("revision", "the revision %s is none that we know", to)
	}
	return all[min(known(from), last):last], nil
}

// apply does the step in one transaction, unless another process has done it meanwhile.
func (s step) apply(ctx context.Context, db sqldb.DB, before string) error {
	return db.Write(ctx, func(tx sqldb.Tx) error {
		if err := exclusive(ctx, tx, db.Dialect()); err != nil {
			return err
		}
		now, err := revisions(ctx, tx)
		if err != nil {
			return err
		}
		switch {
		case len(now) != 1 || known(now[0]) < 0:
			return core.Errorf(core.Aborted, "another program has changed the revision meanwhile: %v", now)
		case known(now[0]) >= known(s.revision):
			return nil // another process was faster
		case now[0] != before:
			return core.Errorf(core.Aborted, "another program has changed the revision meanwhile to %s", now[0])
		}
		if err := together(ctx, tx, db.Dialect()); err != nil {
			return err
		}
		if err := s.run(ctx, tx, db.Dialect()); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE alembic_version SET version_num = $1", s.revision)
		return err
	})
}

// foreignKeysOff refuses a database of SQLite that checks foreign keys.
func foreignKeysOff(ctx context.Context, db sqldb.DB) error {
	if db.Dialect() != sqldb.SQLite {
		return nil
	}
	var on int
	b := &sqldb.Batch{}
	b.Query(sqldb.One(new(bool), &on), "PRAGMA foreign_keys")
	if err := db.Fetch(ctx, b); err != nil {
		return err
	}
	if on != 0 {
		return core.Errorf(core.Internal, "the database was opened with foreign keys, which an upgrade must not have")
	}
	return nil
}
