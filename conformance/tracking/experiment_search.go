package tracking

import (
	"context"
	"fmt"
	"slices"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func experimentSearchCases() []entry {
	return []entry{
		{
			ID: "TS-034", Name: "exp-search/empty", Run: findNoExperiment,
			Rule: "A search without a match is an empty page without a token, and no error.",
		},
		{
			ID: "TS-035", Name: "exp-search/view-types", Run: viewExperiments,
			Rule: "Each view shows exactly the experiments of its stage of life.",
		},
		{
			ID: "TS-036", Name: "exp-search/filter-name", Run: filterByName,
			Rule: "Names compare exactly with = and !=, by pattern with LIKE, and by pattern in any case with ILIKE.",
			Why:  "SQLite's LIKE ignores case unless it is told otherwise.",
		},
		{
			ID: "TS-037", Name: "exp-search/like-metacharacters", Run: filterByPattern,
			Rule: "In a pattern % is any text and _ one character; in an equality they are themselves.",
		},
		{
			ID: "TS-038", Name: "exp-search/filter-tag", Run: filterByExperimentTag,
			Rule: "Tags compare by value, with quoted keys too; an experiment without the tag matches no comparison, not even !=.",
		},
		{
			ID: "TS-039", Name: "exp-search/filter-tag-null", Level: conformance.Extended, Run: filterByAbsentTag,
			Rule: "IS NULL finds the experiments without a tag, IS NOT NULL those with it.",
		},
		{
			ID: "TS-040", Name: "exp-search/filter-time", Run: filterByTime,
			Rule: "Times of creation and change compare with all six operators.",
		},
		{ID: "TS-041", Name: "exp-search/filter-and", Run: filterByBoth, Rule: "Clauses joined by AND must all hold."},
		{
			ID: "TS-042", Name: "exp-search/bad-filter", Run: refuseExperimentFilters,
			Rule: "A filter that cannot be understood is ErrInvalid and shows what is wrong in it; it never matches something.",
		},
		{
			ID: "TS-043", Name: "exp-search/order-by", Run: orderExperiments,
			Rule: "Results come in the order asked for, and in a fixed order where that is silent.",
		},
		{
			ID: "TS-044", Name: "exp-search/order-by-unknown", Run: refuseExperimentOrders,
			Rule: "An order that cannot be understood is ErrInvalid and shows what is wrong.",
		},
	}
}

// sawExperiments observes the names that a search finds, in order.
func sawExperiments(t check, e *env, q core.ExperimentQuery, want ...string) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := experimentNames(ctx, s, q)
		return differs(fmt.Sprintf("SearchExperiments(%+v)", q), got, want, err)
	})
}

// foundExperiments observes the names that a search finds, whatever their order.
func foundExperiments(t check, e *env, q core.ExperimentQuery, want ...string) {
	t.Helper()
	slices.Sort(want)
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := experimentNames(ctx, s, q)
		slices.Sort(got)
		return differs(fmt.Sprintf("SearchExperiments(%+v), sorted", q), got, want, err)
	})
}

func experimentNames(ctx context.Context, s store, q core.ExperimentQuery) ([]string, error) {
	items, err := searchExperiments(ctx, s, q)
	names := make([]string, 0, len(items))
	for _, x := range items {
		names = append(names, x.Name)
	}
	return names, err
}

func searchExperiments(ctx context.Context, s store, q core.ExperimentQuery) ([]core.Experiment, error) {
	return collect(core.All(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Experiment], error) {
		q.PageOptions = o
		return s.SearchExperiments(ctx, q)
	}, q.PageOptions))
}

// family creates experiments whose names begin alike and end as given, and returns a filter that finds these alone.
func family(t check, e *env, endings ...string) (base, filter string, all []core.Experiment) {
	t.Helper()
	base = e.Name("")
	for _, ending := range endings {
		all = append(all, newExperiment(t, e, core.ExperimentSpec{Name: base + ending}))
	}
	return base, "name LIKE '" + base + "%'", all
}

func findNoExperiment(t check, e *env) {
	e.Observe(t, func(ctx context.Context, s store) error {
		page, err := s.SearchExperiments(ctx, core.ExperimentQuery{Filter: "name = '" + e.Name("nobody") + "'"})
		return differs("page", page, core.Page[core.Experiment]{}, err)
	})
}

func viewExperiments(t check, e *env) {
	base, filter, all := family(t, e, "a", "b", "c")
	changeExperiment(t, e, all[1].ID, core.ExperimentChange{Lifecycle: core.Deleted})
	order := []string{"name ASC"}
	sawExperiments(t, e, core.ExperimentQuery{Filter: filter, OrderBy: order}, base+"a", base+"c")
	sawExperiments(t, e, core.ExperimentQuery{Filter: filter, OrderBy: order, View: core.DeletedOnly}, base+"b")
	sawExperiments(t, e, core.ExperimentQuery{Filter: filter, OrderBy: order, View: core.AllStages}, base+"a", base+"b", base+"c")
}

func filterByName(t check, e *env) {
	base, mine, _ := family(t, e, "Loss", "loss", "gain")
	find := func(clause string, endings ...string) {
		t.Helper()
		for i := range endings {
			endings[i] = base + endings[i]
		}
		foundExperiments(t, e, core.ExperimentQuery{Filter: clause}, endings...)
	}
	find("name = '"+base+"loss'", "loss")
	find("attribute.name = '"+base+"Loss'", "Loss")
	find(mine+" AND name != '"+base+"loss'", "Loss", "gain")
	find("name LIKE '"+base+"l%'", "loss")
	find("name LIKE '"+base+"%ss'", "Loss", "loss")
	find("name ILIKE '"+base+"LOSS'", "Loss", "loss")
	find("name ILIKE '"+base+"l%'", "Loss", "loss")
}

func filterByPattern(t check, e *env) {
	base, _, _ := family(t, e, "a%c", "abc", "a_c", "abbc", `a\c`, "a.c", "a[bx]c")
	find := func(operator, pattern string, endings ...string) {
		t.Helper()
		for i := range endings {
			endings[i] = base + endings[i]
		}
		foundExperiments(t, e, core.ExperimentQuery{Filter: "name " + operator + " '" + base + pattern + "'"}, endings...)
	}
	find("=", "a%c", "a%c")
	find("=", "a_c", "a_c")
	find("=", `a\c`, `a\c`)
	find("LIKE", "a_c", "a%c", "abc", "a_c", `a\c`, "a.c")
	find("LIKE", "a%c", "a%c", "abc", "a_c", "abbc", `a\c`, "a.c", "a[bx]c")
	find("LIKE", "a.c", "a.c")
	find("LIKE", "a[bx]c", "a[bx]c")
	find("LIKE", "a", []string{}...)
	find("LIKE", "abc", "abc")
}

func filterByExperimentTag(t check, e *env) {
	base := e.Name("")
	for name, tags := range map[string]map[string]string{
		"one": {"k": "v", "a.b/c d": "x"}, "two": {"k": "V"}, "three": {}, "four": {"k": ""},
	} {
		newExperiment(t, e, core.ExperimentSpec{Name: base + name, Tags: tags})
	}
	mine := "name LIKE '" + base + "%' AND "
	find := func(clause string, endings ...string) {
		t.Helper()
		for i := range endings {
			endings[i] = base + endings[i]
		}
		foundExperiments(t, e, core.ExperimentQuery{Filter: mine + clause}, endings...)
	}
	find("tags.k = 'v'", "one")
	find("tag.k = 'V'", "two")
	find("tags.k != 'v'", "two", "four")
	find("tags.k ILIKE 'v'", "one", "two")
	find("tags.k LIKE 'v%'", "one")
	find("tags.k = ''", "four")
	find("tags.`a.b/c d` = 'x'", "one")
	find("tags.absent != 'x'")
}

func filterByAbsentTag(t check, e *env) {
	base := e.Name("")
	newExperiment(t, e, core.ExperimentSpec{Name: base + "with", Tags: map[string]string{"k": ""}})
	newExperiment(t, e, core.ExperimentSpec{Name: base + "without"})
	foundExperiments(t, e, core.ExperimentQuery{Filter: "name LIKE '" + base + "%' AND tags.k IS NULL"}, base+"without")
	foundExperiments(t, e, core.ExperimentQuery{Filter: "name LIKE '" + base + "%' AND tags.k IS NOT NULL"}, base+"with")
}

func filterByTime(t check, e *env) {
	base, mine, all := family(t, e, "x")
	for attribute, at := range map[string]core.Millis{
		"creation_time": all[0].CreatedAt, "last_update_time": all[0].UpdatedAt, "attribute.creation_time": all[0].CreatedAt,
	} {
		for operator, offsets := range map[string][]core.Millis{
			"=": {0}, "!=": {-1, 1}, "<": {1}, "<=": {0, 1}, ">": {-1}, ">=": {0, -1},
		} {
			for _, offset := range []core.Millis{-1, 0, 1} {
				filter := fmt.Sprintf("%s AND %s %s %d", mine, attribute, operator, at+offset)
				want := []string{base + "x"}
				if !slices.Contains(offsets, offset) {
					want = nil
				}
				foundExperiments(t, e, core.ExperimentQuery{Filter: filter}, want...)
			}
		}
	}
}

func filterByBoth(t check, e *env) {
	base := e.Name("")
	newExperiment(t, e, core.ExperimentSpec{Name: base + "a", Tags: map[string]string{"k": "1", "l": "1"}})
	newExperiment(t, e, core.ExperimentSpec{Name: base + "b", Tags: map[string]string{"k": "1", "l": "2"}})
	newExperiment(t, e, core.ExperimentSpec{Name: base + "c", Tags: map[string]string{"k": "2", "l": "2"}})
	mine := "name LIKE '" + base + "%' AND "
	foundExperiments(t, e, core.ExperimentQuery{Filter: mine + "tags.k = '1' and tags.l = '2'"}, base+"b")
	foundExperiments(t, e, core.ExperimentQuery{Filter: mine + "tags.k = '2' AND tags.l = '1'"})
}

func orderExperiments(t check, e *env) {
	base, mine, all := family(t, e, "b", "C", "a", "c")
	order := func(by []string, endings ...string) {
		t.Helper()
		for i := range endings {
			endings[i] = base + endings[i]
		}
		sawExperiments(t, e, core.ExperimentQuery{Filter: mine, OrderBy: by}, endings...)
	}
	order([]string{"name"}, "C", "a", "b", "c")
	order([]string{"name ASC"}, "C", "a", "b", "c")
	order([]string{"name DESC"}, "c", "b", "a", "C")
	order([]string{"last_update_time DESC", "name ASC"}, byTimeThenName(all)...)
	for _, by := range [][]string{nil, {"creation_time"}, {"experiment_id"}, {"last_update_time DESC", "experiment_id ASC"}} {
		sameOrderTwice(t, e, core.ExperimentQuery{Filter: mine, OrderBy: by})
	}
}

// byTimeThenName returns the last letters of the names, the newest first.
func byTimeThenName(all []core.Experiment) []string {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b core.Experiment) int {
		if a.UpdatedAt != b.UpdatedAt {
			return int(b.UpdatedAt - a.UpdatedAt)
		}
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	var endings []string
	for _, x := range sorted {
		endings = append(endings, x.Name[len(x.Name)-1:])
	}
	return endings
}

func sameOrderTwice(t check, e *env, q core.ExperimentQuery) {
	t.Helper()
	first, err := experimentNames(t.Context(), e.Store, q)
	conformance.NoError(t, "SearchExperiments", err)
	sawExperiments(t, e, q, first...)
	q.Limit = 1
	sawExperiments(t, e, q, first...)
}
