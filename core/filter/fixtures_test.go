package filter_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
)

// search reads one filter as a search of one kind of item, with default limits.
type search func(filter string) (filter.Filter, error)

func searches() map[string]search {
	l := core.DefaultLimits()
	return map[string]search{
		"runs": func(text string) (filter.Filter, error) {
			return clauses(filter.Runs(core.RunQuery{Filter: text}, l))
		},
		"experiments": func(text string) (filter.Filter, error) {
			return clauses(filter.Experiments(core.ExperimentQuery{Filter: text}, l))
		},
		"models": func(text string) (filter.Filter, error) {
			return clauses(filter.Models(core.ModelQuery{Filter: text}, l))
		},
		"versions": func(text string) (filter.Filter, error) {
			return clauses(filter.Versions(core.VersionQuery{Filter: text}, l))
		},
		"logged": func(text string) (filter.Filter, error) {
			return clauses(filter.LoggedModels(core.LoggedModelQuery{Filter: text}, l))
		},
	}
}

func clauses[T any](q *filter.Query[T], err error) (filter.Filter, error) {
	if err != nil {
		return nil, err
	}
	return q.Filter(), nil
}

// wantInvalid checks that err is an ErrInvalid whose text has all of parts.
func wantInvalid(t *testing.T, err error, parts ...string) {
	t.Helper()
	if !errors.Is(err, core.ErrInvalid) {
		t.Fatalf("error is %v, want ErrInvalid", err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error is %q, want it to say %q", err, part)
		}
	}
}

func must[T any](t testing.TB) func(q *filter.Query[T], err error) *filter.Query[T] {
	t.Helper()
	return func(q *filter.Query[T], err error) *filter.Query[T] {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
}

func names[T any](items []T, name func(T) string) []string {
	found := make([]string, 0, len(items))
	for _, item := range items {
		found = append(found, name(item))
	}
	return found
}
