package boundary

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/conformance/fault"
	"github.com/mlstore/mlstore/core"
)

func contextCases[S core.Store]() []entry[S] {
	return []entry[S]{
		{
			id: "PL-015", name: "deadline/propagates", hooks: []conformance.Hook{riggedHook}, run: deadlineCrosses[S],
			rule: "The far side knows the caller's deadline, and knows when there is none.",
		},
		{
			id: "PL-016", name: "cancel/propagates", hooks: []conformance.Hook{riggedHook}, run: cancelCrosses[S],
			rule: "The context of the far side ends within a second of the caller's.",
		},
	}
}

func streamCases[S core.Store]() []entry[S] {
	return []entry[S]{
		{
			id: "PL-017", name: "stream/back-pressure", level: conformance.Extended, run: backPressure[S],
			hooks: []conformance.Hook{riggedHook, streamHook},
			rule:  "Who reads slowly slows the far side down: it is never more than 32 MiB ahead.",
		},
		{
			id: "PL-018", name: "stream/abandoned-download", run: abandonedDownload[S],
			hooks: []conformance.Hook{riggedHook, streamHook},
			rule:  "A download that is left before its end, by Close or by its context, leaves nothing running on the far side.",
		},
	}
}

func deadlineCrosses[S core.Store](b *bench[S]) {
	s := b.rigged()
	const given = 25 * time.Second
	ctx, cancel := context.WithTimeout(b.Context(), given)
	defer cancel()
	left := fault.Told(b.knock(ctx, s, fault.Word(fault.Deadline, "with")), "left")
	n, err := strconv.Atoi(left)
	if err != nil || n <= 0 || n > int(given.Milliseconds())+int(soon.Milliseconds()) {
		b.Errorf("a call with %v to go: the far side has %q milliseconds", given, left)
	}
	left = fault.Told(b.knock(context.WithoutCancel(b.Context()), s, fault.Word(fault.Deadline, "without")), "left")
	// A transport may bound calls of its own accord; what must not cross is the deadline of another call.
	if n, err := strconv.Atoi(left); left != "none" && (err != nil || n <= int(given.Milliseconds())) {
		b.Errorf("a call without a deadline: the far side has %q milliseconds", left)
	}
}

func cancelCrosses[S core.Store](b *bench[S]) {
	s := b.rigged()
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		ctx, cancel := context.WithCancel(b.Context())
		if errors.Is(end, context.DeadlineExceeded) {
			cancel()
			ctx, cancel = context.WithTimeout(b.Context(), soon/2)
		}
		word := token()
		result := make(chan error, 1)
		go func() { result <- b.knock(ctx, s, fault.Word(fault.Waits, word)) }()
		b.waits(s, word)
		if errors.Is(end, context.Canceled) {
			cancel()
		}
		err := conformance.Ends(b, 3*soon, "a call whose context ends", func() error { return <-result })
		cancel()
		if b.Failed() {
			return
		}
		conformance.Refused(b, "a call whose context ends while it runs", err, end)
		if !b.eventually(soon, func() bool { return b.waited(s, word) == "ended" }) {
			b.Errorf("after %v (%v) the call on the far side is %q, want it ended", soon, end, b.waited(s, word))
		}
	}
}

// waited asks what became of a call that waits.
func (b *bench[S]) waited(s S, word string) string {
	return fault.Told(b.knock(b.Context(), s, fault.Word(fault.Waited, word)), "state")
}

// waits returns once a call that waits has arrived.
func (b *bench[S]) waits(s S, word string) {
	b.Helper()
	if !b.eventually(patience, func() bool { return b.waited(s, word) != "unknown" }) {
		b.Fatalf("the call does not arrive: it is %q", b.waited(s, word))
	}
}

// flooded asks how much of an endless file was read, and by how many readers it is open.
func (b *bench[S]) flooded(s S, word string) (bytes, open int) {
	b.Helper()
	err := b.knock(b.Context(), s, fault.Word(fault.Flooded, word))
	bytes, bytesErr := strconv.Atoi(fault.Told(err, "bytes"))
	open, openErr := strconv.Atoi(fault.Told(err, "open"))
	conformance.NoError(b, "asking for the endless file", errors.Join(bytesErr, openErr))
	return bytes, open
}

func backPressure[S core.Store](b *bench[S]) {
	const taken, ahead = 3 << 20, 32 << 20
	s, word := b.rigged(), token()
	r, err := b.stream(s).Open(b.Context(), fault.Word(fault.Floods, word), core.ReadOptions{})
	conformance.NoError(b, "opening an endless file", err)
	defer r.Close()
	_, err = io.CopyN(io.Discard, r, taken)
	conformance.NoError(b, "reading some of it", err)
	last, since := 0, time.Now()
	b.eventually(patience, func() bool { // until the far side stops, or has gone too far
		n, _ := b.flooded(s, word)
		if n != last {
			last, since = n, time.Now()
		}
		return n > taken+ahead || time.Since(since) > soon
	})
	if last > taken+ahead {
		b.Errorf("the caller has read %d bytes and the far side %d and more: nothing slows it down", taken, last)
	}
	if last < taken {
		b.Errorf("the far side has read %d bytes, the caller got %d", last, taken)
	}
}

func abandonedDownload[S core.Store](b *bench[S]) {
	s := b.rigged()
	for _, how := range []string{"Close", "the end of the context"} {
		word := token()
		ctx, cancel := context.WithCancel(b.Context())
		r, err := b.stream(s).Open(ctx, fault.Word(fault.Floods, word), core.ReadOptions{})
		conformance.NoError(b, "opening an endless file", err)
		_, err = io.ReadFull(r, make([]byte, 10))
		conformance.NoError(b, "reading some of it", err)
		if _, open := b.flooded(s, word); open != 1 {
			b.Errorf("while it is read, the file is open %d times on the far side, want once", open)
		}
		if how == "Close" {
			conformance.NoError(b, "Close", conformance.Ends(b, patience, "Close", r.Close))
		} else {
			cancel()
			const onItsWay = 64 << 20 // which may still come
			_, err := io.Copy(io.Discard, io.LimitReader(r, onItsWay))
			conformance.Refused(b, "reading after the end of the context", err, context.Canceled)
			_ = r.Close() // the context has ended it
		}
		cancel()
		if !b.eventually(soon, func() bool { _, open := b.flooded(s, word); return open == 0 }) {
			b.Errorf("%v after %s the file is still open on the far side", soon, how)
		}
	}
}
