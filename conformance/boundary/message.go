package boundary

import (
	"fmt"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

// large is more than gRPC lets through by itself, which is 4 MiB.
const large = 5 << 20

func messageCases[S core.Store]() []entry[S] {
	return []entry[S]{
		{
			id: "PL-009", name: "message/request-over-4MiB", run: largeRequest[S],
			rule: "A request that keeps the limits of the store arrives, whatever its size in bytes.",
			why:  "gRPC refuses messages over 4 MiB by itself (vault#4957)",
		},
		{
			id: "PL-010", name: "message/reply-over-4MiB", hooks: []conformance.Hook{hugeHook}, run: largeReply[S],
			rule: "An answer arrives, whatever its size in bytes.",
		},
		{
			id: "PL-011", name: "message/special-floats", hooks: []conformance.Hook{numbersHook}, run: specialFloats[S],
			rule: "NaN, the largest and the smallest numbers arrive bit by bit; so do ±Inf and −0 where they are declared (D-2).",
		},
		{
			id: "PL-012", name: "message/empty-vs-absent", run: emptyOrAbsent[S],
			rule: "Of lists and maps nil and empty are one; a text, a number or a time that is zero is not one that is absent (D-20).",
		},
		{
			id: "PL-013", name: "message/time-precision", run: timePrecision[S],
			rule: "Times arrive to the millisecond, and no time is not the year 1970.",
		},
		{
			id: "PL-014", name: "message/unicode", hooks: []conformance.Hook{textHook}, run: unicode[S],
			rule: "Texts arrive as they are, byte for byte; what is not UTF-8 is refused as a name or arrives too.",
		},
	}
}

func largeRequest[S core.Store](b *bench[S]) {
	id := b.add("some text")
	conformance.NoError(b, "a large request", b.hugeRequest(b.Context(), b.env.Store, id, large))
	if b.hugeAnswer != nil {
		conformance.NoError(b, "reading it through the second handle", b.hugeAnswer(b.Context(), b.env.Second(), id, large))
	}
	b.works(b.env.Store)
}

func largeReply[S core.Store](b *bench[S]) {
	id := b.add("some text")
	for _, part := range []int{large / 2, large} { // what two requests wrote, one answer has
		conformance.NoError(b, "a large request", b.hugeRequest(b.Context(), b.env.Store, id, part))
	}
	for _, s := range []S{b.env.Store, b.env.Second()} {
		conformance.NoError(b, "a large answer", b.hugeAnswer(b.Context(), s, id, large))
	}
}

func specialFloats[S core.Store](b *bench[S]) {
	conformance.NoError(b, "numbers", b.numbers(b.Context(), b.env.Store, b.add("some text"), b.env.Info))
}

func emptyOrAbsent[S core.Store](b *bench[S]) {
	conformance.NoError(b, "empty and absent", b.presence(b.Context(), b.env.Store, b.add("some text")))
}

func timePrecision[S core.Store](b *bench[S]) {
	conformance.NoError(b, "times", b.times(b.Context(), b.env.Store, b.add("some text")))
}

func unicode[S core.Store](b *bench[S]) {
	for _, text := range odd() {
		id := b.add(text)
		for _, s := range []S{b.env.Store, b.env.Second()} {
			got, err := b.read(b.Context(), s, id)
			conformance.NoError(b, fmt.Sprintf("reading what holds %q", text), err)
			conformance.Equal(b, "the text", got, text)
		}
	}
	const broken = "\xff\xfe\xc3"
	name := b.env.Name(broken)
	id, err := b.kind.add(b.Context(), b, b.env.Store, name, "some text")
	if err == nil {
		b.undo(b.env.Store, id)
	}
	conformance.Refused(b, "a name that is not UTF-8", err, core.ErrInvalid)
	id, err = b.kind.add(b.Context(), b, b.env.Store, b.env.Name("broken"), broken)
	if err != nil {
		conformance.Refused(b, "a text that is not UTF-8", err, core.ErrInvalid)
		return
	}
	b.undo(b.env.Store, id)
	got, err := b.read(b.Context(), b.env.Store, id)
	conformance.NoError(b, "reading bytes that are not UTF-8", err)
	conformance.Equal(b, "bytes that are not UTF-8", got, broken)
}
