package sqlstore

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// SchemaOption is the option of a request that opens a database for the sake of one schema: with the value KeepSchema, the
// store is a core.SchemaKeeper and nothing else. On SQLite the database must then be opened without foreign keys. With
// AccountsSchema it is core.Accounts and nothing else.
const (
	SchemaOption   = "schema"
	KeepSchema     = "keep"
	AccountsSchema = "accounts"
)

// KeepsSchema reads the option.
func KeepsSchema(settings map[string]string) (bool, error) {
	switch value := settings[SchemaOption]; value {
	case "", AccountsSchema:
		return false, nil
	case KeepSchema:
		return true, nil
	default:
		return false, core.Invalid(SchemaOption, "the option schema is %q: it must be keep or accounts, or left out", value)
	}
}

// Keep makes the store of a database that was opened for the sake of its schema. It closes db.
func Keep(db sqldb.DB, o Options) core.Backend {
	return core.Backend{Tracking: &keeper{newHandle(db, o), Refusing{core.State(SchemaOption,
		"the database was opened to keep its schema; open it without the option schema")}}}
}

// keeper is a store that keeps the schema of its database, and refuses everything else.
type keeper struct {
	handle
	Refusing
}

// Describe says what the store is.
func (k *keeper) Describe(ctx context.Context) (core.Info, error) {
	if err := k.read(ctx); err != nil {
		return core.Info{}, err
	}
	return k.describe(k, core.SearchNative), nil
}

// SchemaStatus tells which schema the database has.
func (k *keeper) SchemaStatus(ctx context.Context) (_ core.SchemaStatus, err error) {
	defer named(&err, "read the schema", "")
	if err := k.read(ctx); err != nil {
		return core.SchemaStatus{}, err
	}
	s, err := schema.Read(ctx, k.db)
	if err != nil {
		return core.SchemaStatus{}, err
	}
	indexes, err := schema.ReadIndexes(ctx, k.db)
	status := core.SchemaStatus{State: s.State, Revision: s.Revision, Newest: schema.Head(), Problems: s.Problems}
	for _, i := range indexes {
		status.Indexes = append(status.Indexes, core.SchemaIndex{Name: i.Name, Table: i.Table, Why: i.Why, Present: i.Present})
	}
	return status, err
}

// SchemaSteps returns the steps to the newest schema.
func (k *keeper) SchemaSteps(ctx context.Context) (_ []core.SchemaStep, err error) {
	defer named(&err, "plan the upgrade", "")
	if err := k.read(ctx); err != nil {
		return nil, err
	}
	var steps []core.SchemaStep
	_, err = schema.Upgrade(ctx, k.db, schema.UpgradeOptions{DryRun: true, Step: func(s schema.Step) {
		steps = append(steps, core.SchemaStep{Revision: s.Revision, Statements: s.Statements})
	}})
	return steps, err
}

// UpgradeSchema does the steps to the revision.
func (k *keeper) UpgradeSchema(ctx context.Context, revision string) (err error) {
	defer named(&err, "upgrade the schema", revision)
	if err := k.change(ctx); err != nil {
		return err
	}
	_, err = schema.Upgrade(ctx, k.db, schema.UpgradeOptions{To: revision})
	return err
}

// CheckSchema looks for indexes that are missing and for rows that belong to nothing.
func (k *keeper) CheckSchema(ctx context.Context) (_ []core.SchemaFinding, err error) {
	defer named(&err, "check the database", "")
	if err := k.read(ctx); err != nil {
		return nil, err
	}
	return schema.Check(ctx, k.db)
}

// OptimizeSchema creates or removes the extra indexes.
func (k *keeper) OptimizeSchema(ctx context.Context, o core.OptimizeOptions) (_ []string, err error) {
	defer named(&err, "optimize the database", "")
	check := k.change
	if o.DryRun {
		check = k.read
	}
	if err := check(ctx); err != nil {
		return nil, err
	}
	return schema.Optimize(ctx, k.db, o)
}
