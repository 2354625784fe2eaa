package registrystore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func modelSearchCases() []entry {
	return []entry{
		{ID: "RG-074", Name: "search-models/empty", Rule: "A search that finds nothing is an empty page.", Run: searchEmpty},
		{
			ID: "RG-075", Name: "search-models/name-operators", Rule: "Names compare with =, !=, LIKE, ILIKE, IN and NOT IN.",
			Run: searchNames,
		},
		{
			ID: "RG-076", Name: "search-models/tags",
			Rule: "Tags compare likewise; clauses joined by AND all hold; a model without the tag matches no clause, nor !=.",
			Run:  searchTags,
		},
		{ID: "RG-077", Name: "search-models/bad-filter", Rule: "A filter that cannot be read is ErrInvalid.", Run: searchBadFilter},
		{
			ID: "RG-111", Name: "search-models/prompts-hidden",
			Rule: "What carries the tag of a prompt is found only by a filter that asks for it.", Run: searchPrompts,
		},
		{
			ID: "RG-090", Name: "search/injection", Rule: "Quotes, comment marks and wildcards in values are literal text.",
			Run: searchInjection,
		},
	}
}

func modelOrderCases() []entry {
	return []entry{
		{ID: "RG-078", Name: "search-models/order", Rule: "Models come by name, or in the order asked for.", Run: searchOrder},
		{
			ID: "RG-079", Name: "search-models/duplicate-order-key", Rule: "A key that orders twice, or is unknown, is ErrInvalid.",
			Run: searchBadOrder,
		},
	}
}

// group is a set of models whose names start alike, so that a search can leave out all others.
type group struct {
	check
	env  *env
	base string
}

func newGroup(t check, e *env) *group { return &group{check: t, env: e, base: e.Name("g") + "-"} }

// add creates models; ends are the ends of their names.
func (g *group) add(ends ...string) {
	g.Helper()
	for _, end := range ends {
		newModel(g, g.env, core.ModelSpec{Name: g.base + end})
	}
}

// filter limits a filter to the group.
func (g *group) filter(text string) string {
	own := "name LIKE '" + g.base + "%'"
	if text == "" {
		return own
	}
	return text + " AND " + own
}

// ends cuts the names to what tells the group's models apart.
func (g *group) ends(models []core.Model) []string {
	var all []string
	for _, m := range models {
		all = append(all, strings.TrimPrefix(m.Name, g.base))
	}
	return all
}

// finds observes what a filter finds in the group, in order.
func (g *group) finds(filter string, want ...string) {
	g.Helper()
	g.orders(core.ModelQuery{Filter: filter}, want...)
}

func (g *group) orders(q core.ModelQuery, want ...string) {
	g.Helper()
	q.Filter = g.filter(q.Filter)
	g.env.Observe(g, func(ctx context.Context, s store) error {
		models, err := searchModels(ctx, s, q)
		return differs(fmt.Sprintf("models found by %q, order %q", q.Filter, q.OrderBy), g.ends(models), want, err)
	})
}

// searchModels walks all pages of a search.
func searchModels(ctx context.Context, s store, q core.ModelQuery) ([]core.Model, error) {
	return collect(core.All(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Model], error) {
		q.PageOptions = o
		return s.SearchModels(ctx, q)
	}, q.PageOptions))
}

func searchEmpty(t check, e *env) {
	g := newGroup(t, e)
	g.finds("")
	page, err := e.Store.SearchModels(t.Context(), core.ModelQuery{Filter: "name = '" + e.Name("missing") + "'"})
	conformance.NoError(t, "SearchModels", err)
	conformance.Equal(t, "the page", page, core.Page[core.Model]{})
	versions, err := e.Store.SearchVersions(t.Context(), core.VersionQuery{Filter: "name = '" + e.Name("missing") + "'"})
	conformance.NoError(t, "SearchVersions", err)
	conformance.Equal(t, "the page", versions, core.Page[core.Version]{})
}

func searchNames(t check, e *env) {
	g := newGroup(t, e)
	g.add("abc", "ABC", "abd", "xyz", "a-c", "日本")
	g.finds("", "ABC", "a-c", "abc", "abd", "xyz", "日本")
	g.finds("name = '"+g.base+"abc'", "abc")
	g.finds(`name = "`+g.base+`abc"`, "abc")
	g.finds("name != '"+g.base+"abc'", "ABC", "a-c", "abd", "xyz", "日本")
	g.finds("name LIKE '"+g.base+"ab%'", "abc", "abd")
	g.finds("name LIKE '"+g.base+"a_c'", "a-c", "abc")
	g.finds("name like '%yz'", "xyz")
	g.finds("name ILIKE '"+strings.ToUpper(g.base)+"ABC'", "ABC", "abc")
	g.finds("name ILIKE '%B_'", "ABC", "abc", "abd")
	g.finds("name IN ('"+g.base+"abc', '"+g.base+"xyz', 'other')", "abc", "xyz")
	g.finds("name NOT IN ('"+g.base+"abc', '"+g.base+"xyz')", "ABC", "a-c", "abd", "日本")
	g.finds("attribute.name = '"+g.base+"日本'", "日本")
	g.finds("name = '" + strings.ToUpper(g.base) + "abc'")
}

func searchTags(t check, e *env) {
	g := newGroup(t, e)
	for end, tags := range map[string]map[string]string{
		"a": {"team": "vision", "stage": "one"}, "b": {"team": "Vision"}, "c": {"team": "speech", "stage": "one"}, "d": {"other": "x"},
		"e": {"team": ""}, "f": nil,
	} {
		newModel(t, e, core.ModelSpec{Name: g.base + end, Tags: tags})
	}
	g.finds("tags.team = 'vision'", "a")
	g.finds("tag.team = 'vision'", "a")
	g.finds("tags.team != 'vision'", "b", "c", "e")
	g.finds("tags.team LIKE 'v%'", "a")
	g.finds("tags.team ILIKE 'V%'", "a", "b")
	g.finds("tags.team = ''", "e")
	g.finds("tags.stage = 'one' AND tags.team = 'speech'", "c")
	g.finds("tags.team != 'vision' AND tags.team != 'speech'", "b", "e")
	g.finds("tags.team = 'vision' AND tags.team = 'speech'")
	g.finds("tags.absent != 'x'")
	g.finds("tags.`team` = 'vision'", "a")
	g.finds(`tags."team" = 'vision'`, "a")
}

// badFilters are wrong for models and for versions alike.
func badFilters() []string {
	return []string{
		"name", "name =", "= 'a'", "name = a", "name = 1", "name > 'a'", "name == 'a'", "name = 'a' OR name = 'b'",
		"name = 'a' AND tags", "(name = 'a')", "NOT name = 'a'", "unknown = 'a'", "metrics.x > 1", "params.x = 'a'",
		"name = 'a", "name = 'a'; name = 'b'", "name IS NULL", "name IN ()", "name IN 'a'", "tags.x > 'a'", "tags. = 'a'",
		"name = 'a' --", "'name' = 'a'", "name LIKE", "\xff", "name BETWEEN 'a' AND 'b'",
	}
}

func searchBadFilter(t check, e *env) {
	for _, filter := range badFilters() {
		_, err := e.Store.SearchModels(t.Context(), core.ModelQuery{Filter: filter})
		conformance.Refused(t, fmt.Sprintf("SearchModels with the filter %q", filter), err, core.ErrInvalid)
		_, err = e.Store.SearchVersions(t.Context(), core.VersionQuery{Filter: filter})
		conformance.Refused(t, fmt.Sprintf("SearchVersions with the filter %q", filter), err, core.ErrInvalid)
	}
	for _, filter := range []string{
		"version_number = 'a'", "version_number = 1.5", "version_number LIKE 1", "source_path IN ('a')", "run_id IN ()",
	} {
		_, err := e.Store.SearchVersions(t.Context(), core.VersionQuery{Filter: filter})
		conformance.Refused(t, fmt.Sprintf("SearchVersions with the filter %q", filter), err, core.ErrInvalid)
	}
}

func searchPrompts(t check, e *env) {
	g := newGroup(t, e)
	for end, value := range map[string]string{"prompt": "true", "not": "false"} {
		newModel(t, e, core.ModelSpec{Name: g.base + end, Tags: map[string]string{core.PromptTag: value}})
	}
	g.add("plain")
	g.finds("", "not", "plain")
	g.finds("tags.`"+core.PromptTag+"` = 'true'", "prompt")
	g.finds("tags.`"+core.PromptTag+"` != 'true'", "not", "plain")
	g.finds("tags.`"+core.PromptTag+"` = 'false'", "not", "plain")
}

func searchInjection(t check, e *env) {
	g := newGroup(t, e)
	values := map[string]string{
		"a": "it's", "b": "x' OR '1'='1", "c": "100%", "d": "100", "e": `back\slash`, "f": "--", "g": "/* */", "h": "a_b", "i": "aXb",
		"j": `"double"`, "k": "x; DROP TABLE models", "l": "1000",
	}
	for end, value := range values {
		newModel(t, e, core.ModelSpec{Name: g.base + end, Tags: map[string]string{"k": value}})
	}
	for end, value := range values {
		quote := "'"
		if strings.Contains(value, quote) {
			quote = `"`
		}
		g.finds("tags.k = "+quote+value+quote, end)
	}
	g.finds("tags.k LIKE 'a_b'", "h", "i")
	g.finds("tags.k LIKE '100%'", "c", "d", "l")
	g.finds("tags.k = '' AND tags.k = '1'")
}

func searchOrder(t check, e *env) {
	g := newGroup(t, e)
	for _, end := range []string{"b", "c", "a"} {
		g.add(end)
		tick(t)
	}
	g.finds("", "a", "b", "c")
	for _, order := range []struct {
		by   string
		want string
	}{
		{"name", "a b c"},
		{"name ASC", "a b c"},
		{"name DESC", "c b a"},
		{"name desc", "c b a"},
		{"last_updated_timestamp", "b c a"},
		{"last_updated_timestamp DESC", "a c b"},
		{"timestamp DESC", "a c b"},
		{"creation_timestamp ASC", "b c a"},
		{"creation_timestamp DESC", "a c b"},
	} {
		g.orders(core.ModelQuery{OrderBy: []string{order.by}}, strings.Fields(order.want)...)
	}
	changeModel(t, e, g.base+"b", core.ModelChange{Description: ptr("newest")})
	g.orders(core.ModelQuery{OrderBy: []string{"last_updated_timestamp DESC"}}, "b", "a", "c")
	g.orders(core.ModelQuery{OrderBy: []string{"last_updated_timestamp ASC", "name DESC"}}, "c", "a", "b")
	if s, ok := core.As[core.RegistryImporter](e.Store); ok && e.Info.Has(importer) { // ties go by name
		for _, end := range []string{"t3", "t1", "t2"} {
			forget(t, e, e.Store, g.base+end)
			m := core.Model{Name: g.base + end, CreatedAt: 1000, UpdatedAt: 1000}
			conformance.NoError(t, "ImportModel", s.ImportModel(t.Context(), m))
		}
		g.orders(core.ModelQuery{OrderBy: []string{"last_updated_timestamp"}}, "t1", "t2", "t3", "c", "a", "b")
		g.orders(core.ModelQuery{OrderBy: []string{"last_updated_timestamp DESC"}}, "b", "a", "c", "t1", "t2", "t3")
	}
}

func searchBadOrder(t check, e *env) {
	for _, order := range [][]string{
		{"name", "name"},
		{"name ASC", "name DESC"},
		{"last_updated_timestamp", "name", "last_updated_timestamp DESC"},
		{"unknown"},
		{"name UP"},
		{"name ASC DESC"},
		{""},
		{"tags.x"},
		{"name; DROP TABLE x"},
		{"version_number; x"},
	} {
		_, err := e.Store.SearchModels(t.Context(), core.ModelQuery{OrderBy: order})
		conformance.Refused(t, fmt.Sprintf("SearchModels in the order %q", order), err, core.ErrInvalid)
		_, err = e.Store.SearchVersions(t.Context(), core.VersionQuery{OrderBy: order})
		conformance.Refused(t, fmt.Sprintf("SearchVersions in the order %q", order), err, core.ErrInvalid)
	}
}

// sawVersions observes what a search of versions finds, whole and in order.
func sawVersions(t check, e *env, q core.VersionQuery, want ...core.Version) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := searchVersions(ctx, s, q)
		if err != nil {
			return fmt.Errorf("searching versions by %q: got error %w, want success", q.Filter, err)
		}
		if !slices.Equal(numbers(got), numbers(want)) {
			return fmt.Errorf("versions found by %q: got numbers %v, want %v", q.Filter, numbers(got), numbers(want))
		}
		if d := conformance.Difference(got, want); d != "" {
			return errors.New("versions found by " + q.Filter + d)
		}
		return nil
	})
}

// searchVersions walks all pages of a search.
func searchVersions(ctx context.Context, s store, q core.VersionQuery) ([]core.Version, error) {
	return collect(core.All(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Version], error) {
		q.PageOptions = o
		return s.SearchVersions(ctx, q)
	}, q.PageOptions))
}
