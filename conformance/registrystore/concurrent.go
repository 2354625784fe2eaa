package registrystore

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func concurrencyCases() []entry {
	return []entry{
		{
			ID: "RG-092", Name: "conc/version-allocation",
			Rule: "Concurrent creations get the numbers 1 to n, each once, and in the order in which they happened (D-15).",
			Why:  "MLflow's SQL store takes the highest number plus one, and its retry does not roll back", Run: allocate,
		},
		{
			ID: "RG-094", Name: "conc/alias-register", Needs: []core.Capability{aliases},
			Rule: "Setting, deleting and reading an alias take effect at one moment each.", Run: aliasRegister,
		},
	}
}

func raceCases() []entry {
	return []entry{
		{ID: "RG-093", Name: "conc/create-model-race", Rule: "Of several callers racing for a name one succeeds.", Run: createRace},
		{
			ID: "RG-096", Name: "conc/delete-against-create-version", Level: conformance.Extended,
			Rule: "A version created while its model is deleted belongs to it or is ErrNotFound: no orphan is left.", Run: deleteRace,
		},
	}
}

// operation is one operation of a client, in the terms of porcupine.
func operation(client int, input, output any, began time.Time, call int64) porcupine.Operation {
	return porcupine.Operation{ClientId: client, Input: input, Output: output, Call: call, Return: time.Since(began).Nanoseconds()}
}

// linear fails the case when no order of the operations explains what they returned.
func linear(t check, m porcupine.Model, history [][]porcupine.Operation) {
	t.Helper()
	all := slices.Concat(history...)
	switch porcupine.CheckOperationsTimeout(m, all, patience) {
	case porcupine.Ok:
	case porcupine.Illegal:
		slices.SortFunc(all, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
		for _, o := range all[:min(len(all), 50)] {
			t.Logf("client %d, %d to %d: %s", o.ClientId, o.Call, o.Return, m.DescribeOperation(o.Input, o.Output))
		}
		t.Errorf("no order of the %d operations explains what they returned", len(all))
	case porcupine.Unknown:
		t.Skip("the order of the operations could not be decided in time")
	}
}

func allocate(t check, e *env) {
	const writers, each = 16, 25
	name := newModel(t, e, core.ModelSpec{}).Name
	began := time.Now()
	history := make([][]porcupine.Operation, writers)
	errs := make([]error, writers)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			s := e.Store
			if w%2 == 1 {
				s = e.Second()
			}
			for range each {
				call := time.Since(began).Nanoseconds()
				v, err := s.CreateVersion(t.Context(), name, core.VersionSpec{Source: "s3://b/k"})
				if err != nil {
					errs[w] = err
					return
				}
				history[w] = append(history[w], operation(w, nil, v.Number, began, call))
			}
		})
	}
	all.Wait()
	conformance.NoError(t, "CreateVersion", errors.Join(errs...))
	var got []int
	for _, o := range slices.Concat(history...) {
		number, _ := o.Output.(int)
		got = append(got, number)
	}
	slices.Sort(got)
	for i, number := range got {
		if number != i+1 {
			t.Fatalf("the numbers given are %v, want 1 to %d, each once", got, writers*each)
		}
	}
	linear(t, porcupine.Model{
		Init: func() any { return 0 },
		Step: func(state, _, output any) (bool, any) {
			last, _ := state.(int)
			return output == last+1, last + 1
		},
		DescribeOperation: func(_, output any) string { return fmt.Sprintf("number %v", output) },
	}, history)
	found, err := searchVersions(t.Context(), e.Second(), byNumber("name = '"+name+"'"))
	conformance.NoError(t, "SearchVersions", err)
	conformance.Equal(t, "numbers found", numbers(found), got)
}

// aliasOp sets the alias to a number, deletes it (0), or reads it.
type aliasOp struct {
	read   bool
	number int
}

func aliasRegister(t check, e *env) {
	const clients, each = 6, 40
	if e.Info.Settle > 0 {
		t.Skip("the store shows changes late, as it announces")
	}
	name, _ := newLine(t, e, 3)
	began := time.Now()
	history := make([][]porcupine.Operation, clients)
	plans := make([][]aliasOp, clients)
	errs := make([]error, clients)
	for c := range clients {
		for range each {
			plans[c] = append(plans[c], aliasOp{read: e.Rand.IntN(2) == 0, number: e.Rand.IntN(4)})
		}
	}
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			s := e.Store
			if c%2 == 1 {
				s = e.Second()
			}
			a, ok := core.As[core.Aliases](s)
			if !ok {
				errs[c] = errors.New("a handle has no aliases")
				return
			}
			for _, op := range plans[c] {
				call := time.Since(began).Nanoseconds()
				number, err := doAlias(t, a, name, op)
				if err != nil {
					errs[c] = err
					return
				}
				history[c] = append(history[c], operation(c, op, number, began, call))
			}
		})
	}
	all.Wait()
	conformance.NoError(t, "the operations", errors.Join(errs...))
	linear(t, porcupine.Model{
		Init: func() any { return 0 },
		Step: func(state, input, output any) (bool, any) {
			op, _ := input.(aliasOp)
			if op.read {
				return output == state, state
			}
			return true, op.number
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v gave %v", input, output) },
	}, history)
}

func doAlias(t check, a core.Aliases, model string, op aliasOp) (int, error) {
	const alias = "register"
	switch {
	case op.read:
		v, err := a.VersionByAlias(t.Context(), model, alias)
		if errors.Is(err, core.ErrNotFound) {
			return 0, nil
		}
		return v.Number, err
	case op.number == 0:
		return 0, a.DeleteAlias(t.Context(), model, alias)
	default:
		return 0, a.SetAlias(t.Context(), core.VersionRef{Model: model, Number: op.number}, alias)
	}
}

func createRace(t check, e *env) {
	const callers, rounds = 16, 5
	for range rounds {
		name := e.Name("raced")
		forget(t, e, e.Store, name)
		errs := make([]error, callers)
		var all sync.WaitGroup
		for c := range callers {
			all.Go(func() {
				s := e.Store
				if c%2 == 1 {
					s = e.Second()
				}
				_, errs[c] = s.CreateModel(t.Context(), core.ModelSpec{Name: name, Description: strconv.Itoa(c)})
			})
		}
		all.Wait()
		winner := -1
		for c, err := range errs {
			switch {
			case err == nil && winner >= 0:
				t.Errorf("callers %d and %d have both created %q", winner, c, name)
			case err == nil:
				winner = c
			default:
				conformance.Refused(t, "CreateModel of a loser", err, core.ErrExists, name)
			}
		}
		conformance.Equal(t, "the description is the winner's", readModel(t, e, name).Description, strconv.Itoa(winner))
	}
}

func deleteRace(t check, e *env) {
	const rounds = 20
	for range rounds {
		name, _ := newLine(t, e, 1)
		var created, deleted error
		var kept atomic.Bool // nothing will end the creations
		var both sync.WaitGroup
		both.Go(func() {
			for created == nil && !kept.Load() {
				_, created = e.Store.CreateVersion(t.Context(), name, core.VersionSpec{Source: "s3://b/k"})
			}
		})
		both.Go(func() {
			deleted = e.Second().DeleteModel(t.Context(), name)
			kept.Store(deleted != nil)
		})
		both.Wait()
		conformance.NoError(t, "DeleteModel", deleted)
		conformance.Refused(t, "CreateVersion after the deletion", created, core.ErrNotFound, name)
		sawNoModel(t, e, name)
		sawVersions(t, e, byNumber("name = '"+name+"'"))
		newModel(t, e, core.ModelSpec{Name: name})
		conformance.Equal(t, "the first number of the new model", newVersion(t, e, name, core.VersionSpec{}).Number, 1)
		sawVersions(t, e, byNumber("name = '"+name+"' AND version_number > 1"))
	}
}
