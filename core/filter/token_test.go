package filter_test

import (
	"math"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// nextToken returns the token of the second page of a query, and the cursor that it becomes.
func nextToken(t *testing.T, q core.RunQuery) string {
	t.Helper()
	q.Limit = 1
	token := must[core.Run](t)(filter.Runs(q, core.DefaultLimits())).Slice(someRuns()).Next
	if token == "" {
		t.Fatal("there is no token")
	}
	return token
}

func firstQuery() core.RunQuery {
	return core.RunQuery{
		Experiments: []core.ExperimentID{"1", "2"}, Filter: "params.p LIKE '%'", OrderBy: []string{"metrics.m", "params.p DESC"},
	}
}

func TestTokensAreAlwaysTheSame(t *testing.T) {
	t.Parallel()
	const want = "Ad_shc7GJzt7AD_wAAAAAAAAAANPbmUAAAABYVfILGN1lW4t" // made by another process, before
	if got := nextToken(t, firstQuery()); got != want {
		t.Errorf("the token is %s, want %s: running walks would break", got, want)
	}
}

func TestTokensHoldValuesExactly(t *testing.T) {
	t.Parallel()
	for _, value := range []float64{math.Copysign(0, -1), .1 + .2, math.SmallestNonzeroFloat64, math.MaxFloat64, math.Inf(-1), math.Inf(1)} {
		q := core.RunQuery{Experiments: []core.ExperimentID{"1"}, OrderBy: []string{"metrics.m", "end_time"}, PageOptions: core.PageOptions{Limit: 1}}
		runs := []core.Run{run("a", metric("m", value), func(r *core.Run) { r.StartTime = math.MinInt64 }), run("b", metric("m", math.NaN()))}
		q.Token = must[core.Run](t)(filter.Runs(q, core.DefaultLimits())).Slice(runs).Next
		cursor, ok := must[core.Run](t)(filter.Runs(q, core.DefaultLimits())).After()
		if !ok || math.Float64bits(cursor.Values[0].Float) != math.Float64bits(value) {
			t.Errorf("%v came back as %v", value, cursor.Values)
		}
		if cursor.Values[1].Presence != filter.Missing || cursor.Values[2].Integer != math.MinInt64 || cursor.Values[3].Text != "a" {
			t.Errorf("the cursor is %v", cursor.Values)
		}
	}
	if _, ok := must[core.Run](t)(runsIn()).After(); ok {
		t.Error("the first page has a cursor")
	}
}

func TestTokensOfOtherQueries(t *testing.T) {
	t.Parallel()
	token := nextToken(t, firstQuery())
	for name, change := range map[string]func(*core.RunQuery){
		"filter":      func(q *core.RunQuery) { q.Filter = "params.p LIKE '%_'" },
		"no filter":   func(q *core.RunQuery) { q.Filter = "" },
		"direction":   func(q *core.RunQuery) { q.OrderBy = []string{"metrics.m", "params.p"} },
		"order":       func(q *core.RunQuery) { q.OrderBy = q.OrderBy[:1] },
		"view":        func(q *core.RunQuery) { q.View = core.AllStages },
		"experiments": func(q *core.RunQuery) { q.Experiments = q.Experiments[:1] },
	} {
		q := firstQuery()
		change(&q)
		q.Token = token
		_, err := filter.Runs(q, core.DefaultLimits())
		wantInvalid(t, err, "Invalid page token", "belongs to a query with another")
		if t.Failed() {
			t.Log(name)
		}
	}
	for name, change := range map[string]func(*core.RunQuery){
		"limit":                func(q *core.RunQuery) { q.Limit = 7 },
		"fields":               func(q *core.RunQuery) { q.Fields = core.RunInfoOnly },
		"order of experiments": func(q *core.RunQuery) { q.Experiments = []core.ExperimentID{"2", "1", "2"} },
		"spelling":             func(q *core.RunQuery) { q.Filter = `parameter."p"  like "%" AND` },
	} {
		q := firstQuery()
		change(&q)
		q.Token = token
		if _, err := filter.Runs(q, core.DefaultLimits()); err != nil {
			t.Errorf("another %s: %v", name, err)
		}
	}
	_, err := filter.Experiments(core.ExperimentQuery{PageOptions: core.PageOptions{Token: token}}, core.DefaultLimits())
	wantInvalid(t, err, "Invalid page token")
}

func TestDamagedTokens(t *testing.T) {
	t.Parallel()
	q := firstQuery()
	token := nextToken(t, q)
	bad := []string{
		" ", "x", "!!!!", "eyJvZmZzZXQiOiAyfQ==", token + "A", token + "=", token + "\n", "A" + token, strings.ToLower(token), token + token,
		strings.Repeat("A", 5<<20),
	}
	for i := range token {
		bad = append(bad, token[:i], token[i:])
		for bit := range 8 {
			flipped := []byte(token)
			flipped[i] ^= 1 << bit
			bad = append(bad, string(flipped))
		}
	}
	for _, text := range bad {
		if text == "" || text == token {
			continue
		}
		q.Token = text
		_, err := filter.Runs(q, core.DefaultLimits())
		wantInvalid(t, err, "Invalid page token")
		if t.Failed() {
			t.Fatalf("the token was %.100q", text)
		}
	}
}
