package attacks_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mlstore/mlstore/internal/testenv"
)

// quoting are filters whose identifiers and values have quotes and statements in them. None finds anything, and all are one
// question or an error.
func quoting() map[string]string {
	return map[string]string{
		"Q04 quote":            `params."a'b" = 'x'`,
		"Q04 double":           "params.`a\"b` = 'x'",
		"Q04 backtick":         "tags.`a`` b` = 'x'",
		"Q04 both":             `tags."a"" b" = 'x'`,
		"Q04 statement":        "params.`x' OR '1'='1` = 'x'",
		"Q04 statement, value": `params.p = 'x'' OR ''1''=''1'`,
		"Q04 comment":          "tags.`t' --` = 'v'",
		"Q04 backslash":        `tags.t = 'x\' OR 1=1 --'`,
		"Q04 backslash twice":  `tags.t = "x\\' OR 1=1 --"`,
		"Q04 metric":           "metrics.`m\"; DROP TABLE runs; --` > 0",
		"Q04 dollar":           `tags.t = '$1'`,
		"Q04 placeholder":      `tags.t = '?'`,
		"Q04 percent":          `tags.t LIKE 'x%'';--'`,
		"Q02":                  `tags.t = 'x'; DROP TABLE runs; --`,
	}
}

// found are the names of the runs that a filter finds, or the status when that is an error.
func (g *target) found(experiment, filter string) string {
	g.t.Helper()
	a := g.call("POST", "/api/2.0/mlflow/runs/search", map[string]any{
		"experiment_ids": []string{experiment}, "filter": filter, "order_by": []string{"attributes.run_name"},
	})
	if a.status != http.StatusOK {
		return fmt.Sprintf("%d %s", a.status, a.code())
	}
	var page struct {
		Runs []struct {
			Info struct {
				Name string `json:"run_name"`
			} `json:"info"`
		} `json:"runs"`
	}
	must(g.t, json.Unmarshal([]byte(a.body), &page))
	names := make([]string, len(page.Runs))
	for i, r := range page.Runs {
		names[i] = r.Info.Name
	}
	return strings.Join(names, " ")
}

// named makes a run with a tag, a param and a metric.
func (g *target) named(experiment, name, value string) {
	g.t.Helper()
	var made struct {
		Run struct {
			Info struct {
				ID string `json:"run_id"`
			} `json:"info"`
		} `json:"run"`
	}
	a := g.call("POST", "/api/2.0/mlflow/runs/create", map[string]any{"experiment_id": experiment, "run_name": name})
	must(g.t, json.Unmarshal([]byte(a.body), &made))
	a = g.call("POST", "/api/2.0/mlflow/runs/log-batch", map[string]any{
		"run_id": made.Run.Info.ID, "tags": []map[string]string{{"key": "t", "value": value}},
		"params":  []map[string]string{{"key": "p", "value": value}},
		"metrics": []map[string]any{{"key": "m", "value": 1, "timestamp": 1}},
	})
	if a.status != http.StatusOK {
		g.t.Fatalf("the run %s: %d %s", name, a.status, a.body)
	}
}

func TestFiltersAreQuestionsAndNothingElse(t *testing.T) {
	t.Parallel()
	for backend := range backends() {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			g := newTarget(t, backend, nil)
			experiment, _ := g.runIn("filters")
			g.named(experiment, "victim", "v")
			for id, filter := range quoting() {
				if got := g.found(experiment, filter); got != "" && got != "400 INVALID_PARAMETER_VALUE" {
					t.Errorf("%s: %s finds %q", id, filter, got)
				}
			}
			var joins []string // Q24
			for i := range 200 {
				joins = append(joins, fmt.Sprintf("metrics.m%d > 0", i))
			}
			start := time.Now()
			if got := g.found(experiment, strings.Join(joins, " AND ")); got != "400 INVALID_PARAMETER_VALUE" {
				t.Errorf("Q24: %q", got)
			}
			if took := time.Since(start); took > time.Second {
				t.Errorf("Q24 took %v", took)
			}
			for id, filter := range map[string]string{ // Q26
				"Q26": "tags.t = 'x\x00'", "Q26 param": "params.p = 'x\x00'", "Q26 like": "tags.t LIKE '%\x00%'",
				"Q26 key": "tags.`t\x00` = 'x'", "Q26 name": "attributes.run_name = '\x00'", "Q26 list": "attributes.run_id IN ('\x00')",
			} {
				if got := g.found(experiment, filter); got != "" && got != "400 INVALID_PARAMETER_VALUE" {
					t.Errorf("%s: %q", id, got)
				}
			}
			if got := g.found(experiment, "params.p = 'v' AND metrics.m = 1"); got != "victim" {
				t.Errorf("afterwards: %q", got)
			}
		})
	}
}

// Q10: letters whose other case depends on the language, or is longer, are the same to all stores.
func TestCasesAreTheSameEverywhere(t *testing.T) {
	t.Parallel()
	values := map[string]string{
		"a-dotted": "İstanbul", "b-dotless": "ısparta", "c-plain": "istanbul", "d-upper": "ISTANBUL", "e-sharp": "straße", "f-ss": "STRASSE",
		"g-kelvin": "\u212a", "h-sigma": "ΣΊΣΥΦΟΣ", "i-sigma": "σίσυφος", "j-long": "ſ",
	}
	filters := []string{
		"tags.t ILIKE 'İ%'", "tags.t ILIKE 'i%'", "tags.t ILIKE 'I%'", "tags.t ILIKE 'ı%'", "tags.t ILIKE 'STRASSE'", "tags.t ILIKE 'STRAßE'",
		"tags.t ILIKE 'k'", "tags.t ILIKE 'σίσυφος'", "tags.t ILIKE 's'", "params.p ILIKE '%STAN%'", "tags.t LIKE 'i%'", "tags.t ILIKE '_stanbul'",
	}
	answers := map[string]map[string]string{}
	for backend := range backends() {
		g := newTarget(t, backend, nil)
		experiment, _ := g.runIn("cases")
		for name, value := range values {
			g.named(experiment, name, value)
		}
		for _, filter := range filters {
			if answers[filter] == nil {
				answers[filter] = map[string]string{}
			}
			answers[filter][backend] = g.found(experiment, filter)
		}
	}
	for filter, by := range answers {
		for backend, got := range by {
			if got != by["file"] || strings.HasPrefix(got, "4") || strings.HasPrefix(got, "5") {
				t.Errorf("%s: %s finds %q, file %q", filter, backend, got, by["file"])
			}
		}
	}
	if got := answers["tags.t ILIKE 'I%'"]["file"]; !strings.Contains(got, "c-plain") || !strings.Contains(got, "d-upper") {
		t.Errorf("case does not matter to ILIKE, and it finds %q", got)
	}
}

// Q22: an operator has set what makes a backslash an escape, and an encoding in which it is part of a letter.
func TestADatabaseWithOddSettings(t *testing.T) {
	t.Parallel()
	uri := testenv.PostgresWith(t,
		"standard_conforming_strings = off", "client_encoding = SJIS", "backslash_quote = on", "escape_string_warning = off",
		"datestyle = 'German'", "intervalstyle = iso_8601", "extra_float_digits = -15", "bytea_output = escape",
	)
	g := newTargetAt(t, t.TempDir(), uri, nil)
	experiment, _ := g.runIn("odd settings")
	g.named(experiment, "victim", "v")
	for i, value := range []string{`\`, `\'`, `\\'`, `'`, `''`, `x\' OR 1=1 --`, "表", "表' OR 1=1 --", "ソ\\", "é", "😀", `\x41`, `\101`, "\t\n"} {
		name := fmt.Sprintf("run %d", i)
		g.named(experiment, name, value)
		filter := "tags.t = \"" + value + "\""
		if got := g.found(experiment, filter); got != name {
			t.Errorf("%q: %s finds %q", value, filter, got)
		}
	}
	for id, filter := range quoting() {
		if got := g.found(experiment, filter); strings.Contains(got, "victim") || strings.HasPrefix(got, "5") {
			t.Errorf("%s: %s finds %q", id, filter, got)
		}
	}
	a := g.call("POST", "/api/2.0/mlflow/runs/search", map[string]any{"experiment_ids": []string{experiment}, "filter": "metrics.m = 1", "max_results": 100})
	if a.status != http.StatusOK || strings.Count(a.body, `"key":"p"`) != 15 {
		t.Errorf("%d, and %d of 15 runs", a.status, strings.Count(a.body, `"key":"p"`))
	}
}
