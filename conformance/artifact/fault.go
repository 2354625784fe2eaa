package artifact

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func faultCases() []entry {
	faults := []conformance.Hook{conformance.FaultsHook}
	return []entry{
		{
			ID: "AR-087", Name: "repeat/put", Level: conformance.Extended,
			Rule: "A Put may be repeated, as after a lost answer: the file is as after one.", Run: inYard(putAgain),
		},
		{
			ID: "AR-088", Name: "fault/reset-mid-upload", Level: conformance.Extended, Hooks: faults,
			Rule: "An upload whose connection breaks is ErrUnavailable, nothing of it is visible, and it may be repeated.",
			Why:  "velero's object-store client committed the bytes that had come so far", Run: overPath(brokenUpload),
		},
		{
			ID: "AR-115", Name: "fault/lost-reply-put", Level: conformance.Extended, Hooks: faults,
			Rule: "An upload whose answer is lost is there entirely or not at all, and it may be repeated.",
			Run:  overPath(unansweredUpload),
		},
		{
			ID: "AR-089", Name: "fault/reset-mid-download", Level: conformance.Extended, Hooks: faults,
			Rule: "A download whose connection breaks is an error, never a short success.", Run: overPath(brokenDownload),
		},
		{
			ID: "AR-090", Name: "fault/corrupt-byte", Level: conformance.Extended, Hooks: faults,
			Rule: "A byte that changes on its way is noticed by the digest: ErrDataLoss, and nothing becomes visible.",
			Run:  overPath(corruptByte),
		},
		{
			ID: "AR-091", Name: "fault/stall", Level: conformance.Extended, Hooks: faults,
			Rule: "Calls of a store that does not answer end by their deadline.", Run: overPath(stalledStore),
		},
		{
			ID: "AR-092", Name: "fault/read-only", Level: conformance.Extended, Hooks: []conformance.Hook{conformance.ReadOnlyHook},
			Rule: "A store that was opened for reading refuses every change with ErrPermission, without effect.", Run: inYard(readOnly),
		},
	}
}

// overPath makes the function of a case from one that works over a path that breaks. The other handles see the same data
// over a path that does not.
func overPath(f func(*yard, conformance.Faults)) func(check, *env) {
	return func(t check, e *env) {
		s, faults := e.Faulty(t)
		y := newYard(t, e, s)
		defer faults.Heal() // before the clean-up
		f(y, faults)
	}
}

// breaks arms the fault, or leaves the case.
func (y *yard) breaks(faults conformance.Faults, f conformance.Fault) {
	y.Helper()
	if !faults.Break(f) {
		y.Skipf("the harness cannot break the path by %s", f)
	}
}

func putAgain(y *yard) {
	content := noise(y.env.Rand, 100_000)
	first := y.put("d/f", content)
	for range 3 {
		again := y.put("d/f", content)
		again.ModTime = first.ModTime // it may move
		conformance.Equal(y, "what Put returns when it is repeated", again, first)
	}
	y.holds("d/f", content)
	y.listsAll("", "d/f")
}

func brokenUpload(y *yard, faults conformance.Faults) {
	content := noise(y.env.Rand, 3<<20)
	eachBefore(y, func(at string) {
		y.breaks(faults, conformance.Reset)
		_, err := y.store.Put(y.ctx, at, newText(content), core.PutOptions{})
		conformance.Refused(y, "Put over a connection that breaks", err, core.ErrUnavailable)
	})
	y.put("taken", content)
	y.holds("taken", content)
	y.put("free", content)
	y.holds("free", content)
}

func unansweredUpload(y *yard, faults conformance.Faults) {
	content := noise(y.env.Rand, 200_000)
	for _, name := range []string{"taken", "dir/free"} {
		if name == "taken" {
			y.put(name, "before")
		}
		y.breaks(faults, conformance.LoseReply)
		_, err := y.store.Put(y.ctx, y.at(name), newText(content), core.PutOptions{})
		if err != nil { // who repeats it by itself may succeed
			conformance.Refused(y, "Put whose answer is lost", err, core.ErrUnavailable)
			conformance.Equal(y, "outcome", outcome(err), core.OutcomeUnknown)
		}
		faults.Heal()
		got, err := readAll(y.ctx, y.env.Store, y.at(name), core.ReadOptions{})
		there := err == nil && string(got) == content
		before := name == "taken" && string(got) == "before" || name != "taken" && errors.Is(err, core.ErrNotFound)
		if !there && !before {
			y.Errorf("after a Put whose answer is lost: %d bytes and error %v, want what was there before or what was sent", len(got), err)
		}
		y.put(name, content)
		y.holds(name, content)
	}
	y.listsAll("", "dir/free", "taken")
}

// outcome is what an error says of what was done.
func outcome(err error) core.Outcome {
	if e, ok := errors.AsType[*core.Error](err); ok {
		return e.Outcome
	}
	return core.NoEffect
}

func brokenDownload(y *yard, faults conformance.Faults) {
	content := noise(y.env.Rand, 3<<20)
	y.put("f", content)
	for _, o := range []core.ReadOptions{{}, {Offset: 1000}, {Length: ptr(int64(2 << 20))}} {
		want := content[o.Offset:]
		if o.Length != nil {
			want = want[:*o.Length]
		}
		y.breaks(faults, conformance.Reset)
		got, err := readAll(y.ctx, y.store, y.at("f"), o)
		switch {
		case err != nil:
			conformance.Refused(y, "reading over a connection that breaks", err, core.ErrUnavailable)
			if !strings.HasPrefix(want, string(got)) {
				y.Errorf("before the connection broke came %d bytes that the file does not begin with", len(got))
			}
		case string(got) != want: // who reads on by itself may succeed
			y.Errorf("reading over a connection that breaks: %d of %d bytes and no error", len(got), len(want))
		}
		faults.Heal()
	}
	got, err := readAll(y.ctx, y.store, y.at("f"), core.ReadOptions{})
	conformance.NoError(y, "reading once more", errors.Join(err, sameBytes("f", got, content)))
}

func corruptByte(y *yard, faults conformance.Faults) {
	content := noise(y.env.Rand, 2<<20)
	eachBefore(y, func(at string) {
		y.breaks(faults, conformance.Corrupt)
		_, err := y.store.Put(y.ctx, at, newText(content), core.PutOptions{})
		conformance.Refused(y, "Put of which a byte changes on its way", err, core.ErrDataLoss)
		faults.Heal()
	})
	y.put("f", content)
	y.breaks(faults, conformance.Corrupt)
	got, err := readAll(y.ctx, y.store, y.at("f"), core.ReadOptions{})
	if err == nil && string(got) == content { // who reads again by itself may succeed
		return
	}
	conformance.Refused(y, "reading what changes on its way", err, core.ErrDataLoss)
}

func stalledStore(y *yard, faults conformance.Faults) {
	const given, more = 300 * time.Millisecond, time.Second
	y.put("f", "content")
	y.breaks(faults, conformance.Stall)
	for _, m := range methods() {
		ctx, cancel := context.WithTimeout(y.ctx, given)
		what := m.name + " of a store that does not answer"
		err := conformance.Ends(y, given+more, what, func() error { return m.call(ctx, y.store, y.at("f")) })
		cancel()
		conformance.RefusedAs(y, what, err, context.DeadlineExceeded, core.ErrUnavailable)
	}
	faults.Heal()
	y.put("f", "content again")
	y.holds("f", "content again")
}

func readOnly(y *yard) {
	y.put("d/f", "content")
	reader := y.env.ReadOnly(y)
	got, err := readAll(y.ctx, reader, y.at("d/f"), core.ReadOptions{})
	conformance.NoError(y, "reading", errors.Join(err, sameBytes("d/f", got, "content")))
	entries, err := list(y.ctx, reader, y.dir, core.ListOptions{Recursive: true})
	conformance.NoError(y, "List", err)
	conformance.Equal(y, "the listing", y.names(entries), []string{"d/f"})
	for _, name := range []string{"d/f", "d/new", "new"} {
		_, err := reader.Put(y.ctx, y.at(name), newText("changed"), core.PutOptions{})
		conformance.Refused(y, fmt.Sprintf("Put(%q)", name), err, core.ErrPermission)
		err = reader.Delete(y.ctx, y.at(name), core.DeleteOptions{})
		conformance.Refused(y, fmt.Sprintf("Delete(%q)", name), err, core.ErrPermission)
	}
	conformance.Refused(y, "Delete of everything", reader.Delete(y.ctx, "", core.DeleteOptions{All: true}), core.ErrPermission)
	y.listsAll("", "d/f")
	y.holds("d/f", "content")
}
