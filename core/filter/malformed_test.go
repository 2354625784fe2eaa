package filter_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Each row: the filter, MLflow's words and the offending token, the character where it stands.
type malformed struct {
	filter string
	says   string
	token  string
	at     int
}

func TestMalformedFilters(t *testing.T) {
	t.Parallel()
	tables := map[string][]malformed{
		"runs": {
			{"   ", "Invalid filter '   '. Could not be parsed.", "the end", 4},
			{"AND", "Could not be parsed", "the end", 4},
			{"metrics.a > 1 OR metrics.b > 2", "Invalid clause(s) in filter string", "'OR'", 15},
			{"NOT metrics.a > 1", "Invalid clause(s) in filter string", "'NOT'", 1},
			{"(metrics.a > 1)", "Invalid clause(s) in filter string", "'('", 1},
			{"metrics.a BETWEEN 1 AND 2", "Invalid comparator 'BETWEEN' not one of", "'BETWEEN'", 11},
			{"metrics.a > 1;", "Invalid clause(s) in filter string", "';'", 14},
			{"tags.a = 'x'; DROP TABLE runs; --", "Search filter contained multiple expression", "';'", 13},
			{"metrics.a > 1 -- more", "Invalid clause(s) in filter string", "'--'", 15},
			{"metrics.a /* x */ > 1", "Invalid clause(s) in filter string", "'/*'", 11},
			{"# metrics.a > 1", "Invalid clause(s) in filter string", "'#'", 1},
			{"1 = 1", "Invalid comparison clause. Expected 'Identifier' found '1'", "'1'", 1},
			{"1=1", "Expected 'Identifier' found '1'", "'1'", 1},
			{"'x' = tags.a", "Expected 'Identifier' found ''x''", "''x''", 1},
			{"metrics.a", "Invalid clause(s) in filter string", "'metrics.a'", 1},
			{"metrics.a >", "Expected numeric value type for metric. Found the end", "the end", 12},
			{"metrics.a > > 1", "Expected numeric value type for metric", "'>'", 13},
			{"metrics.a == 1", "Invalid comparator '==' not one of", "'=='", 11},
			{"metrics.a <> 1", "Invalid comparator '<>' not one of", "'<>'", 11},
			{"metrics.a => 1", "Invalid comparator '=>' not one of", "'=>'", 11},
			{"metrics.a > = 1", "Expected numeric value type for metric", "'='", 13},
			{"metrics.a LIKE '1'", "Invalid comparator 'LIKE' not one of", "'LIKE'", 11},
			{"metrics.a = '1'", "Expected numeric value type for metric. Found ''1''", "''1''", 13},
			{"metrics.a > nan", "Expected numeric value type for metric. Found 'nan'", "'nan'", 13},
			{"metrics.a > 0x10", "Expected numeric value type for metric", "'0x10'", 13},
			{"metrics.a > 1_000", "Expected numeric value type for metric", "'1_000'", 13},
			{"metrics.a > --5", "Expected numeric value type for metric", "'--'", 13},
			{"metrics.a > +5", "Expected numeric value type for metric", "'+'", 13},
			{"metrics.a > 1e400", "out of range", "'1e400'", 13},
			{"metrics.a > metrics.b", "Expected numeric value type for metric", "'metrics'", 13},
			{"metrics.1 > 0", "Expected 'Identifier' found 'metrics.1'", "must be quoted", 1},
			{"metrics. a > 0", "Expected 'Identifier' found 'metrics.'", "'metrics.'", 1},
			{"metrics.'' > 0", "Expected 'Identifier'", "'metrics.'''", 1},
			{"metrics.a-b > 0", "Invalid clause(s) in filter string", "'-'", 10},
			{"metrics.a IS NULL", "IS NULL / IS NOT NULL is only supported for tags and params, not for 'metric' 'a'", "'IS NULL'", 11},
			{"start_time IS NOT NULL", "not for 'attribute' 'start_time'", "'IS NOT NULL'", 12},
			{"params.a > '1'", "Invalid comparator '>' not one of", "'>'", 10},
			{"params.a = 1", "Expected a quoted string value for parameter (e.g. 'my-value'). Got value '1'", "'1'", 12},
			{"params.a = abc", "Parameter value is either not quoted or unidentified quote types used for string value abc", "'abc'", 12},
			{"params.a = `abc`", "unidentified quote types used for string value `abc`", "'`abc`'", 12},
			{"params.a = 'abc", "A quote does not close", "''abc'", 12},
			{"params.a NOT LIKE 'x'", "Invalid comparator 'NOT LIKE' not one of", "'NOT LIKE'", 10},
			{"params.a RLIKE 'x'", "Invalid comparator 'RLIKE'", "'RLIKE'", 10},
			{"params.a ~ 'x'", "Invalid comparator '~'", "'~'", 10},
			{"params.a IN ('x')", "Invalid comparator 'IN' not one of", "'IN'", 10},
			{"params.a IS 'x'", "Invalid comparator 'IS'", "'IS'", 10},
			{"foo.a = 'x'", "Invalid entity type 'foo'. Valid values are ['metric'", "'foo.a'", 1},
			{"Tags.a = 'x'", "Invalid entity type 'Tags'", "'Tags.a'", 1},
			{`"tags".a = 'x'`, `Invalid entity type '"tags"'`, `'"tags".a'`, 1},
			{"experiment_id = '1'", "Invalid attribute key 'experiment_id' specified. Valid keys are '{'run_id'", "'experiment_id'", 1},
			{"attribute.lifecycle_stage = 'active'", "Invalid attribute key 'lifecycle_stage'", "'attribute.lifecycle_stage'", 1},
			{"status IN ('FINISHED')", "Only ['run_id'] attributes support comparison with a list", "'IN'", 8},
			{"start_time IN ('1')", "Invalid comparator 'IN' not one of", "'IN'", 12},
			{"start_time > '1'", "Expected numeric value type for numeric attribute: start_time. Found ''1''", "''1''", 14},
			{"start_time > 9223372036854775808", "Expected an integer of 64 bits for numeric attribute: start_time", "'9223372036854775808'", 14},
			{"start_time > 1e30", "Expected an integer of 64 bits", "'1e30'", 14},
			{"run_id IN ()", "got empty list", "')'", 12},
			{"run_id IN ('a',,)", "got different type in list: ','", "','", 16},
			{"run_id IN (,)", "got different type in list: ','", "','", 12},
			{"run_id IN ('a' 'b')", "expected ',' or ')', but got ''b''", "''b''", 16},
			{"run_id IN (1)", "got different type in list: '1'", "'1'", 12},
			{"run_id IN (('a'))", "got different type in list: '('", "'('", 12},
			{"run_id IN 'a'", "expected '('", "''a''", 11},
			{"run_id IN ('a'", "expected ',' or ')'", "the end", 15},
			{"run_id NOT 'a'", "Invalid comparator 'NOT'", "'NOT'", 8},
			{"dataset.source = 'x'", "Invalid dataset key 'source' specified. Valid keys are", "'dataset.source'", 1},
			{"UNION SELECT 1", "Invalid attribute key 'UNION'", "'UNION'", 1},
			{"(SELECT 1)", "Invalid clause(s)", "'('", 1},
			{"tags.a = (1)", "Expected a quoted string value for tag", "'('", 10},
			{"tags.ä = 'ö' OR x", "Invalid clause(s)", "'OR'", 14},
		},
		"experiments": {
			{"attr.name = 'x'", "Invalid entity type 'attr'", "'attr.name'", 1},
			{"metrics.a > 1", "Invalid entity type 'metrics'. Valid values are ['attribute'", "'metrics.a'", 1},
			{"`tags`.a = 'x'", "Invalid entity type '`tags`'", "'`tags`.a'", 1},
			{"lifecycle_stage = 'active'", "Invalid attribute key 'lifecycle_stage' specified", "'lifecycle_stage'", 1},
			{"name IN ('a')", "Only ['experiment_id'] attributes support comparison", "'IN'", 6},
			{"experiment_id LIKE '1%'", "Invalid comparator 'LIKE' not one of", "'LIKE'", 15},
			{"experiment_id = 'abc'", "it must be an integer", "''abc''", 17},
			{"experiment_id IN ('1', 'x')", "it must be an integer", "''x''", 24},
			{"experiment_id = 1", "Expected a quoted string value for attribute", "'1'", 17},
			{"creation_time > 1.5", "Expected an integer of 64 bits for numeric attribute: creation_time", "'1.5'", 17},
			{"creation_time > 'x'", "Expected numeric value type for numeric attribute: creation_time", "''x''", 17},
			{"name IS NULL", "is only supported for tags, not for 'attribute' 'name'", "'IS NULL'", 6},
			{"name > 'a'", "Invalid comparator '>' not one of", "'>'", 6},
		},
		"models": {
			{"attributes.name = 'x'", "Invalid entity type 'attributes'", "'attributes.name'", 1},
			{"`name` = 'x'", "Invalid attribute key 'name' specified", "'`name`'", 1},
			{"description = 'x'", "Invalid attribute key 'description' specified. Valid keys are", "'description'", 1},
			{"tags.a IS NULL", "IS NULL / IS NOT NULL is not supported in a search of registered models", "'IS NULL'", 8},
			{"tags.a IN ('x')", "Invalid comparator 'IN' not one of", "'IN'", 8},
			{"name > 'x'", "Invalid comparator '>' not one of", "'>'", 6},
			{"name = 1", "Expected a quoted string value for attribute", "'1'", 8},
			{"name LIKE 'a' OR name LIKE 'b'", "Invalid clause(s) in filter string", "'OR'", 15},
		},
		"versions": {
			{"version = 1", "Invalid attribute key 'version' specified", "'version'", 1},
			{"version_number = 1.5", "Expected an integer of 64 bits for numeric attribute: version_number", "'1.5'", 18},
			{"version_number = 'x'", "Expected an integer of 64 bits", "''x''", 18},
			{"version_number LIKE '1'", "Invalid comparator 'LIKE' not one of", "'LIKE'", 16},
			{"source_path IN ('x')", "Only ['name', 'run_id'] attributes support comparison", "'IN'", 13},
			{"run_id IN ()", "got empty list", "')'", 12},
			{"tag.a IS NOT NULL", "is not supported in a search of model versions", "'IS NOT NULL'", 7},
		},
		"logged": {
			{"dataset.name = 'x'", "Invalid entity type 'dataset'", "'dataset.name'", 1},
			{"status = 'BUSY'", "Unknown status 'BUSY'", "''BUSY''", 10},
			{"status LIKE 'R%'", "Invalid comparator 'LIKE' not one of", "'LIKE'", 8},
			{"lifecycle_stage = 'active'", "Invalid attribute key 'lifecycle_stage'", "'lifecycle_stage'", 1},
			{"params.a IS NULL", "is not supported in a search of logged models", "'IS NULL'", 10},
			{"creation_time = 'x'", "Expected numeric value type for numeric attribute: creation_timestamp", "''x''", 17},
		},
	}
	for kind, table := range tables {
		for _, row := range table {
			t.Run(kind+"/"+row.filter, func(t *testing.T) {
				t.Parallel()
				_, err := searches()[kind](row.filter)
				wantInvalid(t, err, row.says, row.token, fmt.Sprintf("at character %d of filter", row.at))
			})
		}
	}
}

func TestBoundsOfFilters(t *testing.T) {
	t.Parallel()
	clause := func(n int) string { return fmt.Sprintf("metrics.m%d > 0", n) }
	many := func(n int) string {
		var parts []string
		for i := range n {
			parts = append(parts, clause(i))
		}
		return strings.Join(parts, " AND ")
	}
	list := func(n int) string { return "run_id IN (" + strings.Repeat("'a',", n-1) + "'a')" }
	long := func(n int) string { return "tags.a = '" + strings.Repeat("x", n-11) + "'" }
	for _, good := range []string{many(100), list(1000), long(64 << 10), "params.a LIKE '%" + strings.Repeat("ä", 1024) + "%'"} {
		if _, err := searches()["runs"](good); err != nil {
			t.Errorf("a filter at the limit is refused: %v", err)
		}
	}
	for says, bad := range map[string]string{
		"more than 100 clauses":       many(101),
		"more than 1000 values":       list(1001),
		"more than the 65536":         long(64<<10 + 1),
		"is not valid UTF-8":          "tags.a = '\xff'",
		"more than 1024 characters":   "params.a ILIKE '%" + strings.Repeat("ä", 1025) + "%'",
		"it has 1000000 bytes":        strings.Repeat("(", 1e6),
		"Invalid clause(s) in filter": strings.Repeat("(", 60000),
		"does not close":              "tags.a = 'x" + strings.Repeat(" ", 60000),
		"yyyy…":                       "tags.a = " + strings.Repeat("y", 60000),
	} {
		began := time.Now()
		_, err := searches()["runs"](bad)
		wantInvalid(t, err, says)
		if took := time.Since(began); took > time.Second {
			t.Errorf("refusing %.20s… took %v", bad, took)
		}
		if len(err.Error()) > 600 {
			t.Errorf("the error repeats %d bytes", len(err.Error()))
		}
	}
}

func TestErrorsShowNoControlCharacters(t *testing.T) {
	t.Parallel()
	_, err := searches()["runs"]("tags.a = \x1b\n")
	wantInvalid(t, err, `'\x1b'`)
}
