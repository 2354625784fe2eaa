package registrystore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func pageCases() []entry {
	keyset := []core.Capability{core.PagesKeyset}
	return []entry{
		{
			ID: "RG-080", Name: "search-models/pages-exactly-once", Rule: "Pages of any length yield every model once, in order.",
			Run: onModelsOf(pagesOnce),
		},
		{
			ID: "RG-083", Name: "search-models/stable-while-writing", Needs: keyset,
			Rule: "Models that are there all along are found exactly once while others come and go.", Run: onModelsOf(pagesStable),
		},
		{
			ID: "RG-088", Name: "search-versions/pages-exactly-once",
			Rule: "Pages of any length yield every version once, in order.", Run: onVersionsOf(pagesOnce),
		},
		{
			ID: "RG-112", Name: "search-versions/stable-while-writing", Needs: keyset,
			Rule: "Versions that are there all along are found exactly once while others come and go.", Run: onVersionsOf(pagesStable),
		},
	}
}

func tokenCases() []entry {
	return []entry{
		{
			ID: "RG-081", Name: "search/limits",
			Rule: "A page limit of 0 is the default; below 0 and above the maximum are ErrInvalid (D-21).", Run: pageLimits,
		},
		{
			ID: "RG-082", Name: "search/token-garbage",
			Rule: "A token that the store did not make, or made for another search, is ErrInvalid.", Run: pageTokens,
		},
	}
}

// shelf is what can be searched page by page: models of a group, or versions of one model. Its items have names that
// sort as they were made.
type shelf struct {
	check
	env    *env
	add    func() string // makes the next item and returns its name
	remove func(name string)
	search func(ctx context.Context, o core.PageOptions) (names []string, next string, err error)
}

func onModelsOf(f func(*shelf)) func(check, *env) {
	return func(t check, e *env) {
		g, n := newGroup(t, e), 0
		f(&shelf{
			check: t, env: e,
			add: func() string {
				n++
				end := fmt.Sprintf("%03d", n)
				g.add(end)
				return end
			},
			remove: func(name string) {
				conformance.NoError(t, "DeleteModel", e.Store.DeleteModel(t.Context(), g.base+name))
			},
			search: func(ctx context.Context, o core.PageOptions) ([]string, string, error) {
				page, err := e.Second().SearchModels(ctx, core.ModelQuery{Filter: g.filter(""), PageOptions: o})
				return g.ends(page.Items), page.Next, err
			},
		})
	}
}

func onVersionsOf(f func(*shelf)) func(check, *env) {
	return func(t check, e *env) {
		name := newModel(t, e, core.ModelSpec{}).Name
		f(&shelf{
			check: t, env: e,
			add: func() string { return fmt.Sprintf("%03d", newVersion(t, e, name, core.VersionSpec{}).Number) },
			remove: func(number string) {
				var ref core.VersionRef
				_, err := fmt.Sscanf(number, "%d", &ref.Number)
				conformance.NoError(t, "reading "+number, err)
				ref.Model = name
				conformance.NoError(t, "DeleteVersion", e.Store.DeleteVersion(t.Context(), ref))
			},
			search: func(ctx context.Context, o core.PageOptions) (names []string, next string, err error) {
				q := core.VersionQuery{Filter: "name = '" + name + "'", OrderBy: []string{"version_number"}, PageOptions: o}
				page, err := e.Second().SearchVersions(ctx, q)
				for _, v := range page.Items {
					names = append(names, fmt.Sprintf("%03d", v.Number))
				}
				return names, page.Next, err
			},
		})
	}
}

// walk searches page by page, calling between after each page that is not the last.
func (s *shelf) walk(limit int, between func()) []string {
	s.Helper()
	const most = 1000 // pages
	var all []string
	o := core.PageOptions{Limit: limit}
	for range most {
		names, next, err := s.search(s.Context(), o)
		conformance.NoError(s, "the search", err)
		if limit > 0 && len(names) > limit {
			s.Fatalf("a page has %d items, want at most %d", len(names), limit)
		}
		all = append(all, names...)
		if next == "" {
			return all
		}
		o.Token = next
		between()
	}
	s.Fatalf("the search does not end after %d pages", most)
	return nil
}

// settled waits until a search through the second handle shows what was made.
func (s *shelf) settled(want []string) {
	s.Helper()
	s.env.Observe(s, func(ctx context.Context, _ store) error {
		got, _, err := s.search(ctx, core.PageOptions{})
		return differs("items", got, want, err)
	})
}

func (s *shelf) fill(n int) []string {
	var names []string
	for range n {
		names = append(names, s.add())
	}
	return names
}

func pagesOnce(s *shelf) {
	const n = 11
	want := s.fill(n)
	s.settled(want)
	for _, limit := range []int{1, 2, 3, n - 1, n, n + 1, 0} {
		conformance.Equal(s, fmt.Sprintf("pages of %d", limit), s.walk(limit, func() {}), want)
	}
}

func pagesStable(s *shelf) {
	for _, limit := range []int{1, 3} {
		var stays, goes []string
		for range 10 {
			stays, goes = append(stays, s.add()), append(goes, s.add())
		}
		before := s.walk(0, func() {})
		rounds := 0
		got := s.walk(limit, func() {
			if rounds++; rounds > 60 { // what comes behind the cursor must not keep the walk going for ever
				return
			}
			s.add()
			if len(goes) > 1 { // one that may have been seen, and one that may not
				s.remove(goes[0])
				s.remove(goes[len(goes)-1])
				goes = goes[1 : len(goes)-1]
			}
		})
		for _, name := range stays {
			if n := count(got, name); n != 1 {
				s.Errorf("pages of %d: %q is found %d times, want once; before the walk there was %q", limit, name, n, before)
			}
		}
		if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			s.Errorf("pages of %d are out of order or repeat an item: %q", limit, got)
		}
	}
}

func count(names []string, name string) (n int) {
	for _, other := range names {
		if other == name {
			n++
		}
	}
	return n
}

func pageLimits(t check, e *env) {
	name, _ := newLine(t, e, 1)
	for _, limit := range []int{-1, -1 << 31, e.Limits.ModelPage.Max + 1} {
		_, err := e.Store.SearchModels(t.Context(), core.ModelQuery{PageOptions: core.PageOptions{Limit: limit}})
		conformance.Refused(t, fmt.Sprintf("SearchModels with a limit of %d", limit), err, core.ErrInvalid)
	}
	for _, limit := range []int{-1, -1 << 31, e.Limits.VersionPage.Max + 1} {
		_, err := e.Store.SearchVersions(t.Context(), core.VersionQuery{PageOptions: core.PageOptions{Limit: limit}})
		conformance.Refused(t, fmt.Sprintf("SearchVersions with a limit of %d", limit), err, core.ErrInvalid)
	}
	for _, limit := range []int{0, 1, e.Limits.ModelPage.Max} {
		q := core.ModelQuery{Filter: "name = '" + name + "'", PageOptions: core.PageOptions{Limit: limit}}
		page, err := e.Store.SearchModels(t.Context(), q)
		conformance.NoError(t, fmt.Sprintf("SearchModels with a limit of %d", limit), err)
		conformance.Equal(t, "models found", len(page.Items), 1)
	}
	for _, limit := range []int{0, 1, e.Limits.VersionPage.Max} {
		q := core.VersionQuery{Filter: "name = '" + name + "'", PageOptions: core.PageOptions{Limit: limit}}
		page, err := e.Store.SearchVersions(t.Context(), q)
		conformance.NoError(t, fmt.Sprintf("SearchVersions with a limit of %d", limit), err)
		conformance.Equal(t, "versions found", len(page.Items), 1)
	}
}

func pageTokens(t check, e *env) {
	for _, token := range []string{"garbage", "%%%", `{"offset": 2}`, strings.Repeat("A", 5000), "\x00", "é"} {
		o := core.PageOptions{Token: token}
		_, err := e.Store.SearchModels(t.Context(), core.ModelQuery{PageOptions: o})
		conformance.Refused(t, fmt.Sprintf("SearchModels with the token %.20q", token), err, core.ErrInvalid)
		_, err = e.Store.SearchVersions(t.Context(), core.VersionQuery{PageOptions: o})
		conformance.Refused(t, fmt.Sprintf("SearchVersions with the token %.20q", token), err, core.ErrInvalid)
	}
	if !e.Info.Has(core.PagesKeyset) { // only a keyset's tokens are bound to their search
		return
	}
	g := newGroup(t, e)
	g.add("a", "b", "c")
	newVersion(t, e, g.base+"a", core.VersionSpec{})
	newVersion(t, e, g.base+"a", core.VersionSpec{})
	models, err := e.Store.SearchModels(t.Context(), core.ModelQuery{Filter: g.filter(""), PageOptions: core.PageOptions{Limit: 1}})
	conformance.NoError(t, "SearchModels", err)
	own := "name = '" + g.base + "a'"
	versions, err := e.Store.SearchVersions(t.Context(), core.VersionQuery{Filter: own, PageOptions: core.PageOptions{Limit: 1}})
	conformance.NoError(t, "SearchVersions", err)
	if models.Next == "" || versions.Next == "" {
		t.Fatalf("a page is not the last, but has no token: %q, %q", models.Next, versions.Next)
	}
	o, o2 := core.PageOptions{Limit: 1, Token: models.Next}, core.PageOptions{Limit: 1, Token: versions.Next}
	for what, q := range map[string]core.ModelQuery{
		"filter": {Filter: "name != 'x'", PageOptions: o},
		"order":  {Filter: g.filter(""), OrderBy: []string{"name DESC"}, PageOptions: o},
		"kind":   {Filter: g.filter(""), PageOptions: o2},
	} {
		_, err := e.Store.SearchModels(t.Context(), q)
		conformance.Refused(t, "SearchModels with the token of another "+what, err, core.ErrInvalid)
	}
	for what, q := range map[string]core.VersionQuery{
		"filter": {Filter: "name != 'x'", PageOptions: o2},
		"order":  {Filter: own, OrderBy: []string{"version_number"}, PageOptions: o2},
		"kind":   {Filter: own, PageOptions: o},
	} {
		_, err := e.Store.SearchVersions(t.Context(), q)
		conformance.Refused(t, "SearchVersions with the token of another "+what, err, core.ErrInvalid)
	}
}
