package project_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/project"
	"github.com/mlstore/mlstore/conformance/reference"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func harness() project.Harness { return reference.Projects() }

func drive(b core.ProjectBackend) project.Driver { return b.(*mem.Projects) }

func TestConformance(t *testing.T) {
	t.Parallel()
	project.TestDriven(t, harness(), drive, func(o *conformance.Options) { o.Level = conformance.Extended })
}

// Without a driver the cases that play a job are not applicable, and say so.
func TestConformanceWithoutDriver(t *testing.T) {
	t.Parallel()
	project.Test(t, harness())
	r := conformance.Run(t.Context(), project.Suite(), harness(), conformance.Options{})
	if n := r.Count(conformance.NotApplicable); n < 12 || r.Verdict() != conformance.Pass {
		t.Errorf("got %s, want a dozen cases not applicable", r.Summary())
	}
}

func ExampleSuite() {
	r := conformance.Run(context.Background(), project.Suite(), harness(), conformance.Options{Only: []string{"PB-001"}, Seed: 1})
	fmt.Println(r.Summary())
	// Output: project conformance of "mem", level core, seed 1: 1 pass, 0 fail, 0 error, 0 n/a, 0 skipped
}

func ExampleCases() {
	for _, c := range project.Cases() {
		if c.ID == "PB-031" {
			fmt.Println(c.Name, "–", c.Rule)
		}
	}
	// Output: cancel/running – A running job that is canceled becomes KILLED.
}

// What a comment of the contract promises, a case checks.
func TestEveryClauseHasACase(t *testing.T) {
	t.Parallel()
	clauses, err := conformance.Clauses(os.DirFS("../../core"), "PB")
	if err != nil {
		t.Fatal(err)
	}
	suite := project.Suite()
	for _, fault := range append(suite.Check(), conformance.Uncovered(clauses, suite.Entries(), nil)...) {
		t.Error(fault)
	}
	if ids := conformance.Unmentioned(clauses, suite.Entries()); len(ids) > 0 {
		t.Errorf("cases of which no comment of the contract speaks: %v", ids)
	}
}
