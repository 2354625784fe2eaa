package wire

import (
	"fmt"
	"math"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/typesv1"
)

// This file and its neighbours turn the entities of core into messages and back. A function whose name begins with pb
// makes a message, one whose name begins with core makes an entity. Empty lists and maps become nil (D-20); numbers of
// enumerations pass through, known or not.

// malformed is the error of a message that no peer who keeps to the wire sends.
func malformed(format string, args ...any) error {
	return &core.Error{Code: core.DataLoss, Err: &wrong{fmt.Sprintf("malformed message: "+format, args...)}}
}

// each converts the items of a list.
func each[A, B any](in []A, convert func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	out := make([]B, len(in))
	for i, item := range in {
		out[i] = convert(item)
	}
	return out
}

// tryEach is each for conversions that may fail.
func tryEach[A, B any](in []A, convert func(A) (B, error)) ([]B, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := make([]B, len(in))
	for i, item := range in {
		var err error
		if out[i], err = convert(item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// retype turns a list of texts of one type into one of another.
func retype[B, A ~string](in []A) []B { return each(in, func(text A) B { return B(text) }) }

// mapped returns a map that is not empty, or nil.
func mapped[K comparable, V any](in map[K]V) map[K]V {
	if len(in) == 0 {
		return nil
	}
	return in
}

// enum makes a number of an enumeration one of the wire, which has 32 bits: what does not fit stays unknown.
func enum[E ~int32, C ~int](c C) E { return E(max(math.MinInt32, min(math.MaxInt32, c))) }

func pbPage(o core.PageOptions) *typesv1.PageOptions {
	return &typesv1.PageOptions{Limit: int64(o.Limit), Token: o.Token}
}

func corePage(pb *typesv1.PageOptions) core.PageOptions {
	return core.PageOptions{Limit: int(pb.GetLimit()), Token: pb.GetToken()}
}

func pbTagChange(c core.TagChange) *typesv1.TagChange {
	return &typesv1.TagChange{Set: c.Set, Delete: c.Delete}
}

func coreTagChange(pb *typesv1.TagChange) core.TagChange {
	return core.TagChange{Set: mapped(pb.GetSet()), Delete: pb.GetDelete()}
}

// number converts what may be absent.
func number[B, A ~int | ~int64](in *A) *B {
	if in == nil {
		return nil
	}
	out := B(*in)
	return &out
}
