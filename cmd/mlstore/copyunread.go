package main

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/mlstore/mlstore/cmd/mlstore/copying"
	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/registry"
)

// traceCounter is a store whose place holds traces too, which no interface of core gives out.
type traceCounter interface {
	CountTraces(ctx context.Context) (map[core.ExperimentID]int, error)
}

// unread lists what a source holds and does not show, so that a copy of it would leave it out without a word: traces, and in
// folders of this machine what is malformed.
func unread(ctx context.Context, from copyEnd, noRegistry bool) ([]copying.Loss, error) {
	var all []copying.Loss
	if counter, ok := core.As[traceCounter](from.Tracking); ok {
		counts, err := counter.CountTraces(ctx)
		if err != nil {
			return nil, err
		}
		for _, id := range slices.Sorted(maps.Keys(counts)) {
			why := "mlstore copies no traces (" + strconv.Itoa(counts[id]) + " here)"
			all = append(all, copying.Loss{Kind: "traces of experiment", Key: string(id), Why: why})
		}
	}
	s := registry.Settings{Tracking: from.uri, Registry: from.uri}
	if from.explanation.Scheme != "file" {
		return all, nil
	}
	found, err := inspect(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		if f.unread && (f.Kind == registry.Tracking || !noRegistry) {
			all = append(all, copying.Loss{Kind: f.What, Key: f.Path, Why: f.Problem})
		}
	}
	return all, nil
}
