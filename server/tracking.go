package server

import (
	"context"
	"errors"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/rest"
)

// trackingRoutes serve experiments, runs and what they measured.
func (s *Server) trackingRoutes() []route {
	return slices.Concat(
		s.experimentRoutes(), s.runRoutes(), s.metricRoutes(), s.historyRoutes(), s.datasetRoutes(), s.graphRoutes(),
	)
}

// on is the policy of a call on one resource, which of finds in the request.
func on[Q any](p permission, k kind, of func(Q) string) func(Q) []need {
	return func(q Q) []need { return []need{{p, k, of(q)}} }
}

// readEach lists a need to read for every id. A request without any needs a name alone, since it gets nothing.
func readEach(k kind, ids []string) []need {
	if len(ids) == 0 {
		return []need{{permission: authenticated}}
	}
	needs := make([]need, 0, len(ids))
	for _, id := range ids {
		needs = append(needs, need{read, k, id})
	}
	return needs
}

// phrased gives an error of the code another text, MLflow's, unless it came with a reason from a remote MLflow.
func phrased(err error, code core.Code, format string, args ...any) error {
	e, ok := errors.AsType[*core.Error](err)
	if !ok || e.Code != code || e.Reason != "" {
		return err
	}
	return &core.Error{Code: code, Key: e.Key, Fields: e.Fields, Err: core.Errorf(code, format, args...)}
}

// about reports whether an error of a store is about this key.
func about(err error, key string) bool {
	e, ok := errors.AsType[*core.Error](err)
	return ok && e.Key == key
}

// pageLimit reads the length of a page, where absent is the store's default and 0 is refused as everything below.
func pageLimit(asked *rest.Int) (int, error) {
	if asked == nil {
		return 0, nil
	}
	if *asked <= 0 {
		return 0, core.Invalid("max_results",
			"Invalid value %d for parameter 'max_results' supplied. It must be a positive integer", *asked)
	}
	return int(min(*asked, math.MaxInt32)), nil
}

// boundsOf are the limits of a store.
func boundsOf(ctx context.Context, store core.TrackingStore) (core.Limits, error) {
	info, err := store.Describe(ctx)
	return info.Limits, err
}

// short cuts text to so many code points, as MLflow does before it stores params and tags (D-22); 0 cuts nothing.
func short(text string, limit int) string {
	if limit == 0 || len(text) <= limit || utf8.RuneCountInString(text) <= limit {
		return text
	}
	n := 0
	for i := range text {
		if n == limit {
			return text[:i]
		}
		n++
	}
	return text
}
