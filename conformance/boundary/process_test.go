package boundary_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/boundary"
	"github.com/mlstore/mlstore/core"
)

// All cases pass on the other side of a good host.
func TestPretendedProcess(t *testing.T) {
	t.Parallel()
	goes(t, trackingSide(), processWorld(trackingSide(), trackingOver, ""))
	goes(t, artifactSide(), processWorld(artifactSide(), artifactsOver, ""))
}

func goes[S core.Store](t *testing.T, s side[S], w world[S]) {
	t.Helper()
	r := conformance.Run(t.Context(), s.table(w.Hooks), w.Harness, conformance.Options{Level: conformance.Extended})
	for _, f := range r.Failures() {
		t.Error(f.Explain())
	}
	if n := r.Count(conformance.NotApplicable); n > 5 || len(r.Problems) > 0 {
		t.Errorf("%s %v", r.Summary(), r.Problems)
	}
	t.Log(r.Summary())
}

// dies runs one case, which must fail, and not by a panic or for want of time.
func dies[S core.Store](t *testing.T, id string, s side[S], w world[S]) {
	t.Helper()
	r := conformance.Run(t.Context(), s.table(w.Hooks), w.Harness, conformance.Options{Level: conformance.Extended, Only: []string{id}})
	if len(r.Results) != 1 || r.Results[0].Verdict != conformance.Fail || strings.Contains(r.Results[0].Message, "the case did not end") {
		t.Errorf("%s passes what is wrong: %s %v %+v", id, r.Summary(), r.Problems, r.Results)
		return
	}
	t.Log(r.Results[0].Message)
}

// Every case on processes fails on the other side of a host that does what the case is about wrong.
func TestBadHostsFail(t *testing.T) {
	t.Parallel()
	for flaw, id := range map[string]string{
		"panic is an outage":          "PL-007",
		"panic shows its stack":       "PL-007",
		"does not say why":            "PL-019",
		"untyped":                     "PL-019",
		"tokens die with the process": "PL-020",
		"waits for the frozen":        "PL-022",
		"outlives its host":           "PL-023",
		"leaves a socket":             "PL-024",
		"sees nothing":                "PL-024",
		"starts for ever":             "PL-025",
		"names no plugin":             "PL-025",
		"answers":                     "PL-025",
		"takes what is newer":         "PL-031",
		"names no versions":           "PL-031",
		"serves without cookie":       "PL-033",
		"runs another program":        "PL-033",
		"tries no impostor":           "PL-033",
	} {
		t.Run(flaw, func(t *testing.T) {
			t.Parallel()
			dies(t, id, trackingSide(), processWorld(trackingSide(), trackingOver, flaw))
		})
	}
	t.Run("publishes the half", func(t *testing.T) {
		t.Parallel()
		dies(t, "PL-021", artifactSide(), processWorld(artifactSide(), artifactsOver, "publishes the half"))
	})
}

// idsIn lists the ids of cases that a file of this folder mentions.
func idsIn(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`PL-\d{3}`).FindAllString(string(text), -1)
}

// What a comment of the contract promises, a case checks, and the other way round.
func TestEveryClauseHasACase(t *testing.T) {
	t.Parallel()
	clauses, err := conformance.Clauses(os.DirFS("../../core"), "PL")
	if err != nil {
		t.Fatal(err)
	}
	entries := boundary.Tracking(boundary.Hooks[core.TrackingStore]{}).Entries()
	for _, fault := range conformance.Uncovered(clauses, entries, nil) {
		t.Error(fault)
	}
	if ids := conformance.Unmentioned(clauses, entries); len(ids) > 0 {
		t.Errorf("cases of which no comment of the contract speaks: %v", ids)
	}
}
