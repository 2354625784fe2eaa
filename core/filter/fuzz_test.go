package filter_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// rereads checks that the text of a filter that was read is read as the same filter.
func rereads(t *testing.T, f filter.Filter, read search) {
	t.Helper()
	text := f.String()
	again, err := read(text)
	if err != nil {
		t.Fatalf("%q is refused: %v", text, err)
	}
	if diff := cmp.Diff(f, again, sameClauses()); diff != "" {
		t.Fatalf("%q reads as another filter:\n%s", text, diff)
	}
	if again.String() != text {
		t.Fatalf("%q is rendered as %q", text, again.String())
	}
}

func FuzzRuns(f *testing.F) {
	for _, text := range []string{
		"", "metrics.a > 1 AND params.`b c` LIKE '%x_' tags.\"d\" IS NOT NULL", "run_id NOT IN ('a', \"b\")", "start_time >= -1.5e3",
		`tags.a = 'C:\'`, `tags.a = 'it\'s' AND tags.b = "x"`, "dataset.name ILIKE 'ſ%K'", "metrics.'1' != .5", "a = 'x'; --",
		"tags.`a`` b` = 'it''s'", "tags.a = \"\\\" AND tags.b = 'y\\'", "tags.\"`\\\" = 'x'",
	} {
		f.Add(text, "metrics.m DESC", "a%_")
	}
	f.Fuzz(func(t *testing.T, text, order, value string) {
		q, err := filter.Runs(core.RunQuery{Experiments: []core.ExperimentID{"1"}, Filter: text, OrderBy: []string{order}}, core.DefaultLimits())
		if err != nil {
			wantInvalid(t, err)
			return
		}
		rereads(t, q.Filter(), searches()["runs"])
		runs := someRuns()
		for i := range runs {
			runs[i].Name, runs[i].Params["p"], runs[i].Tags["a"] = value, value, value
		}
		q.Slice(runs)
		for _, name := range []string{"experiments", "logged"} {
			if found, err := searches()[name](text); err == nil {
				rereads(t, found, searches()[name])
			}
		}
	})
}

func FuzzModels(f *testing.F) {
	for _, text := range []string{
		"", "name LIKE 'a%'", "tags.`mlflow.prompt.is_prompt` != 'true'", "tag.mlflow.prompt.is_prompt = 'true' AND name IN ('x')",
		"version_number >= '3'", "run_id NOT IN ('a')", "source_path = 's3://b'",
	} {
		f.Add(text, "name DESC")
	}
	f.Fuzz(func(t *testing.T, text, order string) {
		for _, name := range []string{"models", "versions"} {
			if found, err := searches()[name](text); err != nil {
				wantInvalid(t, err)
			} else {
				rereads(t, found, searches()[name])
			}
		}
		if q, err := filter.Models(core.ModelQuery{Filter: text, OrderBy: []string{order}}, core.DefaultLimits()); err == nil {
			q.Slice([]core.Model{{Name: "a"}, {Name: "b", Tags: map[string]string{core.PromptTag: "true"}}})
		}
	})
}

func FuzzToken(f *testing.F) {
	q := firstQuery()
	q.Limit = 1
	first, err := filter.Runs(q, core.DefaultLimits())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(first.Slice(someRuns()).Next)
	f.Add("")
	f.Add("eyJvZmZzZXQiOiAyfQ==")
	f.Fuzz(func(t *testing.T, token string) {
		next := q
		next.Token = token
		parsed, err := filter.Runs(next, core.DefaultLimits())
		if err != nil {
			wantInvalid(t, err, "Invalid page token")
			return
		}
		cursor, ok := parsed.After()
		if ok != (token != "") || ok && len(cursor.Values) != len(parsed.Order()) {
			t.Fatalf("the token %q became %v", token, cursor)
		}
		parsed.Slice(someRuns())
	})
}
