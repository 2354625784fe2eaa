package registrystore_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/reference"
	"github.com/mlstore/mlstore/conformance/registrystore"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/mem"
)

func harness() registrystore.Harness { return reference.Registry() }

func TestConformance(t *testing.T) {
	t.Parallel()
	registrystore.Test(t, harness(), func(o *conformance.Options) { o.Level = conformance.Extended })
}

// plain is a registry without abilities.
type plain struct{ core.RegistryStore }

func (p plain) Ability(any) bool { return false }

func (p plain) Describe(ctx context.Context) (core.Info, error) {
	info, err := p.RegistryStore.Describe(ctx)
	info.Capabilities = core.CapabilitiesOf(p, core.SearchNative)
	return info, err
}

// A registry without abilities and promises is conformant too: what needs them is not applicable.
func TestConformanceWithoutAbilities(t *testing.T) {
	t.Parallel()
	h := registrystore.Harness{Open: func(conformance.T) core.RegistryStore { return plain{mem.NewRegistry()} }}
	stagesShow := []string{"RG-021", "RG-073"} // the registry below still has them
	r := conformance.Run(t.Context(), registrystore.Suite(), h, conformance.Options{Skip: stagesShow})
	if r.Count(conformance.NotApplicable) < 12 || r.Verdict() != conformance.Pass {
		t.Errorf("got %s, want aliases not applicable, and no failure but %v %v", r.Summary(), r.Problems, r.Failures())
	}
}

func ExampleSuite() {
	r := conformance.Run(context.Background(), registrystore.Suite(), harness(), conformance.Options{Only: []string{"RG-001"}, Seed: 1})
	fmt.Println(r.Summary())
	// Output: registry conformance of "mem", level core, seed 1: 1 pass, 0 fail, 0 error, 0 n/a, 0 skipped
}

func ExampleCases() {
	for _, c := range registrystore.Cases() {
		if c.ID == "RG-053" {
			fmt.Println(c.Name, "–", c.Rule)
		}
	}
	// Output: alias/move – Setting an alias on another version moves it: the old one has it no longer.
}

// What a comment of the contract promises, a case checks.
func TestEveryClauseHasACase(t *testing.T) {
	t.Parallel()
	clauses, err := conformance.Clauses(os.DirFS("../../core"), "RG")
	if err != nil {
		t.Fatal(err)
	}
	suite := registrystore.Suite()
	for _, fault := range append(suite.Check(), conformance.Uncovered(clauses, suite.Entries(), nil)...) {
		t.Error(fault)
	}
	if ids := conformance.Unmentioned(clauses, suite.Entries()); len(ids) > 0 {
		t.Errorf("cases of which no comment of the contract speaks: %v", ids)
	}
}
