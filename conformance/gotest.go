package conformance

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
)

// Variables that `go test` runs listen to, above what the test itself says.
const (
	LevelVariable = "MLSTORE_CONFORMANCE_LEVEL" // core, extended or performance
	SeedVariable  = "MLSTORE_CONFORMANCE_SEED"
)

// RunTests runs a suite as parallel subtests of t, one a case, such as TestStore/TS-001_exp_create-returns-entity. A case
// that is n/a or skipped is logged and counted, not skipped in the sense of `go test`.
func RunTests[S core.Store](t *testing.T, suite Suite[S], h Harness[S], o Options) {
	t.Helper()
	o = fromVariables(t, o)
	name := t.Name()
	o.Repro = func(id string, seed uint64) string {
		return fmt.Sprintf("%s=%s %s=%d go test -run '^%s$/^%s_'", LevelVariable, o.Level, SeedVariable, seed, name, id)
	}
	s := newSession(context.WithoutCancel(t.Context()), suite, h, o)
	t.Cleanup(func() { conclude(t, s.close(), s.spans) }) // runs after the parallel subtests
	if !s.open() {
		return
	}
	for _, c := range suite.Cases {
		if !s.options.selects(c.Entry(suite.Kind)) || s.spans(c.ID) {
			continue
		}
		t.Run(c.Title(), func(t *testing.T) {
			t.Parallel()
			show(t, s.run(c))
		})
	}
}

// show puts a result into the terms of `go test`.
func show(t *testing.T, r Result) {
	t.Helper()
	switch r.Verdict {
	case Pass:
	case NotApplicable, Skipped:
		t.Log(r.Explain())
	case Fail, Broken:
		t.Error(r.Explain() + "  log:\n    " + strings.Join(r.Log, "\n    "))
	}
}

func conclude(t *testing.T, r Report, spans func(id string) bool) {
	t.Helper()
	for _, p := range r.Problems {
		t.Errorf("%s conformance: %s", r.Kind, p)
	}
	for _, l := range r.Leftovers {
		t.Logf("left behind: %s", l)
	}
	for _, f := range r.Failures() {
		if spans(f.ID) { // the others have failed as subtests
			t.Error(f.Explain())
		}
	}
	t.Log(r.Summary())
}

func fromVariables(t *testing.T, o Options) Options {
	t.Helper()
	if text := os.Getenv(LevelVariable); text != "" {
		level, err := ParseLevel(text)
		if err != nil {
			t.Fatalf("%s: %v", LevelVariable, err)
		}
		o.Level = level
	}
	if text := os.Getenv(SeedVariable); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", SeedVariable, err)
		}
		o.Seed = seed
	}
	return o
}
