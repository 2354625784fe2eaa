package query_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/query"
	"github.com/mlstore/mlstore/plugins/internal/sqlstore/sqldb"
)

// written writes a search of runs.
func written(t *testing.T, d sqldb.Dialect, q core.RunQuery) (query.Search, error) {
	t.Helper()
	q.Experiments = []core.ExperimentID{"1"}
	parsed, err := filter.Runs(q, core.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return query.Runs(d, parsed, q, "r.run_uuid")
}

func dialects() []sqldb.Dialect { return []sqldb.Dialect{sqldb.SQLite, sqldb.Postgres} }

// What a user writes is among the arguments and never in the statement.
func TestUsersTextIsNeverSQL(t *testing.T) {
	t.Parallel()
	const mark = "qqXqq"
	for _, d := range dialects() {
		for _, text := range []string{
			"metrics.`qqXqq` > 1", "params.qqXqq = 'qqXqq'", "tags.\"qqXqq\" != 'qqXqq'", "tags.a LIKE '%qqXqq_'", "tags.a ILIKE 'qqXqq'",
			"run_id IN ('qqXqq', 'qqXqq')", "run_name = 'qqXqq'", "dataset.name NOT IN ('qqXqq')", "dataset.context LIKE 'qqXqq'",
			"tags.qqXqq IS NULL", "params.qqXqq IS NOT NULL", strings.Repeat("tags.`qqXqq; --` = 'qqXqq' AND params.qqXqq != '' ", 9),
		} {
			s, err := written(t, d, core.RunQuery{Filter: text, OrderBy: []string{"metrics.qqXqq", "tags.`qqXqq'`", "params.qqXqq DESC"}})
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(s.SQL, mark) || strings.Contains(s.SQL, "--") {
				t.Errorf("%s: %s: the statement has it: %s", d, text, s.SQL)
			}
			if len(s.Args) < 4 {
				t.Errorf("%s: %s: arguments %v", d, text, s.Args)
			}
		}
	}
}

// Many clauses and keys of an order stay below what the databases can join.
func TestFewTablesAreJoined(t *testing.T) {
	t.Parallel()
	var clauses, order []string
	for i := range 100 {
		key := "`k" + strings.Repeat("x", i) + "`"
		clauses = append(clauses, "tags."+key+" = 'v'")
		order = append(order, "params."+key)
	}
	db := inMemory(t)
	s, err := written(t, sqldb.SQLite, core.RunQuery{Filter: strings.Join(clauses, " AND "), OrderBy: order})
	if err != nil {
		t.Fatal(err)
	}
	if joins := strings.Count(s.SQL, " JOIN "); joins > 7 {
		t.Errorf("%d joins, want 6 and one for the columns", joins)
	}
	var b sqldb.Batch
	b.Query(func(rows sqldb.Rows) error { rows.Next(); return rows.Err() }, s.SQL, s.Args...)
	if err := db.Fetch(t.Context(), &b); err != nil {
		t.Error(err)
	}
}

// Patterns that a database cannot take are refused, and long ones that it can are not.
func TestPatternsThatAreTooMuch(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 1000)
	for _, test := range []struct {
		filter  string
		refused []sqldb.Dialect
	}{
		{"tags.a ILIKE '" + long + "'", nil},
		{"tags.a ILIKE '" + long + "ä'", []sqldb.Dialect{sqldb.Postgres}},
		{"tags.a LIKE '" + strings.Repeat("a", 50_000) + "'", nil},
		{"tags.a LIKE '" + strings.Repeat("a", 50_001) + "'", []sqldb.Dialect{sqldb.SQLite}},
		{"tags.a LIKE 'a\x00%'", []sqldb.Dialect{sqldb.SQLite}},
		{"tags.a = '" + strings.Repeat("a", 60_000) + "'", nil},
	} {
		for _, d := range dialects() {
			_, err := written(t, d, core.RunQuery{Filter: test.filter})
			refused := false
			for _, other := range test.refused {
				refused = refused || other == d
			}
			if errors.Is(err, core.ErrInvalid) != refused || !refused && err != nil {
				t.Errorf("%s: %.40s…: error %v, want refused: %t", d, test.filter, err, refused)
			}
		}
	}
}

// Text with a NUL is in no Postgres database: nothing equals it, all that is there differs from it.
func TestTextThatPostgresCannotHold(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"tags.a = 'x\x00'", "tags.a != 'x\x00'", "tags.a LIKE 'x\x00'", "tags.`a\x00` = 'x'", "run_id IN ('a\x00', 'b')", "metrics.`a\x00` > 1",
	} {
		s, err := written(t, sqldb.Postgres, core.RunQuery{Filter: text, OrderBy: []string{"params.`b\x00`"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, arg := range s.Args {
			all, isList := arg.([]string)
			if one, is := arg.(string); is {
				all, isList = []string{one}, true
			}
			if isList && strings.Contains(strings.Join(all, ""), "\x00") {
				t.Errorf("%q: argument %q", text, arg)
			}
		}
	}
}
