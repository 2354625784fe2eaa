package conformance

import (
	"time"

	"github.com/mlstore/mlstore/core"
)

// Harness tells the suite how to reach a store. Open alone is needed; what else there is unlocks more cases.
type Harness[S core.Store] struct {
	// Open opens the store. The runner closes it. It is called once for the run and again for cases that need a handle of
	// their own, which may be on other data.
	Open func(T) S

	// Second opens an independent handle on the data of the first: another client, another process. Without it changes are
	// observed through the handle that made them, and the report says so.
	Second func(t T, first S) S

	// Reopen closes the handle and opens the same data anew. Without it the cases on durability are skipped.
	Reopen func(t T, old S) S

	// Malformed lists ids that this store cannot have made, beyond those that no store can.
	Malformed Malformed

	// Settle is added patience: how long a change may take to be seen, when that is longer than the store announces.
	Settle time.Duration

	// Transport is the way to the store; empty is Linked.
	Transport Transport
	// Faults opens one more handle on the data of the first, over a path that can be broken, and returns what breaks it.
	Faults func(t T, first S) (S, Faults)
	// Restart ends whatever keeps the data of the handle, a server or a process, and starts it again.
	Restart func(t T, of S)
	// ReadOnly opens one more handle on the data of the first that refuses every change.
	ReadOnly func(t T, first S) S
	// Calls counts the requests that the handle has made so far to what keeps its data: SQL statements, HTTP requests, calls
	// of a plugin.
	Calls func(of S) int64
}

// Malformed lists ids by what they would identify.
type Malformed struct {
	Experiments, Runs, LoggedModels, Models, Versions, Jobs, Paths []string
}
