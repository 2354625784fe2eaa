package core

import "context"

// SchemaKeeper is the ability of a TrackingStore that lives in a database with a schema of its own to tell and change what
// schema that is. A store has it when it was opened for that alone, with the option schema=keep: the database may then be
// of any schema, and every other call is ErrState.
type SchemaKeeper interface {
	// SchemaStatus tells which schema the database has, and whether it can be used.
	SchemaStatus(ctx context.Context) (SchemaStatus, error)

	// SchemaSteps returns the steps to the newest schema that the store knows, with the statements of each. It changes
	// nothing. A schema that the store does not know is ErrState.
	SchemaSteps(ctx context.Context) ([]SchemaStep, error)

	// UpgradeSchema does the steps to the revision, each in a transaction of its own. One that the database has already
	// is no error.
	UpgradeSchema(ctx context.Context, revision string) error

	// CheckSchema looks for indexes that are missing and for rows that belong to nothing. It reads the whole database.
	CheckSchema(ctx context.Context) ([]SchemaFinding, error)

	// OptimizeSchema creates the extra indexes that the store's speed needs, or removes them. It returns the statements
	// that it ran, or in a dry run would run.
	OptimizeSchema(ctx context.Context, o OptimizeOptions) ([]string, error)
}

// SchemaState says what a database is to a store.
type SchemaState string

// The states.
const (
	SchemaEmpty   SchemaState = "empty"   // it has no tables yet: opening the store makes them
	SchemaCurrent SchemaState = "current" // the newest schema that the store knows
	SchemaUsable  SchemaState = "usable"  // another one, and it works
	SchemaOld     SchemaState = "old"     // it works after an upgrade
	SchemaRefused SchemaState = "refused" // it cannot be used: Problems says why
)

// SchemaStatus is what SchemaStatus tells.
type SchemaStatus struct {
	State    SchemaState
	Revision string   // of the database; empty where it has none
	Newest   string   // revision that the store knows
	Problems []string // why the database is refused
	Indexes  []SchemaIndex
}

// SchemaIndex is an extra index.
type SchemaIndex struct {
	Name    string
	Table   string
	Why     string
	Present bool
}

// SchemaStep is one step of an upgrade.
type SchemaStep struct {
	Revision   string
	Statements []string
}

// SchemaFinding is something in a database that is not as it should be.
type SchemaFinding struct {
	Table  string
	Text   string
	Fix    string // what mends it; may be empty
	Rows   int64  // how many rows it is about; 0 where it is not about rows
	Severe bool   // something is wrong, and not only slow
}

// OptimizeOptions are those of OptimizeSchema.
type OptimizeOptions struct {
	DryRun bool
	Remove bool // remove the extra indexes instead of creating them
}
