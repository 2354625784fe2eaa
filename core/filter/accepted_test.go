package filter_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// sameClauses leaves out how a filter was quoted.
func sameClauses() cmp.Option { return cmpopts.IgnoreUnexported(filter.Clause{}) }

func TestFiltersThatAreRead(t *testing.T) {
	t.Parallel()
	type row struct {
		kind, filter string
		want         filter.Filter
		canonical    string // empty: the filter itself
	}
	hidden := filter.Clause{Entity: filter.TagEntity, Key: core.PromptTag, Op: filter.NotEqual, Value: filter.Text("true")}
	const hiding = "tags.`mlflow.prompt.is_prompt` != 'true'"
	metric := func(key string, op filter.Op, value float64) filter.Filter {
		return filter.Filter{{Entity: filter.Metric, Key: key, Op: op, Value: filter.Number(value)}}
	}
	param := func(key string, op filter.Op, value string) filter.Filter {
		return filter.Filter{{Entity: filter.Param, Key: key, Op: op, Value: filter.Text(value)}}
	}
	tag := func(key string, op filter.Op, value string) filter.Filter {
		return filter.Filter{{Entity: filter.TagEntity, Key: key, Op: op, Value: filter.Text(value)}}
	}
	text := func(key string, op filter.Op, value string) filter.Filter {
		return filter.Filter{{Key: key, Op: op, Value: filter.Text(value)}}
	}
	integer := func(key string, op filter.Op, value int64) filter.Filter {
		return filter.Filter{{Key: key, Op: op, Value: filter.Integer(value)}}
	}
	list := func(key string, op filter.Op, items ...string) filter.Filter {
		return filter.Filter{{Key: key, Op: op, Value: filter.List(items)}}
	}
	for _, r := range []row{
		{"runs", "", nil, ""},
		// entities
		{"runs", "metrics.`a` > 1", metric("a", filter.Greater, 1), ""},
		{"runs", "metric.a>1", metric("a", filter.Greater, 1), "metrics.`a` > 1"},
		{"runs", "`metrics`.a > 1", metric("a", filter.Greater, 1), "metrics.`a` > 1"},
		{"runs", "param.a = 'x'", param("a", filter.Equal, "x"), "params.`a` = 'x'"},
		{"runs", "parameter.a = 'x'", param("a", filter.Equal, "x"), "params.`a` = 'x'"},
		{"runs", "parameters.a = 'x'", param("a", filter.Equal, "x"), "params.`a` = 'x'"},
		{"runs", "tag.a != \"x\"", tag("a", filter.NotEqual, "x"), "tags.`a` != \"x\""},
		{"runs", "attribute.status = 'FAILED'", text("status", filter.Equal, "FAILED"), "status = 'FAILED'"},
		{"runs", "attributes.user_id = 'u'", text("user_id", filter.Equal, "u"), "user_id = 'u'"},
		{"runs", "attr.artifact_uri LIKE 's3:%'", text("artifact_uri", filter.Like, "s3:%"), "artifact_uri LIKE 's3:%'"},
		{"runs", "run.run_id = 'r'", text("run_id", filter.Equal, "r"), "run_id = 'r'"},
		{"runs", "attribute.`Run Name` ILIKE 'x'", text("run_name", filter.ILike, "x"), "run_name ILIKE 'x'"},
		{"runs", `"run name" = 'x'`, text("run_name", filter.Equal, "x"), "run_name = 'x'"},
		{"runs", "Created >= 5", integer("start_time", filter.GreaterOrEqual, 5), "start_time >= 5"},
		{"runs", "end_time < 1e12", integer("end_time", filter.Less, 1e12), "end_time < 1000000000000"},
		{"runs", "start_time != -1.5", filter.Filter{{Key: "start_time", Op: filter.NotEqual, Value: filter.Number(-1.5)}}, ""},
		{
			"runs", "dataset.context = 'train' datasets.name NOT IN ('a', \"b\")",
			filter.Filter{
				{Entity: filter.DatasetEntity, Key: "context", Op: filter.Equal, Value: filter.Text("train")},
				{Entity: filter.DatasetEntity, Key: "name", Op: filter.NotIn, Value: filter.List{"a", "b"}},
			},
			"datasets.context = 'train' AND datasets.name NOT IN ('a', \"b\")",
		},
		// keys
		{"runs", "tags.mlflow.runName = 'x'", tag("mlflow.runName", filter.Equal, "x"), "tags.`mlflow.runName` = 'x'"},
		{"runs", "tags.1a = 'x'", tag("1a", filter.Equal, "x"), "tags.`1a` = 'x'"},
		{"runs", "tags.größe = 'x'", tag("größe", filter.Equal, "x"), "tags.`größe` = 'x'"},
		{"runs", `tags."a b/c-d:e" = 'x'`, tag("a b/c-d:e", filter.Equal, "x"), "tags.`a b/c-d:e` = 'x'"},
		{"runs", "tags.'1' = 'x'", tag("1", filter.Equal, "x"), "tags.`1` = 'x'"},
		{"runs", `params."a'b" = 'x'`, param("a'b", filter.Equal, "x"), "params.`a'b` = 'x'"},
		{"runs", "params.`a\"b` = 'x'", param("a\"b", filter.Equal, "x"), ""},
		{"runs", "tags.`a`` b` = 'x'", tag("a`` b", filter.Equal, "x"), ""},
		{"runs", "tags.\"a`b\" = 'x'", tag("a`b", filter.Equal, "x"), ""},
		{"runs", "tags.order = 'x'", tag("order", filter.Equal, "x"), "tags.`order` = 'x'"},
		// operators, in any case and spacing
		{"runs", "params.a like 'x%'", param("a", filter.Like, "x%"), "params.`a` LIKE 'x%'"},
		{"runs", "params.a\tIlike\n'x%'", param("a", filter.ILike, "x%"), "params.`a` ILIKE 'x%'"},
		{"runs", "run_id in('a','b')", list("run_id", filter.In, "a", "b"), "run_id IN ('a', 'b')"},
		{"runs", "run_id IN ('a',)", list("run_id", filter.In, "a"), "run_id IN ('a')"},
		{"runs", "run_id not  in ( 'A' , '1' )", list("run_id", filter.NotIn, "A", "1"), "run_id NOT IN ('A', '1')"},
		{"runs", "params.a is null", filter.Filter{{Entity: filter.Param, Key: "a", Op: filter.IsNull, Value: filter.Null{}}}, "params.`a` IS NULL"},
		{"runs", "tags.a IS not NULL", filter.Filter{{Entity: filter.TagEntity, Key: "a", Op: filter.IsNotNull, Value: filter.Null{}}}, "tags.`a` IS NOT NULL"},
		// values stand as they are
		{"runs", "tags.a = ''", tag("a", filter.Equal, ""), "tags.`a` = ''"},
		{"runs", "tags.a = 'it''s'", tag("a", filter.Equal, "it''s"), "tags.`a` = 'it''s'"},
		{"runs", `tags.a = 'it\'s'`, tag("a", filter.Equal, `it\'s`), "tags.`a` = 'it\\'s'"},
		{"runs", `tags.a = "it's"`, tag("a", filter.Equal, "it's"), "tags.`a` = \"it's\""},
		{"runs", `tags.a = 'C:\'`, tag("a", filter.Equal, `C:\`), "tags.`a` = 'C:\\'"},
		{"runs", `tags.a = '; DROP TABLE runs; --'`, tag("a", filter.Equal, "; DROP TABLE runs; --"), "tags.`a` = '; DROP TABLE runs; --'"},
		{"runs", "tags.a = 'a\nb AND c'", tag("a", filter.Equal, "a\nb AND c"), "tags.`a` = 'a\nb AND c'"},
		{"runs", "metrics.a = -.5", metric("a", filter.Equal, -.5), "metrics.`a` = -0.5"},
		{"runs", "metrics.a=-1", metric("a", filter.Equal, -1), "metrics.`a` = -1"},
		{"runs", "metrics.a <= 1.", metric("a", filter.LessOrEqual, 1), "metrics.`a` <= 1"},
		{"runs", "metrics.a < 1.5E-3", metric("a", filter.Less, .0015), "metrics.`a` < 0.0015"},
		{"runs", "metrics.a < 1e+30", metric("a", filter.Less, 1e30), "metrics.`a` < 1e30"},
		// AND anywhere
		{
			"runs", "and metrics.a > 1 AND AND metrics.b > 2 metrics.c > 3 And",
			append(append(metric("a", filter.Greater, 1), metric("b", filter.Greater, 2)...), metric("c", filter.Greater, 3)...),
			"metrics.`a` > 1 AND metrics.`b` > 2 AND metrics.`c` > 3",
		},
		// the other kinds
		{"experiments", "attributes.name ilike '%x'", text("name", filter.ILike, "%x"), "name ILIKE '%x'"},
		{"experiments", "attribute.`name` = 'x'", text("name", filter.Equal, "x"), "name = 'x'"},
		{"experiments", "experiment_id != '007'", text("experiment_id", filter.NotEqual, "7"), "experiment_id != '7'"},
		{"experiments", "experiment_id IN ('0', '12')", list("experiment_id", filter.In, "0", "12"), ""},
		{"experiments", "last_update_time >= 5", integer("last_update_time", filter.GreaterOrEqual, 5), ""},
		{"experiments", "tag.a IS NULL", filter.Filter{{Entity: filter.TagEntity, Key: "a", Op: filter.IsNull, Value: filter.Null{}}}, "tags.`a` IS NULL"},
		{"models", "", filter.Filter{hidden}, hiding},
		{"models", hiding, filter.Filter{hidden}, ""},
		{"models", "tags.mlflow.prompt.is_prompt = 'true'", tag(core.PromptTag, filter.Equal, "true"), "tags.`mlflow.prompt.is_prompt` = 'true'"},
		{"models", "tags.mlflow.prompt.is_prompt != 'false'", tag(core.PromptTag, filter.NotEqual, "false"), "tags.`mlflow.prompt.is_prompt` != 'false'"},
		{"models", "name NOT IN ('a')", append(list("name", filter.NotIn, "a"), hidden), "name NOT IN ('a') AND " + hiding},
		{"models", "attribute.name LIKE 'a%'", append(text("name", filter.Like, "a%"), hidden), "name LIKE 'a%' AND " + hiding},
		{"versions", "version_number >= '3'", append(integer("version_number", filter.GreaterOrEqual, 3), hidden), "version_number >= 3 AND " + hiding},
		{"versions", "version_number = 03", append(integer("version_number", filter.Equal, 3), hidden), "version_number = 3 AND " + hiding},
		{"versions", "source_path = 's3://b/c'", append(text("source_path", filter.Equal, "s3://b/c"), hidden), "source_path = 's3://b/c' AND " + hiding},
		{"logged", "attributes.creation_time > 5.0", integer("creation_timestamp", filter.Greater, 5), "creation_timestamp > 5"},
		{"logged", "status not in ('READY', 'PENDING')", list("status", filter.NotIn, "READY", "PENDING"), "status NOT IN ('READY', 'PENDING')"},
		{"logged", "params.a IN ('x')", filter.Filter{{Entity: filter.Param, Key: "a", Op: filter.In, Value: filter.List{"x"}}}, "params.`a` IN ('x')"},
		{"logged", "metrics.acc > 0.5", metric("acc", filter.Greater, .5), "metrics.`acc` > 0.5"},
	} {
		t.Run(r.kind+"/"+r.filter, func(t *testing.T) {
			t.Parallel()
			read := searches()[r.kind]
			got, err := read(r.filter)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r.want, got, sameClauses()); diff != "" {
				t.Fatalf("clauses (-want +got):\n%s", diff)
			}
			canonical := r.canonical
			if canonical == "" {
				canonical = r.filter
			}
			if got.String() != canonical {
				t.Errorf("rendered as %q, want %q", got.String(), canonical)
			}
			again, err := read(got.String())
			if diff := cmp.Diff(got, again, sameClauses()); err != nil || diff != "" {
				t.Errorf("%q reads back as another filter: %v\n%s", got.String(), err, diff)
			}
		})
	}
}

func TestClausesMadeByHandRender(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]filter.Clause{
		"tags.`a` = 'x'":       {Entity: filter.TagEntity, Key: "a", Value: filter.Text("x")},
		"tags.\"a`\" = \"x'\"": {Entity: filter.TagEntity, Key: "a`", Value: filter.Text("x'")},
		"run_id IN ('a', \"'\")": {
			Key: "run_id", Op: filter.In, Value: filter.List{"a", "'"},
		},
		"metrics.`m` >= 2": {Entity: filter.Metric, Key: "m", Op: filter.GreaterOrEqual, Value: filter.Number(2)},
	} {
		if got := c.String(); got != want {
			t.Errorf("rendered as %s, want %s", got, want)
		}
	}
}
