package tracking

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func experimentPageCases() []entry {
	return []entry{
		{
			ID: "TS-045", Name: "exp-search/limit-bounds", Run: limitExperimentPage,
			Rule: "A page may be as long as announced; a negative or larger length is ErrInvalid; 0 is the default (D-21).",
		},
		{
			ID: "TS-046", Name: "exp-search/pages-exactly-once", Run: pageExperiments,
			Rule: "Pages of any length show every match once, in the order of one large page.",
		},
		{
			ID: "TS-047", Name: "exp-search/last-page-has-no-token", Run: endExperimentPages,
			Rule: "The last page has no token, even when it is exactly full.",
		},
		{
			ID: "TS-048", Name: "exp-search/token-garbage", Run: refuseExperimentTokens,
			Rule: "A token that the store did not make is ErrInvalid; it never means the first page.",
		},
		{
			ID: "TS-049", Name: "exp-search/token-of-other-query", Needs: []core.Capability{core.PagesKeyset},
			Run:  refuseForeignExperimentToken,
			Rule: "A token continues its own query alone; with another filter, order or view it is ErrInvalid.",
		},
	}
}

// malformed is a filter or order that must be refused, with what the message must show of it.
type malformed struct{ text, shown string }

func refuseExperimentFilters(t check, e *env) {
	for _, bad := range []malformed{
		{"name", "name"},
		{"name =", ""},
		{"= 'x'", "="},
		{"name == 'x'", "=="},
		{"name <> 'x'", "<>"},
		{"name = x", "x"},
		{"name > 'x'", ">"},
		{"name = 5", "5"},
		{"creation_time = 'x'", "x"},
		{"creation_time LIKE '5'", "LIKE"},
		{"color = 'x'", "color"},
		{"metrics.loss > 1", "metrics"},
		{"attr.name = 'x'", "attr"},
		{"name = 'x' OR name = 'y'", "OR"},
		{"(name = 'x')", "("},
		{"NOT name = 'x'", "NOT"},
		{"name = 'x", "x"},
		{"name = 'x'; name = 'y'", ";"},
		{"tags.k > 'x'", ">"},
		{"tags.k = 1", "1"},
		{"name BETWEEN 'a' AND 'b'", "BETWEEN"},
		{"   ", ""},
		{"creation_time > 1.5", "1.5"},
		{"tags. = 'x'", "tags"},
		{"name = 'x' -- all", "--"},
	} {
		_, err := e.Store.SearchExperiments(t.Context(), core.ExperimentQuery{Filter: bad.text})
		conformance.Refused(t, fmt.Sprintf("filter %q", bad.text), err, core.ErrInvalid)
		shows(t, bad, err)
	}
}

func shows(t check, bad malformed, err error) {
	t.Helper()
	if err != nil && !strings.Contains(err.Error(), bad.shown) {
		t.Errorf("the error about %q does not show %q: %v", bad.text, bad.shown, err)
	}
}

func refuseExperimentOrders(t check, e *env) {
	for _, bad := range []malformed{
		{"color", "color"},
		{"name SIDEWAYS", "SIDEWAYS"},
		{"name, creation_time", ","},
		{"metrics.loss", "metrics"},
		{"", ""},
		{"name ASC DESC", "DESC"},
		{"tags.k", "tag"},
		{"1", "1"},
	} {
		_, err := e.Store.SearchExperiments(t.Context(), core.ExperimentQuery{OrderBy: []string{bad.text}})
		conformance.Refused(t, fmt.Sprintf("order %q", bad.text), err, core.ErrInvalid)
		shows(t, bad, err)
	}
}

func limitExperimentPage(t check, e *env) {
	bound := e.Limits.ExperimentPage
	none := "name = '" + e.Name("nobody") + "'"
	for limit, fits := range map[int]bool{-1: false, 0: true, 1: true, bound.Max: true, bound.Max + 1: false} {
		q := core.ExperimentQuery{Filter: none, PageOptions: core.PageOptions{Limit: limit}}
		_, err := e.Store.SearchExperiments(t.Context(), q)
		if fits {
			conformance.NoError(t, fmt.Sprintf("Limit %d", limit), err)
			continue
		}
		conformance.Refused(t, fmt.Sprintf("Limit %d", limit), err, core.ErrInvalid)
	}
}

func pageExperiments(t check, e *env) {
	_, mine, all := family(t, e, "a", "b", "c", "d", "e", "f", "g")
	n := len(all)
	changeExperiment(t, e, all[2].ID, core.ExperimentChange{Lifecycle: core.Deleted})
	for _, q := range []core.ExperimentQuery{
		{Filter: mine, View: core.AllStages},
		{Filter: mine, OrderBy: []string{"name DESC"}, View: core.AllStages},
		{Filter: mine, OrderBy: []string{"last_update_time ASC"}},
	} {
		whole, err := experimentNames(t.Context(), e.Second(), q)
		conformance.NoError(t, "SearchExperiments", err)
		for _, limit := range []int{1, 2, 3, n - 1, n, n + 1} {
			q.Limit = limit
			sawExperiments(t, e, q, whole...)
		}
	}
}

func endExperimentPages(t check, e *env) {
	_, mine, all := family(t, e, "a", "b", "c", "d")
	for _, limit := range []int{1, 2, len(all)} {
		q := core.ExperimentQuery{Filter: mine, PageOptions: core.PageOptions{Limit: limit}}
		noTokenAtEnd(t, e, len(all), func(ctx context.Context, s store, o core.PageOptions) (int, string, error) {
			q.PageOptions = o
			page, err := s.SearchExperiments(ctx, q)
			return len(page.Items), page.Next, err
		}, limit)
	}
}

// noTokenAtEnd walks pages of the length and checks that the one that brings the last of n items ends the walk.
func noTokenAtEnd(
	t check, e *env, n int, fetch func(context.Context, store, core.PageOptions) (int, string, error), limit int,
) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		o := core.PageOptions{Limit: limit}
		for seen := 0; ; {
			count, next, err := fetch(ctx, s, o)
			seen += count
			switch {
			case err != nil:
				return err
			case count > limit:
				return fmt.Errorf("got a page of %d, want at most %d", count, limit)
			case seen >= n && next != "":
				return fmt.Errorf("got a token after the last of %d items, pages of %d", n, limit)
			case next == "" && seen != n:
				return fmt.Errorf("the pages of %d end after %d of %d items", limit, seen, n)
			case next == "":
				return nil
			}
			o.Token = next
		}
	})
}

func refuseExperimentTokens(t check, e *env) {
	_, mine, _ := family(t, e, "a", "b", "c")
	q := core.ExperimentQuery{Filter: mine, PageOptions: core.PageOptions{Limit: 1}}
	refuseTokens(t, e, func(ctx context.Context, token string) (string, error) {
		q.Token = token
		page, err := e.Store.SearchExperiments(ctx, q)
		return page.Next, err
	})
}

// refuseTokens tries tokens that nobody made, and broken ones. A remote's tokens may be readable offsets, so that a broken
// one may by chance be another good one: then any answer but an accident of the store will do.
func refuseTokens(t check, e *env, fetch func(ctx context.Context, token string) (next string, err error)) {
	t.Helper()
	good, err := fetch(t.Context(), "")
	conformance.NoError(t, "the first page", err)
	if good == "" {
		t.Fatal("the first page has no token, want one: there are more items")
	}
	for _, token := range []string{"x", "garbage", "!!!", "MTIz", "bm9uc2Vuc2U=", "\xff", strings.Repeat("A", 10_000)} {
		_, err := fetch(t.Context(), token)
		conformance.Refused(t, fmt.Sprintf("token %.30q", token), err, core.ErrInvalid)
	}
	for range 40 {
		_, err := fetch(t.Context(), damaged(e, good))
		if err == nil && !e.Info.Has(core.PagesKeyset) || errors.Is(err, core.ErrInvalid) {
			continue
		}
		t.Errorf("a damaged token: got error %v, want %v", err, core.ErrInvalid)
		return
	}
}

// damaged cuts a token or changes one of its characters.
func damaged(e *env, token string) string {
	at := e.Rand.IntN(len(token))
	if e.Rand.IntN(3) == 0 && at > 0 {
		return token[:at]
	}
	other := token[at] ^ byte(1<<e.Rand.IntN(7))
	return token[:at] + string(rune(other&0x7f)) + token[at+1:]
}

func refuseForeignExperimentToken(t check, e *env) {
	_, mine, _ := family(t, e, "a", "b", "c")
	q := core.ExperimentQuery{Filter: mine, OrderBy: []string{"name ASC"}, PageOptions: core.PageOptions{Limit: 1}}
	page, err := e.Store.SearchExperiments(t.Context(), q)
	conformance.NoError(t, "SearchExperiments", err)
	q.Token = page.Next
	for what, change := range map[string]func(*core.ExperimentQuery){
		"filter": func(q *core.ExperimentQuery) { q.Filter = mine + " AND name != 'x'" },
		"order":  func(q *core.ExperimentQuery) { q.OrderBy = []string{"name DESC"} },
		"view":   func(q *core.ExperimentQuery) { q.View = core.AllStages },
	} {
		other := q
		change(&other)
		_, err := e.Store.SearchExperiments(t.Context(), other)
		conformance.Refused(t, "the token with another "+what, err, core.ErrInvalid)
	}
	_, err = e.Store.SearchExperiments(t.Context(), q)
	conformance.NoError(t, "the token with its own query", err)
}
