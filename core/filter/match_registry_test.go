package filter_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

const onPrompts = "tags.`mlflow.prompt.is_prompt` "

func TestModelsMatch(t *testing.T) {
	t.Parallel()
	models := []core.Model{
		{Name: "iris"},
		{Name: "Iris", Tags: map[string]string{"stage": "x", "a b": "c"}},
		{Name: "odd", Tags: map[string]string{core.PromptTag: "false"}},
		{Name: "prompt", Tags: map[string]string{core.PromptTag: "true", "stage": "x"}},
	}
	for text, want := range map[string]string{
		"":                                            "Iris iris odd",
		"name = 'iris'":                               "iris",
		"name != 'iris'":                              "Iris odd",
		"name LIKE 'i%'":                              "iris",
		"name ILIKE 'I%'":                             "Iris iris",
		"name IN ('iris', 'odd', 'prompt')":           "iris odd",
		"name NOT IN ('iris')":                        "Iris odd",
		"tags.stage = 'x'":                            "Iris",
		"tags.stage != 'y'":                           "Iris",
		"tag.stage LIKE '_' AND tag.`a b` = 'c'":      "Iris",
		"tags.stage = 'x' AND tags.stage = 'y'":       "",
		onPrompts + "!= 'true'":                       "Iris iris odd",
		onPrompts + "= 'false'":                       "Iris iris odd",
		onPrompts + "= 'true'":                        "prompt",
		onPrompts + "!= 'false'":                      "prompt",
		onPrompts + "= 'other'":                       "",
		onPrompts + "!= 'other'":                      "odd", // who lacks the tag matches no other clause on it
		onPrompts + "LIKE 't%'":                       "",
		onPrompts + "= 'true' AND name = 'iris'":      "",
		"name = 'prompt' AND tags.stage = 'x'":        "",
		"tags.stage='x' AND " + onPrompts + "='true'": "prompt",
	} {
		q := must[core.Model](t)(filter.Models(core.ModelQuery{Filter: text}, core.DefaultLimits()))
		got := names(q.Slice(models).Items, func(m core.Model) string { return m.Name })
		if diff := cmp.Diff(strings.Fields(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

func TestVersionsMatch(t *testing.T) {
	t.Parallel()
	versions := []core.Version{
		{Model: "m", Number: 1, RunID: "r1", Source: "s3://b/1"},
		{Model: "m", Number: 2, RunID: "r2", Source: "s3://b/2", Tags: map[string]string{"k": "v"}},
		{Model: "n", Number: 10, Source: "/data/x"},
		{Model: "p", Number: 1, Source: "prompt", Tags: map[string]string{core.PromptTag: "true"}},
	}
	for text, want := range map[string]string{
		"":                                   "/data/x s3://b/1 s3://b/2",
		"name = 'm'":                         "s3://b/1 s3://b/2",
		"name IN ('n', 'o')":                 "/data/x",
		"name NOT IN ('m')":                  "/data/x",
		"run_id = 'r1'":                      "s3://b/1",
		"run_id IN ('r1', 'r2')":             "s3://b/1 s3://b/2",
		"run_id NOT IN ('r1')":               "/data/x s3://b/2",
		"run_id = ''":                        "/data/x",
		"source_path LIKE 's3:%'":            "s3://b/1 s3://b/2",
		"version_number = 1":                 "s3://b/1",
		"version_number = '01'":              "s3://b/1",
		"version_number != 1":                "/data/x s3://b/2",
		"version_number > 1":                 "/data/x s3://b/2",
		"version_number >= 2":                "/data/x s3://b/2",
		"version_number < 10":                "s3://b/1 s3://b/2",
		"version_number <= 1":                "s3://b/1",
		"tags.k != 'w'":                      "s3://b/2",
		"tags.k = 'v' AND name = 'm'":        "s3://b/2",
		onPrompts + "= 'true' name = 'p'":    "prompt",
		onPrompts + "= 'false'":              "/data/x s3://b/1 s3://b/2",
		"version_number = 1 AND run_id = ''": "",
	} {
		q := must[core.Version](t)(filter.Versions(core.VersionQuery{
			Filter: text, OrderBy: []string{"name DESC", "version_number"},
		}, core.DefaultLimits()))
		got := names(q.Slice(versions).Items, func(v core.Version) string { return v.Source })
		if diff := cmp.Diff(strings.Fields(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
