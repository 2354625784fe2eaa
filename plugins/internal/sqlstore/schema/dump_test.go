package schema_test

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/internal/testenv"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/litedb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/pgdb"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// A place is a database as it is named to MLflow and to us.
type place struct {
	dialect sqldb.Dialect
	path    string // of SQLite's file
	url     string // of Postgres' database
}

// newPlace is that of an empty database.
func newPlace(t *testing.T, d sqldb.Dialect) place {
	t.Helper()
	if d == sqldb.Postgres {
		return place{dialect: d, url: testenv.Postgres(t)}
	}
	return place{dialect: d, path: filepath.Join(t.TempDir(), "mlflow.db")}
}

// uri is how MLflow names the database. Without a driver, SQLAlchemy 2.1 would look for another one than we installed.
func (p place) uri() string {
	if p.dialect == sqldb.Postgres {
		return strings.Replace(p.url, "postgresql://", "postgresql+psycopg2://", 1)
	}
	return "sqlite:///" + p.path
}

// open opens the database as an upgrade does, until the test ends or the function is called.
func (p place) open(t *testing.T) (sqldb.DB, func()) {
	t.Helper()
	var db sqldb.DB
	var err error
	if p.dialect == sqldb.Postgres {
		db, err = pgdb.Open(t.Context(), pgdb.Config{URI: p.url})
	} else {
		db, err = litedb.Open(t.Context(), litedb.Options{Path: p.path, NoForeignKeys: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	stop := func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	}
	t.Cleanup(stop)
	return db, stop
}

func dialects() []sqldb.Dialect { return []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} }

// describe writes the whole catalogue of a database: tables, columns, types, nullability, defaults, keys, checks, indexes
// and triggers, by name. Extra indexes of ours are left out.
func describe(t *testing.T, db sqldb.DB) []string {
	t.Helper()
	queries := sqliteCatalogue
	if db.Dialect() == sqldb.Postgres {
		queries = postgresCatalogue
	}
	var all []string
	for _, sql := range queries {
		for _, line := range rowsOf(t, db, sql) {
			if !strings.Contains(line, "mlstore_") {
				all = append(all, normal(line))
			}
		}
	}
	slices.Sort(all)
	return all
}

// normal drops what is only a way of writing: quotes and spaces, and the names that SQLite makes up.
func normal(line string) string {
	line = strings.NewReplacer(`"`, "", "\n", " ", "\t", " ").Replace(line)
	line = regexp.MustCompile(`\s+`).ReplaceAllString(line, " ")
	line = strings.NewReplacer("( ", "(", " )", ")", " ,", ",").Replace(line)
	return regexp.MustCompile(`sqlite_autoindex_(\w+)_\d+`).ReplaceAllString(line, "autoindex $1")
}

// The tables of SQLite's catalogue that hold no text of statements come first; from the text itself come the checks.
var sqliteCatalogue = []string{
	`SELECT 'column ' || m.name || ' ' || t.cid || ' ' || t.name || ' ' || t.type || ' notnull ' || t."notnull" || ' default ' ||
		coalesce(t.dflt_value, '-') || ' key ' || t.pk || ' hidden ' || t.hidden
	FROM sqlite_master m JOIN pragma_table_xinfo(m.name) t WHERE m.type = 'table'`,
	`SELECT 'key ' || m.name || ' ' || f."from" || ' to ' || f."table" || '.' || f."to" || ' ' || f.seq || ' ' || f.on_update || ' ' ||
		f.on_delete FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`,
	`SELECT 'index ' || m.name || ' ' || i.name || ' unique ' || i."unique" || ' ' || i.origin || ' ' || x.seqno || ' ' ||
		coalesce(x.name, '-') || ' desc ' || x.desc
	FROM sqlite_master m JOIN pragma_index_list(m.name) i JOIN pragma_index_xinfo(i.name) x WHERE m.type = 'table'`,
	`SELECT 'trigger ' || name || ' ' || sql FROM sqlite_master WHERE type = 'trigger'`,
	`SELECT 'partial ' || sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'`,
	`WITH RECURSIVE part (name, rest, found) AS (
		SELECT name, sql, '' FROM sqlite_master WHERE type = 'table'
		UNION ALL
		SELECT name, substr(rest, instr(rest, 'CHECK (') + 7), substr(rest, instr(rest, 'CHECK (') + 7,
			instr(substr(rest, instr(rest, 'CHECK (') + 7), '))')) FROM part WHERE instr(rest, 'CHECK (') > 0
	) SELECT 'check ' || name || ' ' || found FROM part WHERE found <> ''`,
	`SELECT 'named ' || name || ' ' || (length(sql) - length(replace(sql, 'CONSTRAINT ', ''))) FROM sqlite_master WHERE type = 'table'`,
}

var postgresCatalogue = []string{
	`SELECT format('column %s %s %s notnull %s default %s identity %s generated %s', c.relname, a.attname,
		format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated)
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
	WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace`,
	`SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
	FROM pg_constraint WHERE connamespace = 'public'::regnamespace`,
	`SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'`,
	`SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal`,
	`SELECT format('function %s %s', proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
	`SELECT format('sequence %s %s %s owned by %s', s.sequencename, s.data_type, s.start_value, d.refobjid::regclass)
	FROM pg_sequences s JOIN pg_depend d ON d.objid = s.sequencename::regclass AND d.deptype IN ('a', 'i')
	WHERE s.schemaname = 'public'`,
}

// rowsOf returns the first column of every row.
func rowsOf(t *testing.T, db sqldb.DB, sql string) []string {
	t.Helper()
	var all []string
	err := db.Read(t.Context(), func(tx sqldb.Tx) error {
		all = nil
		rows, err := tx.Query(t.Context(), sql)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				return err
			}
			all = append(all, line)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	return all
}

// content writes every row of every table.
func content(t *testing.T, db sqldb.DB) []string {
	t.Helper()
	names := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if db.Dialect() == sqldb.Postgres {
		names = `SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`
	}
	var all []string
	for _, table := range rowsOf(t, db, names) {
		row := `row_to_json(x)::text`
		if db.Dialect() == sqldb.SQLite {
			var columns []string
			for _, c := range rowsOf(t, db, fmt.Sprintf(`SELECT name FROM pragma_table_info('%s') ORDER BY name`, table)) {
				columns = append(columns, fmt.Sprintf(`'%s=' || quote("%s")`, c, c))
			}
			row = strings.Join(columns, " || ' ' || ")
		}
		for _, line := range rowsOf(t, db, fmt.Sprintf(`SELECT %s FROM %s AS x`, row, table)) {
			all = append(all, table+" "+line)
		}
	}
	slices.Sort(all)
	return all
}

// exec runs statements.
func exec(t *testing.T, db sqldb.DB, statements ...string) {
	t.Helper()
	err := db.Write(t.Context(), func(tx sqldb.Tx) error {
		for _, sql := range statements {
			if _, err := tx.Exec(context.WithoutCancel(t.Context()), sql); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
