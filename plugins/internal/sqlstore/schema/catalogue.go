package schema

import (
	"context"
	"regexp"
	"strings"

	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// A kind is what the values of a column are, whatever the database calls their type.
type kind string

const (
	text    kind = "text"
	integer kind = "integer"
	float   kind = "float"
	boolean kind = "boolean"
	other   kind = "another type"
)

// A column is one column of a table.
type column struct {
	name     string
	kind     kind
	required bool // not nullable, and without a default
}

// tables are the columns of the tables of a database.
type tables map[string][]column

// usedTables are the tables that the stores read and write.
func usedTables() []string {
	return []string{
		"experiments", "experiment_tags", "runs", "metrics", "latest_metrics", "params", "tags", "datasets", "inputs",
		"input_tags", "logged_models", "logged_model_metrics", "logged_model_params", "logged_model_tags",
		"registered_models", "registered_model_tags", "registered_model_aliases", "model_versions", "model_version_tags",
	}
}

// catalogue reads the tables that statements find: in Postgres those of every schema of the search path, the first one of
// each name, which need not be in the schema where a new table would go.
func catalogue(ctx context.Context, tx sqldb.Tx, d sqldb.Dialect) (tables, error) {
	found := tables{}
	rows, err := tx.Query(ctx, catalogueSQL(d))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var table, name, kind string
		var required bool
		if err := rows.Scan(&table, &name, &kind, &required); err != nil {
			return nil, err
		}
		found[table] = append(found[table], column{name: name, kind: kindOf(kind), required: required})
	}
	return found, rows.Err()
}

func catalogueSQL(d sqldb.Dialect) string {
	if d == sqldb.Postgres {
		return `SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL),
	a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND a.attgenerated = ''
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND c.relnamespace <> 'pg_catalog'::regnamespace AND pg_table_is_visible(c.oid)
ORDER BY c.relname, a.attnum`
	}
	return `SELECT m.name, t.name, t.type, t."notnull" AND t.dflt_value IS NULL
FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS t
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, t.cid`
}

// kindOf reads the name of a type, in either dialect.
func kindOf(name string) kind {
	name = strings.ToLower(name)
	for _, k := range []struct {
		kind  kind
		words []string
	}{
		{text, []string{"char", "text"}},
		{integer, []string{"int", "serial"}},
		{float, []string{"float", "double", "real"}},
		{boolean, []string{"bool"}},
	} {
		for _, word := range k.words {
			if strings.Contains(name, word) {
				return k.kind
			}
		}
	}
	return other
}

// headTables are the tables of the revision Head.
func headTables(d sqldb.Dialect) (tables, error) {
	statements, err := read(d, "head.sql")
	if err != nil {
		return nil, err
	}
	// What makes a table and, in it, a column.
	createdTable := regexp.MustCompile(`^CREATE TABLE (\w+) \(\n`)
	createdColumn := regexp.MustCompile(`(?m)^  "?([a-z]\w*)"? ([A-Z]+)`)
	found := tables{}
	for _, sql := range statements {
		table := createdTable.FindStringSubmatch(sql)
		if table == nil {
			continue
		}
		for _, c := range createdColumn.FindAllStringSubmatch(sql, -1) {
			found[table[1]] = append(found[table[1]], column{name: c[1], kind: kindOf(c[2])})
		}
	}
	return found, nil
}
