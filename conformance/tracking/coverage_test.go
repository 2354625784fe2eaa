package tracking_test

import (
	"os"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/tracking"
)

// pending lists promises of the contract that no case checks yet.
func pending() map[string]string {
	return map[string]string{}
}

// Every promise of the contract has a case.
func TestEveryClauseHasACase(t *testing.T) {
	t.Parallel()
	clauses, err := conformance.Clauses(os.DirFS("../../core"), "TS")
	if err != nil {
		t.Fatal(err)
	}
	suite := tracking.Suite()
	for _, fault := range append(suite.Check(), conformance.Uncovered(clauses, suite.Entries(), pending())...) {
		t.Error(fault)
	}
	if len(clauses) < 100 {
		t.Errorf("found %d clauses: are the comments where they were?", len(clauses))
	}
	if ids := conformance.Unmentioned(clauses, suite.Entries()); len(ids) > 0 {
		t.Errorf("cases of which no comment of the contract speaks: %v", ids)
	}
}
