package artifact

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing/iotest"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func readCases() []entry {
	return []entry{
		{
			ID: "AR-020", Name: "read/missing", Rule: "Opening what is not there is ErrNotFound and names the path.",
			Run: inYard(readMissing),
		},
		{
			ID: "AR-021", Name: "read/directory", Rule: "A directory cannot be read: ErrInvalid or ErrState, not an empty file.",
			Run: inYard(readDirectory),
		},
		{
			ID: "AR-022", Name: "read/twice-and-parallel", Rule: "Readers of one file do not disturb each other.",
			Run: inYard(readParallel),
		},
		{
			ID: "AR-023", Name: "read/close-early", Rule: "A reader may be closed before its end, and others go on.",
			Run: inYard(readCloseEarly),
		},
		{
			ID: "AR-024", Name: "read/reader-contract", Rule: "The reader keeps the contract of io.Reader.", Run: inYard(readContract),
		},
		{
			ID: "AR-025", Name: "read/while-overwritten", Level: conformance.Extended,
			Rule: "A reader never mixes two versions of a file, nor ends early without an error.", Run: inYard(readWhileOverwritten),
		},
		{
			ID: "AR-086", Name: "ctx/cancel-read", Rule: "After its context has ended a reader returns the context's error.",
			Run: inYard(readCanceled),
		},
	}
}

func readMissing(y *yard) {
	y.put("there", "x")
	for _, name := range []string{"missing", "dir/missing", "there/below", "th"} {
		_, err := readAll(y.ctx, y.store, y.at(name), core.ReadOptions{})
		conformance.Refused(y, fmt.Sprintf("Open(%q)", name), err, core.ErrNotFound, y.at(name))
	}
}

func readDirectory(y *yard) {
	y.put("dir/sub/file", "x")
	for _, name := range []string{"dir", "dir/sub"} {
		_, err := readAll(y.ctx, y.store, y.at(name), core.ReadOptions{})
		conformance.RefusedAs(y, fmt.Sprintf("Open(%q), a directory", name), err, core.ErrInvalid, core.ErrState)
	}
}

func readParallel(y *yard) {
	content := noise(y.env.Rand, 1<<20)
	y.put("f", content)
	y.holds("f", content)
	const readers = 8
	errs := make([]error, readers)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			for range 2 {
				got, err := readAll(y.ctx, y.env.Second(), y.at("f"), core.ReadOptions{})
				errs[i] = errors.Join(errs[i], err, sameBytes("f", got, content))
			}
		})
	}
	all.Wait()
	conformance.NoError(y, "reading in parallel", errors.Join(errs...))
}

func readCloseEarly(y *yard) {
	content := noise(y.env.Rand, 1<<20)
	y.put("f", content)
	var b [1]byte
	for range 20 {
		r, err := y.store.Open(y.ctx, y.at("f"), core.ReadOptions{})
		conformance.NoError(y, "Open", err)
		_, err = io.ReadFull(r, b[:])
		conformance.NoError(y, "reading one byte", err)
		conformance.Equal(y, "the first byte", string(b[:]), content[:1])
		conformance.NoError(y, "Close", r.Close())
	}
	y.holds("f", content)
	y.put("f", "replaced")
	y.holds("f", "replaced")
}

func readContract(y *yard) {
	for _, content := range []string{"", "x", noise(y.env.Rand, 5_000)} {
		y.put("f", content)
		r, err := y.store.Open(y.ctx, y.at("f"), core.ReadOptions{})
		conformance.NoError(y, "Open", err)
		conformance.NoError(y, "iotest.TestReader", iotest.TestReader(r, []byte(content)))
		conformance.NoError(y, "Close", r.Close())
	}
}

func readWhileOverwritten(y *yard) {
	old, young := strings.Repeat("o", 6<<20), strings.Repeat("y", 7<<20)
	for _, change := range []func(){
		func() { y.put("f", young) },
		func() { y.remove("f") },
	} {
		y.put("f", old)
		r, err := y.store.Open(y.ctx, y.at("f"), core.ReadOptions{})
		conformance.NoError(y, "Open", err)
		start := make([]byte, 100_000)
		_, err = io.ReadFull(r, start)
		conformance.NoError(y, "reading the start", err)
		change()
		rest, err := io.ReadAll(r)
		if err == nil { // a store that cannot go on may say so
			conformance.NoError(y, "a reader opened before the change", sameBytes("f", slices.Concat(start, rest), old))
		}
		conformance.NoError(y, "Close", r.Close())
	}
}

func readCanceled(y *yard) {
	content := strings.Repeat("c", 8<<20) // more than a buffer holds
	y.put("f", content)
	ctx, cancel := context.WithCancel(y.ctx)
	defer cancel()
	r, err := y.store.Open(ctx, y.at("f"), core.ReadOptions{})
	conformance.NoError(y, "Open", err)
	_, err = io.ReadFull(r, make([]byte, 1000))
	conformance.NoError(y, "reading the start", err)
	cancel()
	err = conformance.Ends(y, patience, "reading on after the cancellation", func() error {
		_, err := io.Copy(io.Discard, r)
		return err
	})
	if !errors.Is(err, context.Canceled) {
		y.Errorf("reading on after the cancellation: got error %v, want %v", err, context.Canceled)
	}
	conformance.Within(y, patience, "Close", func() { _ = r.Close() })
	y.holds("f", content)
}
