package schema

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// Check looks for indexes that are missing and for rows that belong to nothing: what a foreign key would not allow, and
// what MLflow leaves behind where it has no foreign key. It reads every table once.
func Check(ctx context.Context, db sqldb.DB) ([]core.SchemaFinding, error) {
	s, err := Read(ctx, db)
	if err == nil {
		err = s.Err()
	}
	if err != nil {
		return nil, err
	}
	var findings []core.SchemaFinding
	err = db.Read(ctx, func(tx sqldb.Tx) error {
		findings = nil
		missing, err := missingIndexes(ctx, tx, db.Dialect())
		if err != nil {
			return err
		}
		orphans, err := orphanRows(ctx, tx)
		findings = slices.Concat(missing, orphans)
		return err
	})
	return findings, err
}

func missingIndexes(ctx context.Context, tx sqldb.Tx, d sqldb.Dialect) ([]core.SchemaFinding, error) {
	present, err := definitions(ctx, tx, d)
	if err != nil {
		return nil, err
	}
	var findings []core.SchemaFinding
	theirs, err := indexesOfMLflow(d)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		if _, there := present[name]; !there {
			findings = append(findings, core.SchemaFinding{
				Text: "MLflow's index " + name + " is missing", Fix: "run this on the database: " + theirs[name],
			})
		}
	}
	for _, index := range Indexes(d) {
		definition, there := present[index.Name]
		problem := "is missing"
		switch {
		case there && index.is(definition, d):
			continue
		case there:
			problem = "is another one than it should be"
		}
		findings = append(findings, core.SchemaFinding{
			Table: index.Table, Text: "the index " + index.Name + " " + problem + ": " + index.Why, Fix: "run mlstore db optimize",
		})
	}
	return findings, nil
}

// A reference is a column, or several, that must name a row of another table.
type reference struct {
	table, columns string // of the row that refers
	to, key        string
	where          string // which rows refer; empty is all
}

func references() []reference {
	const model = "workspace, name"
	var all []reference
	for _, table := range []string{"metrics", "latest_metrics", "params", "tags"} {
		all = append(all, reference{table: table, columns: "run_uuid", to: "runs", key: "run_uuid"})
	}
	for _, table := range []string{"experiment_tags", "runs", "datasets", "logged_models"} {
		all = append(all, reference{table: table, columns: "experiment_id", to: "experiments", key: "experiment_id"})
	}
	for _, table := range []string{"logged_model_metrics", "logged_model_params", "logged_model_tags"} {
		all = append(all, reference{table: table, columns: "model_id", to: "logged_models", key: "model_id"})
	}
	return append(all,
		reference{table: "inputs", columns: "destination_id", to: "runs", key: "run_uuid", where: "r.destination_type = 'RUN'"},
		reference{table: "inputs", columns: "source_id", to: "datasets", key: "dataset_uuid", where: "r.source_type = 'DATASET'"},
		reference{table: "input_tags", columns: "input_uuid", to: "inputs", key: "input_uuid"},
		reference{table: "registered_model_tags", columns: model, to: "registered_models", key: model},
		reference{table: "registered_model_aliases", columns: model, to: "registered_models", key: model},
		reference{table: "model_versions", columns: model, to: "registered_models", key: model},
		reference{
			table: "model_version_tags", columns: model + ", version", to: "model_versions", key: model + ", version",
		},
	)
}

func (r reference) sql() string {
	where := r.where
	if where != "" {
		where += " AND "
	}
	return fmt.Sprintf("SELECT count(*) FROM %s AS r WHERE %s(%s) NOT IN (SELECT %s FROM %s WHERE %s IS NOT NULL)",
		r.table, where, r.columns, r.key, r.to, lastOf(r.key))
}

// lastOf is the last of several columns.
func lastOf(columns string) string {
	var last string
	for i := len(columns) - 1; i >= 0 && columns[i] != ' '; i-- {
		last = columns[i:]
	}
	return last
}

func orphanRows(ctx context.Context, tx sqldb.Tx) ([]core.SchemaFinding, error) {
	all := references()
	counts := make([]int64, len(all))
	b := &sqldb.Batch{}
	for i, r := range all {
		b.Query(sqldb.One(new(bool), &counts[i]), r.sql())
	}
	if err := tx.Do(ctx, b); err != nil {
		return nil, err
	}
	var findings []core.SchemaFinding
	for i, r := range all {
		if counts[i] > 0 {
			findings = append(findings, core.SchemaFinding{
				Table: r.table, Rows: counts[i], Severe: true,
				Text: fmt.Sprintf("%d rows of %s belong to nothing: no row of %s has their %s", counts[i], r.table, r.to, r.columns),
			})
		}
	}
	return findings, nil
}
