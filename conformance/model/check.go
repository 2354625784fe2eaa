package model

import (
	"flag"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

const (
	sequences = 200
	steps     = 40               // of a sequence, on average
	budget    = 15 * time.Second // after which no new sequence starts: the runner gives a case a minute
	shrinking = "15s"            // most time to make a failing sequence shorter
)

// rapid keeps its settings in the flags of the process. Who checks holds this lock, since rapid reads them all the while.
var settings sync.Mutex

// check looks for a sequence of operations that breaks the property. The seed decides which ones are tried. It works in
// any program: rapid needs the flags of package testing, which only a test has from the start.
func check(t conformance.T, seed uint64, property func(*rapid.T)) {
	t.Helper()
	settings.Lock()
	defer settings.Unlock()
	if err := configure(seed); err != nil {
		t.Fatalf("setting rapid up: %v", err)
	}
	t.Logf("%d random sequences of about %d operations, rapid seed %d", sequences, steps, seed)
	began, failed := time.Now(), false
	rapid.Check(t, func(r *rapid.T) {
		if !failed && time.Since(began) > budget {
			return
		}
		passed := false
		defer func() { failed = failed || !passed }() // rapid panics to stop a sequence
		property(r)
		passed = !r.Failed()
	})
}

func configure(seed uint64) error {
	if !flag.Parsed() {
		testing.Init()
		if err := flag.CommandLine.Parse(nil); err != nil { // the program's arguments are its own affair
			return err
		}
	}
	for name, value := range map[string]string{
		"rapid.seed": strconv.FormatUint(max(seed, 1), 10), "rapid.checks": strconv.Itoa(sequences), "rapid.steps": strconv.Itoa(steps),
		"rapid.shrinktime": shrinking, "rapid.nofailfile": "true", // a suite leaves no files behind
	} {
		if err := flag.Set(name, value); err != nil {
			return fmt.Errorf("flag %s: %w", name, err)
		}
	}
	return nil
}

// sides are the two stores that a sequence works on. Both must give the same answers, apart from what a store chooses
// itself; the caller takes that out.
type sides[S any] struct {
	real, oracle S
}

// both calls a store and the reference and compares the answers. It reports whether they are successes. What is said of a
// difference must not depend on names or ids, or rapid takes it for another one when it repeats the sequence.
func both[S, V any](t *rapid.T, s sides[S], what string, call func(S) (V, error)) bool {
	t.Helper()
	got, gotErr := call(s.real)
	want, wantErr := call(s.oracle)
	if a, b := core.CodeOf(gotErr), core.CodeOf(wantErr); a != b {
		t.Fatalf("%s: the store says %q, the reference %q", what, a, b)
	}
	if wantErr != nil {
		return false
	}
	if d := conformance.Difference(got, want); d != "" {
		t.Fatalf("%s%s (want: the reference)", what, d)
	}
	return true
}

// done is the answer of a call that has none.
type done struct{}

func pick[V any](t *rapid.T, what string, from ...V) V { return rapid.SampledFrom(from).Draw(t, what) }

func ptr[V any](v V) *V { return &v }
