package schema

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// Index is an index that MLflow's schema lacks and our speed needs. MLflow ignores it.
type Index struct {
	Name    string
	Table   string
	Columns []string
	Where   string // which rows it has; empty is all
	Unique  bool   // the rows differ in Columns anyway, and SQLite has to be told
	Why     string
}

// prefix begins the names of our indexes, so that nobody else's are ever removed.
const prefix = "mlstore_"

// Indexes are the extra indexes of a database. Databases that we created have them, others get them by Optimize.
func Indexes(d sqldb.Dialect) []Index {
	indexes := []Index{
		{
			Name: prefix + "runs_experiment", Table: "runs",
			// The expression is that of the searches, so that the index gives them runs in order; with start_time beside it
			// Postgres need not look at the rows.
			Columns: []string{
				"experiment_id", "lifecycle_stage", "COALESCE(start_time, 0) DESC", "run_uuid" + bytewise, "start_time",
			},
			Why: "the runs of an experiment, the newest first",
		},
		{
			Name: prefix + "latest_metrics_value", Table: "latest_metrics",
			Columns: []string{"run_uuid", "key", "is_nan", "value"},
			Why:     "searches and orders by the latest value of a metric",
		},
		{
			Name: prefix + "latest_metrics_order", Table: "latest_metrics",
			Columns: []string{"key", "value DESC", "run_uuid", "is_nan"},
			Why:     "the best runs of many by the latest value of a metric",
		},
		{
			Name: prefix + "params_value", Table: "params", Columns: []string{"key", "value", "run_uuid"}, Where: ShortValue("value"),
			// SQLite prefers the primary key, which has no values, unless this finds one row too.
			Unique: d == sqldb.SQLite,
			Why:    "the runs that have one value of a param",
		},
		{
			Name: prefix + "logged_models_experiment", Table: "logged_models",
			Columns: []string{"experiment_id", "lifecycle_stage", "creation_timestamp_ms DESC", "model_id"},
			Why:     "the logged models of an experiment, the newest first",
		},
		{
			Name: prefix + "logged_model_metrics_run", Table: "logged_model_metrics", Columns: []string{"run_id"},
			Why: "removing a run for good",
		},
	}
	if d == sqldb.Postgres { // SQLite sorts a history faster than it would keep one more index
		indexes = append(indexes, Index{
			Name: prefix + "metrics_history", Table: "metrics",
			// All columns, in the order of a history, so that Postgres need not look at the rows.
			Columns: []string{"run_uuid", "key", "timestamp", "step", "is_nan DESC", "value"},
			Why:     "a page of a history without sorting all of it",
		})
	}
	return indexes
}

// MostShort is up to how many characters a value is short.
const MostShort = 250

// ShortValue is the condition that an expression is a short value: Postgres indexes nothing of more than 2704 bytes. An index
// of short values serves searches that repeat its condition word by word. Postgres expects two thirds of the rows to meet
// this one, and only a third to meet "length(value) <= 250".
func ShortValue(expr string) string {
	return "(length(" + expr + ") > " + strconv.Itoa(MostShort) + ") IS NOT TRUE"
}

// bytewise sorts text by its bytes, as searches do, whatever the collation of a Postgres database.
const bytewise = ` COLLATE "C"`

func (i Index) create(d sqldb.Dialect) string {
	sql := "CREATE INDEX "
	if i.Unique {
		sql = "CREATE UNIQUE INDEX "
	}
	sql += i.Name + " ON " + i.Table + " (" + strings.Join(i.Columns, ", ") + ")"
	if i.Where != "" {
		sql += " WHERE " + i.Where
	}
	if d == sqldb.SQLite { // it does anyway
		sql = strings.ReplaceAll(sql, bytewise, "")
	}
	return sql
}

// is reports whether a statement, as the database has it, creates this index.
func (i Index) is(definition string, d sqldb.Dialect) bool {
	return columnsOf(definition) == columnsOf(i.create(d))
}

// columnsOf is what a statement says from its columns on, without what a database adds when it shows it: quotes, types,
// brackets, the order that is meant anyway.
func columnsOf(definition string) string {
	_, columns, _ := strings.Cut(strings.ToLower(definition), "(")
	columns = typed().ReplaceAllString(columns, "")
	return strings.NewReplacer(`"`, "", " asc", "", " ", "", "\n", "", "(", "", ")", "").Replace(columns)
}

// typed is the type of a number or text: the end of (0)::bigint.
func typed() *regexp.Regexp { return regexp.MustCompile(`::[a-z0-9]+`) }

func (i Index) drop() string { return "DROP INDEX " + i.Name }
