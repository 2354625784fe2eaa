package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/schema"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// beforeFacets is the revision before the step that makes a table of the categories of issues.
const beforeFacets = "e7d1f4b2a9c6"

func issueRow(id, categories string) string {
	return fmt.Sprintf("INSERT INTO issues (issue_id, experiment_id, name, description, status, categories, created_timestamp, "+
		"last_updated_timestamp) VALUES ('%s', 7, 'n', 'd', 'pending', %s, 11, 12)", id, categories)
}

func TestCategoriesOfIssuesAreDerivedAsByMLflow(t *testing.T) {
	t.Parallel()
	for _, d := range dialects() {
		t.Run(d.String(), func(t *testing.T) {
			t.Parallel()
			rows := []string{
				"INSERT INTO experiments (experiment_id, name) VALUES (7, 'e')",
				issueRow("none", "NULL"), issueRow("empty", "'[]'"), issueRow("two", `'["Cost", "latency"]'`),
				issueRow("same", `'["Cost", " cost\t", "É", "é", "it''s \u00e9"]'`), issueRow("blank", `'["", "  "]'`),
			}
			for i := range 300 { // more than one page
				rows = append(rows, issueRow(fmt.Sprint("many-", i), fmt.Sprintf(`'["c%d", "all"]'`, i)))
			}
			sameUpgrade(t, madeAt(t, d, beforeFacets), rows)
		})
	}
}

func TestCategoriesThatAreNoneStopTheUpgrade(t *testing.T) {
	t.Parallel()
	db, _ := madeAt(t, sqldb.SQLite, beforeFacets).open(t)
	exec(t, db, "INSERT INTO experiments (experiment_id, name) VALUES (7, 'e')", issueRow("odd", `'{"a": 1}'`))
	before := describe(t, db)
	s, err := schema.Upgrade(t.Context(), db, schema.UpgradeOptions{})
	if core.CodeOf(err) != core.FailedPrecondition || !strings.Contains(err.Error(), "issue odd") {
		t.Errorf("status %+v, error %v, want one that names the issue", s, err)
	}
	if after := describe(t, db); len(after) != len(before) {
		t.Errorf("%d lines of catalogue, want %d as before", len(after), len(before))
	}
}

// The statements of a dry run must not look as if they were all that a step does.
func TestDryRunTellsWhatIsNoSQL(t *testing.T) {
	t.Parallel()
	db, _ := madeAt(t, sqldb.SQLite, beforeAnalytics).open(t)
	comments := map[string]int{}
	_, err := schema.Upgrade(t.Context(), db, schema.UpgradeOptions{DryRun: true, Step: func(s schema.Step) {
		for _, statement := range s.Statements {
			if strings.HasPrefix(statement, "-- not in SQL") {
				comments[s.Revision]++
			}
		}
	}})
	if err != nil || len(comments) != 2 || comments["75868b020152"] != 1 || comments["8b6ad64cb8f5"] != 1 {
		t.Errorf("comments %v, error %v, want one in each of the two steps that work values out", comments, err)
	}
}
