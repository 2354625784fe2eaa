package artifact

import (
	"context"
	"fmt"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func rangeCases() []entry {
	return []entry{
		{ID: "AR-046", Name: "range/middle-head-tail", Rule: "A range yields exactly its bytes.", Run: inYard(rangeParts)},
		{ID: "AR-047", Name: "range/to-end", Rule: "An offset without a length reads to the end.", Run: inYard(rangeToEnd)},
		{
			ID: "AR-048", Name: "range/beyond-end", Rule: "A length over the end gives the rest, without an error.",
			Run: inYard(rangeBeyond),
		},
		{
			ID: "AR-049", Name: "range/offset-at-end-and-past", Rule: "An offset at the end reads nothing; past the end is ErrRange.",
			Run: inYard(rangeAtEnd),
		},
		{ID: "AR-050", Name: "range/zero-length", Rule: "A range may be empty.", Run: inYard(rangeZero)},
		{ID: "AR-051", Name: "range/negative", Rule: "A negative offset or length is ErrInvalid.", Run: inYard(rangeNegative)},
		{
			ID: "AR-052", Name: "range/random", Level: conformance.Extended,
			Rule: "Any range of a file is what a slice of its bytes is.", Run: inYard(rangeRandom),
		},
		{
			ID: "AR-053", Name: "range/across-chunk-border", Rule: "Ranges that touch round numbers are exact.",
			Run: inYard(rangeBorders),
		},
	}
}

const tenBytes = "0123456789"

// reads observes what a range of a file yields.
func (y *yard) reads(name string, o core.ReadOptions, want string) {
	y.Helper()
	what := fmt.Sprintf("%s from %d", name, o.Offset)
	if o.Length != nil {
		what += fmt.Sprintf(", %d long", *o.Length)
	}
	y.env.Observe(y, func(ctx context.Context, s store) error {
		got, err := readAll(ctx, s, y.at(name), o)
		if err != nil {
			return fmt.Errorf("reading %s: got error %w, want success", what, err)
		}
		return sameBytes(what, got, want)
	})
}

func part(offset, length int64) core.ReadOptions {
	return core.ReadOptions{Offset: offset, Length: &length}
}

func rangeParts(y *yard) {
	y.put("f", tenBytes)
	y.reads("f", part(3, 4), "3456")
	y.reads("f", part(0, 1), "0")
	y.reads("f", part(0, 3), "012")
	y.reads("f", part(7, 3), "789")
	y.reads("f", part(9, 1), "9")
	y.reads("f", part(0, 10), tenBytes)
}

func rangeToEnd(y *yard) {
	y.put("f", tenBytes)
	y.reads("f", core.ReadOptions{Offset: 4}, "456789")
	y.reads("f", core.ReadOptions{Offset: 9}, "9")
	y.reads("f", core.ReadOptions{}, tenBytes)
}

func rangeBeyond(y *yard) {
	y.put("f", tenBytes)
	y.reads("f", part(8, 3), "89")
	y.reads("f", part(0, 11), tenBytes)
	y.reads("f", part(5, 1<<62), "56789")
	y.reads("f", part(9, 1<<63-1), "9") // offset + length overflows
}

func rangeAtEnd(y *yard) {
	y.put("f", tenBytes)
	y.reads("f", core.ReadOptions{Offset: 10}, "")
	y.reads("f", part(10, 5), "")
	for _, o := range []core.ReadOptions{{Offset: 11}, part(11, 0), part(1<<62, 5)} {
		_, err := readAll(y.ctx, y.store, y.at("f"), o)
		conformance.Refused(y, fmt.Sprintf("an offset of %d in 10 bytes", o.Offset), err, core.ErrRange)
	}
	y.put("empty", "")
	y.reads("empty", part(0, 5), "")
	_, err := readAll(y.ctx, y.store, y.at("empty"), core.ReadOptions{Offset: 1})
	conformance.Refused(y, "an offset of 1 in no bytes", err, core.ErrRange)
}

func rangeZero(y *yard) {
	y.put("f", tenBytes)
	for _, offset := range []int64{0, 5, 10} {
		y.reads("f", part(offset, 0), "")
	}
}

func rangeNegative(y *yard) {
	y.put("f", tenBytes)
	for _, o := range []core.ReadOptions{{Offset: -1}, part(0, -1), part(-3, 3), part(-1<<63, 1)} {
		_, err := readAll(y.ctx, y.store, y.at("f"), o)
		conformance.Refused(y, fmt.Sprintf("offset %d", o.Offset), err, core.ErrInvalid)
	}
}

func rangeRandom(y *yard) {
	const size, ranges = 10 << 20, 200
	content := noise(y.env.Rand, size)
	y.put("f", content)
	for range ranges {
		from := y.env.Rand.Int64N(size + 1)
		length := y.env.Rand.Int64N(size / 10)
		y.reads("f", part(from, length), content[from:min(from+length, size)])
	}
}

func rangeBorders(y *yard) {
	content := noise(y.env.Rand, 5<<20+4_097)
	y.put("f", content)
	for _, border := range []int{4 << 10, 64 << 10, 1 << 20, 5 << 20} {
		for _, from := range around(border) {
			for _, length := range []int{1, 2, 4_096} {
				y.reads("f", part(int64(from), int64(length)), content[from:min(from+length, len(content))])
			}
			y.reads("f", part(0, int64(from)), content[:from])
		}
	}
}
