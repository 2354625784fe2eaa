package tracking

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func concurrentModelCases() []entry {
	return []entry{{
		ID: "TS-201", Name: "model/concurrent", Level: conformance.Extended, Run: batchesAtOnce,
		Rule: "Of batches and reads of one run by several clients there is an order for every key that explains what was read.",
	}}
}

// journal is what several clients did to the keys of one run, by key.
type journal struct {
	began     time.Time
	mu        sync.Mutex
	histories map[string][]porcupine.Operation
}

// add records that a client did something to keys from a moment until now.
func (j *journal) add(client int, call time.Duration, ops map[string]operation) {
	end := time.Since(j.began)
	j.mu.Lock()
	defer j.mu.Unlock()
	for key, op := range ops {
		j.histories[key] = append(j.histories[key],
			porcupine.Operation{ClientId: client, Input: op, Output: answer(op.value), Call: int64(call), Return: int64(end)})
	}
}

// batchesAtOnce lets clients log two of some keys a batch, and read the run, at once. What happened to one key is the
// history of a register.
func batchesAtOnce(t check, e *env) {
	const clients, each = 4, 25
	keys := []string{"a", "b", "c"}
	r := newRunAlone(t, e)
	plan := make([][]int, clients) // which key a batch leaves out; one more is a read
	for c := range plan {
		for range each {
			plan[c] = append(plan[c], e.Rand.IntN(2*len(keys)))
		}
	}
	j := &journal{began: time.Now(), histories: map[string][]porcupine.Operation{}}
	together(t, clients, func(c int) error {
		s := e.Store
		if c%2 == 1 && e.Info.Settle == 0 {
			s = e.Second()
		}
		for i, choice := range plan[c] {
			call := time.Since(j.began)
			act := readAllOf
			if choice < len(keys) {
				act = logging(fmt.Sprintf("%d of client %d", i, c), choice)
			}
			ops, err := act(t.Context(), s, r.ID, keys)
			if err != nil {
				return err
			}
			j.add(c, call, ops)
		}
		return nil
	})
	for _, key := range keys {
		explained(t, key, j.histories[key])
	}
}

// readAllOf reads the keys of a run.
func readAllOf(ctx context.Context, s store, id core.RunID, keys []string) (map[string]operation, error) {
	got, err := s.Run(ctx, id)
	ops := map[string]operation{}
	for _, key := range keys {
		ops[key] = operation{"read", got.Tags[key]}
	}
	return ops, err
}

// logging logs one value to all keys of a run but one, in one batch.
func logging(value string, but int) func(context.Context, store, core.RunID, []string) (map[string]operation, error) {
	return func(ctx context.Context, s store, id core.RunID, keys []string) (map[string]operation, error) {
		var batch core.Batch
		ops := map[string]operation{}
		for i, key := range keys {
			if i != but {
				batch.Tags = append(batch.Tags, core.Tag{Key: key, Value: value})
				ops[key] = operation{"write", value}
			}
		}
		return ops, s.LogBatch(ctx, id, batch)
	}
}

// explained fails the case when no order of writes and reads explains the values that were read.
func explained(t check, key string, history []porcupine.Operation) {
	t.Helper()
	const patience = 10 * time.Second
	model := porcupine.Model{
		Init: func() any { return "" },
		Step: func(state, input, _ any) (bool, any) {
			op, _ := input.(operation)
			if op.verb == "read" {
				return op.value == state, state
			}
			return true, op.value
		},
	}
	switch porcupine.CheckOperationsTimeout(model, history, patience) {
	case porcupine.Ok:
	case porcupine.Illegal:
		t.Errorf("no order of the operations on %q explains what was read:\n%s", key, told(history))
	case porcupine.Unknown:
		t.Errorf("no verdict on %d operations after %v", len(history), patience)
	}
}
