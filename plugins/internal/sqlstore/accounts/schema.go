package accounts

import (
	"context"
	"embed"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

//go:embed sql
var files embed.FS

const (
	// versions is the table of MLflow that tells the revision of the schema.
	versions = "alembic_version_auth"

	// unversioned is the revision of databases from before MLflow 3.6, which have no such table.
	unversioned = "8606fa83a998"

	// rolesFrom and promptsFrom are the revisions whose steps move rows.
	rolesFrom   = "e5f6a7b8c9d0"
	promptsFrom = "f1a2b3c4d5e6"
)

// oldTables hold permissions that later revisions keep as roles. MLflow leaves them as they are.
func oldTables() []string {
	return []string{
		"experiment_permissions", "registered_model_permissions", "scorer_permissions", "gateway_secret_permissions",
		"gateway_endpoint_permissions", "gateway_model_definition_permissions", "workspace_permissions",
	}
}

// step is one step of the schema.
type step struct {
	revision   string
	statements []string
}

// steps are all steps in order.
func steps(d sqldb.Dialect) ([]step, error) {
	dir := "sql/sqlite"
	if d == sqldb.Postgres {
		dir = "sql/postgres"
	}
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, core.Errorf(core.Internal, "read the schema of accounts: %w", err)
	}
	var all []step
	for _, entry := range entries { // sorted by name, which begins with a number
		content, err := files.ReadFile(path.Join(dir, entry.Name()))
		if err != nil {
			return nil, core.Errorf(core.Internal, "read the schema of accounts: %w", err)
		}
		_, revision, _ := strings.Cut(strings.TrimSuffix(entry.Name(), ".sql"), "_")
		s := step{revision: revision}
		for statement := range strings.SplitSeq(strings.TrimSpace(string(content)), "\n\n") {
			if !strings.HasPrefix(statement, "--") {
				s.statements = append(s.statements, strings.TrimSuffix(statement, ";"))
			}
		}
		all = append(all, s)
	}
	return all, nil
}

// ready sees to it that the database has the schema, and returns which tables of old permissions it has.
func ready(ctx context.Context, db sqldb.DB, readOnly bool) ([]string, error) {
	run := db.Write
	if readOnly {
		run = db.Read
	}
	var old []string
	err := run(ctx, func(tx sqldb.Tx) error {
		if db.Dialect() == sqldb.Postgres && !readOnly {
			const key = 0x6d6c6163636f756e // "mlaccoun": one process at a time
			if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(key)); err != nil {
				return err
			}
		}
		m := migration{tx: tx, dialect: db.Dialect(), readOnly: readOnly}
		if err := m.toHead(ctx); err != nil {
			return err
		}
		tables, err := m.tables(ctx)
		old = slices.DeleteFunc(oldTables(), func(name string) bool { return !slices.Contains(tables, name) })
		return err
	})
	return old, core.Do("prepare the accounts", "", err)
}

// migration brings a database to the newest revision, in one transaction.
type migration struct {
	tx       sqldb.Tx
	dialect  sqldb.Dialect
	readOnly bool
}

func (m migration) toHead(ctx context.Context) error {
	all, err := steps(m.dialect)
	if err != nil {
		return err
	}
	revision, err := m.revision(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(s step) bool { return s.revision == revision })
	switch {
	case revision != "" && at < 0:
		return m.usable(ctx, revision)
	case m.readOnly && at < len(all)-1:
		return core.State("schema", "the database's schema of accounts is missing or old: open it once to write, which makes it")
	case m.readOnly:
		return nil
	}
	for _, s := range all[at+1:] {
		if err := m.do(ctx, s); err != nil {
			return core.Do("go to the revision "+s.revision, "", err)
		}
	}
	if at < len(all)-1 {
		if err := m.stamp(ctx, all[len(all)-1].revision); err != nil {
			return err
		}
	}
	_, err = m.tx.Exec(ctx, tokensTable)
	return err
}

// usable checks that a database of a revision that we do not know has what the store reads and writes.
func (m migration) usable(ctx context.Context, revision string) error {
	for _, query := range []string{
		"SELECT id, username, password_hash, is_admin FROM users LIMIT 0",
		"SELECT id, name, workspace, description FROM roles LIMIT 0",
		"SELECT id, role_id, resource_type, resource_pattern, permission FROM role_permissions LIMIT 0",
		"SELECT id, user_id, role_id FROM user_role_assignments LIMIT 0",
	} {
		if _, err := m.tx.Exec(ctx, query); err != nil {
			return core.State("schema", "the accounts have MLflow's schema of revision %s, which we do not know, and cannot be "+
				"used: %w. Use a newer mlstore", revision, err)
		}
	}
	if m.readOnly {
		return nil
	}
	_, err := m.tx.Exec(ctx, tokensTable)
	return err
}

// revision is the one that the database has, empty for none at all.
func (m migration) revision(ctx context.Context) (string, error) {
	tables, err := m.tables(ctx)
	if err != nil {
		return "", err
	}
	switch {
	case slices.Contains(tables, versions):
		found, err := texts(ctx, m.tx, "SELECT version_num FROM "+versions)
		if err != nil || len(found) == 1 {
			return strings.Join(found, ""), err
		}
		return "", core.State("schema", "the table %s holds %d revisions, it must hold one", versions, len(found))
	case slices.Contains(tables, "users"):
		return unversioned, nil
	}
	return "", nil
}

func (m migration) tables(ctx context.Context) ([]string, error) {
	query := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if m.dialect == sqldb.Postgres {
		query = "SELECT relname::text FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') AND " +
			"relnamespace <> 'pg_catalog'::regnamespace AND pg_table_is_visible(oid)" // in whatever schema statements find them
	}
	return texts(ctx, m.tx, query)
}

// texts are the texts that a query of one column answers.
func texts(ctx context.Context, tx sqldb.Tx, query string) ([]string, error) {
	rows, err := tx.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}

func (m migration) do(ctx context.Context, s step) error {
	for _, statement := range s.statements {
		if _, err := m.tx.Exec(ctx, statement); err != nil {
			return err
		}
	}
	switch s.revision {
	case rolesFrom:
		return m.moveToRoles(ctx)
	case promptsFrom:
		return m.tellPrompts(ctx)
	}
	return nil
}

func (m migration) stamp(ctx context.Context, revision string) error {
	b := sqldb.Batch{}
	b.Exec("CREATE TABLE IF NOT EXISTS " + versions + " (\n  version_num VARCHAR(32) NOT NULL,\n" +
		"  CONSTRAINT alembic_version_auth_pkc PRIMARY KEY (version_num)\n)")
	if err := m.tx.Do(ctx, &b); err != nil {
		return err
	}
	var write sqldb.Batch
	write.Exec("DELETE FROM " + versions)
	write.Exec("INSERT INTO "+versions+" (version_num) VALUES ($1)", revision)
	return m.tx.Do(ctx, &write)
}
