package tracking

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func linearCases() []entry {
	return []entry{
		{
			ID: "TS-170", Name: "conc/create-same-name", Run: raceForName,
			Rule: "Of callers who race to create one experiment exactly one succeeds; the others are told that it exists, and it does.",
		},
		{
			ID: "TS-171", Name: "conc/rename-race", Level: conformance.Extended, Run: raceForRename,
			Rule: "Of experiments that race for one new name exactly one gets it.",
		},
		{
			ID: "TS-172", Name: "conc/param-set-once", Run: raceForParam,
			Rule: "A param that callers race to log is written once: whoever sees a value sees that one for ever.",
		},
		{
			ID: "TS-173", Name: "conc/tag-register", Level: conformance.Extended, Run: raceForTag,
			Rule: "Setting, deleting and reading a tag happen one after the other, in an order that fits their times.",
		},
		{
			ID: "TS-176", Name: "conc/lifecycle-register", Level: conformance.Extended, Run: raceForLifecycle,
			Rule: "Deleting, restoring and reading a run happen one after the other, in an order that fits their times.",
		},
	}
}

// operation is what a caller asked for.
type operation struct {
	verb  string // such as "read"
	value string
}

// answer is what came of it: a value that was read, or how a change ended.
type answer string

const (
	done    answer = "ok"
	refused answer = "refused"
)

// register is the sequential specification of one value: the state after an operation, and whether the answer fits.
type register func(state string, op operation, got answer) (next string, fits bool)

// race lets clients perform random operations at once and checks that there is an order of them that explains all
// answers. Half of the clients use the second handle, unless that may lag behind.
func race(t check, e *env, of register, choices []operation, perform func(context.Context, store, operation) (answer, error)) {
	t.Helper()
	const clients, each = 8, 12
	plan := make([][]operation, clients)
	for c := range plan {
		for range each {
			plan[c] = append(plan[c], choices[e.Rand.IntN(len(choices))])
		}
	}
	var mu sync.Mutex
	var history []porcupine.Operation
	began := time.Now()
	together(t, clients, func(c int) error {
		s := e.Store
		if c%2 == 1 && e.Info.Settle == 0 {
			s = e.Second()
		}
		for _, op := range plan[c] {
			call := time.Since(began)
			got, err := perform(t.Context(), s, op)
			end := time.Since(began)
			if err != nil {
				return fmt.Errorf("%s %q: %w", op.verb, op.value, err)
			}
			mu.Lock()
			history = append(history, porcupine.Operation{ClientId: c, Input: op, Call: int64(call), Output: got, Return: int64(end)})
			mu.Unlock()
		}
		return nil
	})
	model := porcupine.Model{
		Init: func() any { return "" },
		Step: func(state, input, output any) (bool, any) {
			was, _ := state.(string)
			op, _ := input.(operation)
			got, _ := output.(answer)
			next, fits := of(was, op, got)
			return fits, next
		},
	}
	const patience = 10 * time.Second
	switch porcupine.CheckOperationsTimeout(model, history, patience) {
	case porcupine.Ok:
	case porcupine.Illegal:
		t.Errorf("no order of the operations explains their answers:\n%s", told(history))
	case porcupine.Unknown:
		t.Errorf("no verdict on %d operations after %v", len(history), patience)
	}
}

// told prints a history by time of call.
func told(history []porcupine.Operation) string {
	var b strings.Builder
	for _, op := range history {
		fmt.Fprintf(&b, "client %d, %v to %v: %v → %v\n", op.ClientId, time.Duration(op.Call), time.Duration(op.Return), op.Input,
			op.Output)
	}
	return b.String()
}

// ended turns the errors that a register expects into answers.
func ended(err, refusal error) (answer, error) {
	if err == nil {
		return done, nil
	}
	if refusal != nil && errors.Is(err, refusal) {
		return refused, nil
	}
	return "", err
}

// reads is an operation of every choice, as often as the changes together.
func reads(n int) []operation {
	all := make([]operation, n)
	for i := range all {
		all[i] = operation{verb: "read"}
	}
	return all
}

// once is a value that is written once; the same value again is accepted when again says so.
func once(again bool) register {
	return func(state string, op operation, got answer) (string, bool) {
		switch {
		case op.verb == "read":
			return state, got == answer(state)
		case state == "":
			return op.value, got == done
		}
		return state, (got == done) == (again && state == op.value)
	}
}

func raceForName(t check, e *env) {
	for range 5 {
		name := e.Name("race")
		choices := append(reads(1), operation{"create", "x"})
		race(t, e, once(false), choices, func(ctx context.Context, s store, op operation) (answer, error) {
			if op.verb == "read" {
				_, err := s.Experiment(ctx, core.ExperimentRef{Name: name})
				if errors.Is(err, core.ErrNotFound) {
					return "", nil
				}
				return "x", err
			}
			x, err := s.CreateExperiment(ctx, core.ExperimentSpec{Name: name})
			if err == nil {
				forget(t, e, e.Store, x.ID) //nolint:contextcheck // the clean-up outlives the call
			}
			return ended(err, core.ErrExists)
		})
		foundExperiments(t, e, core.ExperimentQuery{Filter: "name = '" + name + "'"}, name)
	}
}

func raceForRename(t check, e *env) {
	name := e.Name("race")
	ids := map[string]core.ExperimentID{}
	choices := reads(4)
	for i := range 4 {
		value := strconv.Itoa(i)
		ids[value] = newExperiment(t, e, core.ExperimentSpec{}).ID
		choices = append(choices, operation{"rename", value})
	}
	race(t, e, once(true), choices, func(ctx context.Context, s store, op operation) (answer, error) {
		if op.verb == "rename" {
			return ended(s.UpdateExperiment(ctx, ids[op.value], core.ExperimentChange{Name: &name}), core.ErrExists)
		}
		x, err := s.Experiment(ctx, core.ExperimentRef{Name: name})
		if errors.Is(err, core.ErrNotFound) {
			return "", nil
		}
		for value, id := range ids {
			if err == nil && id == x.ID {
				return answer(value), nil
			}
		}
		return "", err
	})
}

func raceForParam(t check, e *env) {
	for range 5 {
		r := newRunAlone(t, e)
		choices := append(reads(3), operation{"log", "a"}, operation{"log", "b"}, operation{"log", "c"})
		race(t, e, once(true), choices, func(ctx context.Context, s store, op operation) (answer, error) {
			if op.verb == "log" {
				return ended(s.LogBatch(ctx, r.ID, params("p", op.value)), core.ErrInvalid)
			}
			got, err := s.Run(ctx, r.ID)
			return answer(got.Params["p"]), err
		})
	}
}

func raceForTag(t check, e *env) {
	r := newRunAlone(t, e)
	choices := append(reads(4), operation{"set", "a"}, operation{"set", "b"}, operation{verb: "delete"})
	rule := func(state string, op operation, got answer) (string, bool) {
		switch op.verb {
		case "read":
			return state, got == answer(state)
		case "delete":
			return "", (got == done) == (state != "")
		}
		return op.value, got == done
	}
	race(t, e, rule, choices, func(ctx context.Context, s store, op operation) (answer, error) {
		switch op.verb {
		case "set":
			return ended(s.ChangeRunTags(ctx, r.ID, core.TagChange{Set: map[string]string{"k": op.value}}), nil)
		case "delete":
			return ended(s.ChangeRunTags(ctx, r.ID, core.TagChange{Delete: []string{"k"}}), core.ErrNotFound)
		}
		got, err := s.Run(ctx, r.ID)
		return answer(got.Tags["k"]), err
	})
}

func raceForLifecycle(t check, e *env) {
	r := newRunAlone(t, e)
	choices := append(reads(2), operation{"move", string(core.Deleted)}, operation{"move", string(core.Active)})
	rule := func(state string, op operation, got answer) (string, bool) {
		if op.verb == "move" {
			return op.value, got == done
		}
		if state == "" {
			state = string(core.Active)
		}
		return state, got == answer(state)
	}
	race(t, e, rule, choices, func(ctx context.Context, s store, op operation) (answer, error) {
		if op.verb == "move" {
			_, err := s.UpdateRun(ctx, r.ID, core.RunChange{Lifecycle: core.Lifecycle(op.value)})
			return ended(err, nil)
		}
		got, err := s.Run(ctx, r.ID)
		return answer(got.Lifecycle), err
	})
}
