package artifact

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing/fstest"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

func handleCases() []entry {
	return []entry{
		{
			ID: "AR-093", Name: "durability/reopen", Rule: "What was acknowledged is there, unchanged, after Close and a new open.",
			Run: durable,
		},
		{
			ID: "AR-094", Name: "leak/goroutines-and-files", Rule: "Calls leave no goroutine and no open file behind.",
			Run: inYard(leaks),
		},
		{
			ID: "AR-101", Name: "fs/adapter", Rule: "The io/fs view of the repository passes testing/fstest.", Run: inYard(asFS),
		},
		{
			ID: "AR-108", Name: "close/then-refused", Rule: "After Close every method is ErrClosed, and a second Close succeeds.",
			Run: closedHandle,
		},
		{
			ID: "AR-110", Name: "close/while-busy", Rule: "Close ends calls that run, with an error, and does not hang.",
			Run: closeWhileBusy,
		},
	}
}

func durable(t check, e *env) {
	first := e.Fresh(t)
	y := newYard(t, e, first)
	content := noise(e.Rand, 100_000)
	y.put("a/f", content)
	y.put("empty", "")
	y.put("gone", "x")
	y.put("changed", "before")
	y.put("changed", "after")
	y.remove("gone")
	before, err := list(t.Context(), first, y.dir, core.ListOptions{Recursive: true})
	conformance.NoError(t, "List", err)
	second := e.Reopen(t, first)
	after, err := list(t.Context(), second, y.dir, core.ListOptions{Recursive: true})
	conformance.NoError(t, "List after reopening", err)
	conformance.Equal(t, "the listing after reopening", after, before)
	for name, want := range map[string]string{"a/f": content, "empty": "", "changed": "after"} {
		got, err := readAll(t.Context(), second, y.at(name), core.ReadOptions{})
		conformance.NoError(t, "reading "+name+" after reopening", err)
		conformance.NoError(t, "content after reopening", sameBytes(name, got, want))
	}
	conformance.NoError(t, "Delete", second.Delete(t.Context(), y.dir, core.DeleteOptions{}))
}

func leaks(y *yard) {
	y.put("f", strings.Repeat("x", 300_000))
	conformance.NoLeak(y, func(ctx context.Context, round int) error { return useAndLeave(ctx, y, round) })
}

// useAndLeave calls what may leave something behind, above all when it is left early.
func useAndLeave(ctx context.Context, y *yard, round int) error {
	r, err := y.store.Open(ctx, y.at("f"), core.ReadOptions{})
	if err != nil {
		return err
	}
	_, readErr := io.ReadFull(r, make([]byte, 10))
	_, listErr := y.store.List(ctx, y.dir, core.ListOptions{PageOptions: core.PageOptions{Limit: 1}})
	_, putErr := y.store.Put(ctx, y.at(fmt.Sprintf("g%d", round%3)), newText("y"), core.PutOptions{})
	_, brokenErr := y.store.Put(ctx, y.at("h"), broken("half"), core.PutOptions{})
	if errors.Is(brokenErr, errSource) {
		brokenErr = nil
	}
	early, cancel := context.WithCancel(ctx)
	_, openErr := y.store.Open(early, y.at("missing"), core.ReadOptions{})
	cancel()
	if errors.Is(openErr, core.ErrNotFound) {
		openErr = nil
	}
	return errors.Join(readErr, listErr, putErr, brokenErr, openErr, r.Close())
}

func asFS(y *yard) {
	names := []string{"a", "d/b", "d/e/c", "empty"}
	for _, name := range names {
		y.put(name, strings.Repeat(name, 100))
	}
	y.listsAll("", names...)
	sub, err := client.Sub(y.env.Second(), y.dir)
	conformance.NoError(y, "client.Sub", err)
	conformance.NoError(y, "fstest.TestFS", fstest.TestFS(client.FS(y.ctx, sub), names...))
}

func closedHandle(t check, e *env) {
	y := newYard(t, e, e.Fresh(t))
	y.put("f", "x")
	conformance.NoError(t, "Close", y.store.Close())
	conformance.NoError(t, "a second Close", y.store.Close())
	for _, m := range methods() {
		for _, name := range []string{"f", "missing"} {
			conformance.Refused(t, m.name+" after Close", m.call(t.Context(), y.store, y.at(name)), core.ErrClosed)
		}
	}
	_, err := y.store.Describe(t.Context())
	conformance.Refused(t, "Describe after Close", err, core.ErrClosed)
}

func closeWhileBusy(t check, e *env) {
	y := newYard(t, e, e.Fresh(t))
	half := noise(e.Rand, 1<<20)
	y.put("f", half)
	r, err := y.store.Open(t.Context(), y.at("f"), core.ReadOptions{})
	conformance.NoError(t, "Open", err)
	finish := slowPut(t.Context(), y, y.at("new"), half)
	err = conformance.Ends(t, patience, "Close while a Put and a reader run", y.store.Close)
	if err != nil {
		t.Errorf("Close while a Put and a reader run: got error %v, want success", err)
	}
	err = conformance.Ends(t, patience, "the Put that ran", func() error { return finish("rest", nil) })
	if err == nil {
		t.Error("the Put that ran while the store was closed: got success, want an error")
	}
	conformance.Within(t, patience, "the reader that ran", func() {
		_, _ = io.Copy(io.Discard, r) // it may end with an error or, from a buffer, without
		_ = r.Close()
	})
}
