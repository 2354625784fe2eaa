package schema

import (
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
	// oldest is the revision of MLflow 1.30, before the first step that we have.
	oldest = "97727af70f4d"

	// usable is the first revision that the stores work on: that of MLflow 3.11.
	usable = "7d34483879f0"
)

// A step leads from the revision before to its own.
type step struct {
	revision   string
	statements []string
}

// steps are all steps in order.
func steps(d sqldb.Dialect) ([]step, error) {
	entries, err := fs.ReadDir(files, folder(d))
	if err != nil {
		return nil, err
	}
	var all []step
	for _, entry := range entries { // sorted by name, which begins with a number
		_, revision, isStep := strings.Cut(strings.TrimSuffix(entry.Name(), ".sql"), "_")
		if !isStep {
			continue
		}
		statements, err := read(d, entry.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, step{revision, statements})
	}
	return all, nil
}

// Revisions are the revisions that we know, the oldest first.
func Revisions() []string {
	all, err := steps(sqldb.SQLite)
	if err != nil {
		panic(err) // the files are in the program
	}
	known := []string{oldest}
	for _, s := range all {
		known = append(known, s.revision)
	}
	return known
}

// Head is the newest revision that we know, which Create makes.
func Head() string {
	known := Revisions()
	return known[len(known)-1]
}

// known returns where the revision stands among those that we know, or -1.
func known(revision string) int { return slices.Index(Revisions(), revision) }

// read returns the statements of a file.
func read(d sqldb.Dialect, name string) ([]string, error) {
	content, err := files.ReadFile(path.Join(folder(d), name))
	if err != nil {
		return nil, core.Errorf(core.Internal, "read the schema: %w", err)
	}
	var statements []string
	for part := range strings.SplitSeq(strings.TrimSpace(string(content)), "\n\n") {
		if !strings.HasPrefix(part, "--") {
			statements = append(statements, strings.TrimSuffix(part, ";"))
		}
	}
	return statements, nil
}

func folder(d sqldb.Dialect) string {
	if d == sqldb.Postgres {
		return "sql/postgres"
	}
	return "sql/sqlite"
}
