package mutants

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// Mutant breaks one promise of a reference store M, which it makes a store S of.
type Mutant[M, S core.Store] struct {
	ID       string
	Breaks   string   // what is wrong, in one sentence
	KilledBy []string // ids of cases: at least one of them must fail
	Wrap     func(M) S
}

// reference is a store whose data another handle can reach.
type reference[M any] interface {
	core.Store
	Reopen() M
}

// Harness opens mutants of references that fresh makes.
func Harness[M reference[M], S core.Store](m Mutant[M, S], fresh func() M) conformance.Harness[S] {
	var below sync.Map // from the mutant to the reference that it wraps
	wrap := func(inner M) S {
		s := m.Wrap(inner)
		below.Store(core.Store(s), inner)
		return s
	}
	other := func(t conformance.T, of S) S {
		inner, ok := below.Load(core.Store(of))
		if !ok {
			t.Fatal("the store is not one of this harness")
		}
		return wrap(inner.(M).Reopen()) //nolint:forcetypeassert // stored above
	}
	return conformance.Harness[S]{
		Open:   func(conformance.T) S { return wrap(fresh()) },
		Second: other,
		Reopen: func(t conformance.T, old S) S {
			if err := old.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			return other(t, old)
		},
	}
}

// Judge says what is wrong when a suite that ran on a mutant has not killed it as it should, and else nothing. A panic or
// a case that did not end tells of no broken promise.
func Judge(r conformance.Report, id string, killers []string) string {
	if len(r.Problems) > 0 {
		return fmt.Sprintf("%s: the run broke: %s", id, strings.Join(r.Problems, "; "))
	}
	var failed, known []string
	for _, result := range r.Results {
		known = append(known, result.ID)
		if result.Verdict == conformance.Fail && !strings.Contains(result.Message, "the case did not end") {
			failed = append(failed, result.ID)
		}
	}
	for _, killer := range killers {
		if !slices.Contains(known, killer) {
			return fmt.Sprintf("%s: %s, which must kill it, has not run", id, killer)
		}
	}
	switch {
	case len(r.Failures()) == 0:
		return id + " survives"
	case len(failed) == 0:
		return id + " is killed by panics and time-outs alone"
	case !slices.ContainsFunc(killers, func(k string) bool { return slices.Contains(failed, k) }):
		return fmt.Sprintf("%s is killed by %v, and by none of %v", id, failed, killers)
	}
	return ""
}

// Dies runs one case on a store that breaks it, and says what is wrong when the case does not fail as it should, and else
// nothing.
func Dies[S core.Store](ctx context.Context, s conformance.Suite[S], h conformance.Harness[S], id string) string {
	r := conformance.Run(ctx, s, h, conformance.Options{Level: conformance.Performance, Only: []string{id}})
	return Judge(r, "the store", []string{id})
}
