package artifact_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/artifact"
	"github.com/mlstore/mlstore/conformance/reference"
)

func harness() artifact.Harness { return reference.Artifacts() }

func TestConformance(t *testing.T) {
	t.Parallel()
	artifact.Test(t, harness(), func(o *conformance.Options) { o.Level = conformance.Extended })
}

func ExampleSuite() {
	r := conformance.Run(context.Background(), artifact.Suite(), harness(), conformance.Options{Only: []string{"AR-001"}, Seed: 1})
	fmt.Println(r.Summary())
	// Output: artifact conformance of "mem", level core, seed 1: 1 pass, 0 fail, 0 error, 0 n/a, 0 skipped
}

func ExampleCases() {
	for _, c := range artifact.Cases() {
		if c.ID == "AR-056" {
			fmt.Println(c.Name, "–", c.Rule)
		}
	}
	// Output: delete/prefix-safe – Deleting a path spares every sibling whose name merely starts with it (D-11).
}

// What a comment of the contract promises, a case checks.
func TestEveryClauseHasACase(t *testing.T) {
	t.Parallel()
	clauses, err := conformance.Clauses(os.DirFS("../../core"), "AR")
	if err != nil {
		t.Fatal(err)
	}
	suite := artifact.Suite()
	for _, fault := range append(suite.Check(), conformance.Uncovered(clauses, suite.Entries(), nil)...) {
		t.Error(fault)
	}
	if ids := conformance.Unmentioned(clauses, suite.Entries()); len(ids) > 0 {
		t.Errorf("cases of which no comment of the contract speaks: %v", ids)
	}
}
