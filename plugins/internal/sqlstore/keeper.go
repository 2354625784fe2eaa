package sqlstore

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// SchemaOption is the option of a request that opens a database for the sake of its schema: with the value KeepSchema, the
// store is a core.SchemaKeeper and nothing else. On SQLite the database must then be opened without foreign keys.
const (
	SchemaOption = "schema"
	KeepSchema   = "keep"
)

// KeepsSchema reads the option.
func KeepsSchema(settings map[string]string) (bool, error) {
	switch value := settings[SchemaOption]; value {
	case "":
		return false, nil
	case KeepSchema:
		return true, nil
	default:
		return false, core.Invalid(SchemaOption, "the option schema is %q: it must be keep, or left out", value)
	}
}

// Keep makes the store of a database that was opened for the sake of its schema. It closes db.
func Keep(db sqldb.DB, o Options) core.Backend {
	return core.Backend{Tracking: &keeper{handle: newHandle(db, o)}}
}

// keeper is a store that keeps the schema of its database, and refuses everything else.
type keeper struct{ handle }

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

// refused is the error of every other call.
func (k *keeper) refused() error {
	return core.State(SchemaOption, "the database was opened to keep its schema; open it without the option schema")
}

// CreateExperiment is refused, as all that follow.
func (k *keeper) CreateExperiment(context.Context, core.ExperimentSpec) (core.Experiment, error) {
	return core.Experiment{}, k.refused()
}

// Experiment is refused.
func (k *keeper) Experiment(context.Context, core.ExperimentRef) (core.Experiment, error) {
	return core.Experiment{}, k.refused()
}

// UpdateExperiment is refused.
func (k *keeper) UpdateExperiment(context.Context, core.ExperimentID, core.ExperimentChange) error {
	return k.refused()
}

// ChangeExperimentTags is refused.
func (k *keeper) ChangeExperimentTags(context.Context, core.ExperimentID, core.TagChange) error {
	return k.refused()
}

// SearchExperiments is refused.
func (k *keeper) SearchExperiments(context.Context, core.ExperimentQuery) (core.Page[core.Experiment], error) {
	return core.Page[core.Experiment]{}, k.refused()
}

// CreateRun is refused.
func (k *keeper) CreateRun(context.Context, core.ExperimentID, core.RunSpec) (core.Run, error) {
	return core.Run{}, k.refused()
}

// Run is refused.
func (k *keeper) Run(context.Context, core.RunID) (core.Run, error) { return core.Run{}, k.refused() }

// UpdateRun is refused.
func (k *keeper) UpdateRun(context.Context, core.RunID, core.RunChange) (core.RunInfo, error) {
	return core.RunInfo{}, k.refused()
}

// ChangeRunTags is refused.
func (k *keeper) ChangeRunTags(context.Context, core.RunID, core.TagChange) error { return k.refused() }

// SearchRuns is refused.
func (k *keeper) SearchRuns(context.Context, core.RunQuery) (core.Page[core.Run], error) {
	return core.Page[core.Run]{}, k.refused()
}

// LogBatch is refused.
func (k *keeper) LogBatch(context.Context, core.RunID, core.Batch) error { return k.refused() }

// MetricHistory is refused.
func (k *keeper) MetricHistory(context.Context, core.RunID, string, core.HistoryOptions) (core.Page[core.Metric], error) {
	return core.Page[core.Metric]{}, k.refused()
}
