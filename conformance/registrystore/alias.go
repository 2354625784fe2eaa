package registrystore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func aliasCases() []entry {
	return needing(aliases, []entry{
		{ID: "RG-052", Name: "alias/set-get", Rule: "An alias leads to its version.", Run: inLine(aliasSet)},
		{
			ID: "RG-053", Name: "alias/move", Rule: "Setting an alias on another version moves it: the old one has it no longer.",
			Run: inLine(aliasMove),
		},
		{
			ID: "RG-054", Name: "alias/many-per-version", Rule: "A version may have several aliases, which it lists sorted.",
			Run: inLine(aliasMany),
		},
		{
			ID: "RG-055", Name: "alias/listed-on-model", Rule: "A model lists all aliases with their numbers.",
			Run: inLine(aliasOnModel),
		},
		{
			ID: "RG-056", Name: "alias/delete", Rule: "A deleted alias is ErrNotFound (D-8), and others stay.",
			Run: inLine(aliasDelete),
		},
		{ID: "RG-057", Name: "alias/delete-absent", Rule: "Deleting an absent alias succeeds.", Run: inLine(aliasDeleteAbsent)},
		{
			ID: "RG-058", Name: "alias/missing-version", Rule: "An alias for an unknown version is ErrNotFound and leaves it as it was.",
			Run: inLine(aliasMissingVersion),
		},
		{
			ID: "RG-059", Name: "alias/missing-model", Rule: "An alias of an unknown model is ErrNotFound.",
			Run: inLine(aliasMissingModel),
		},
		{
			ID: "RG-061", Name: "alias/latest-readable", Level: conformance.Extended,
			Rule: "The alias latest, in any case, is the highest number.", Run: inLine(aliasLatest),
		},
		{
			ID: "RG-064", Name: "alias/survives-rename", Rule: "Aliases go with their model when it is renamed.",
			Run: inLine(aliasRename),
		},
		{
			ID: "RG-065", Name: "alias/gone-with-version", Rule: "Deleting a version removes its aliases and no other.",
			Run: inLine(aliasGone),
		},
		{ID: "RG-066", Name: "alias/same-name-two-models", Rule: "Models do not share aliases.", Run: inLine(aliasTwoModels)},
	})
}

func aliasNameCases() []entry {
	return needing(aliases, []entry{
		{
			ID: "RG-060", Name: "alias/reserved", Rule: "The words latest and v<number> are refused, in any case (D-9).",
			Run: inLine(aliasReserved),
		},
		{
			ID: "RG-062", Name: "alias/characters-and-length",
			Rule: "An alias has word characters and dashes, at least one, and no more than announced.", Run: inLine(aliasCharacters),
		},
		{
			ID: "RG-063", Name: "alias/case-distinct", Rule: "Prod and prod are two aliases, however they are used (D-9).",
			Run: inLine(aliasCase),
		},
	})
}

func needing(c core.Capability, cases []entry) []entry {
	for i := range cases {
		cases[i].Needs = append(cases[i].Needs, c)
	}
	return cases
}

// refusals call the abilities of a registry on nothing that exists.
func refusals() map[core.Capability]func(check, store) error {
	ref := core.VersionRef{Model: "conformance-no-such-model", Number: 1}
	return map[core.Capability]func(check, store) error{
		aliases: func(t check, s store) error {
			a, _ := core.As[core.Aliases](s)
			return a.SetAlias(t.Context(), ref, "champion")
		},
		stages: func(t check, s store) error {
			st, _ := core.As[core.Stages](s)
			_, err := st.SetStage(t.Context(), ref, core.StageChange{Stage: core.StageStaging})
			return err
		},
		webhooks: func(t check, s store) error {
			h, _ := core.As[core.Webhooks](s)
			return h.DeleteWebhook(t.Context(), core.NewWebhookID())
		},
		importer: func(t check, s store) error {
			i, _ := core.As[core.RegistryImporter](s)
			return i.ImportVersion(t.Context(), core.Version{
				Model: ref.Model, Number: 1, Source: "s3://b/k", Status: core.VersionReady, CreatedAt: 1, UpdatedAt: 1,
			})
		},
	}
}

// line is a model with versions 1, 2 and 3, and the ability to name them.
type line struct {
	check
	env     *env
	aliases core.Aliases
	model   string
	ref     [4]core.VersionRef // by number
}

func inLine(f func(*line)) func(check, *env) {
	return func(t check, e *env) {
		a, _ := core.As[core.Aliases](e.Store)
		f(newAliasLine(t, e, a))
	}
}

func newAliasLine(t check, e *env, a core.Aliases) *line {
	t.Helper()
	l := &line{check: t, env: e, aliases: a}
	name, versions := newLine(t, e, 3)
	l.model = name
	for i, v := range versions {
		l.ref[i+1] = refOf(v)
	}
	return l
}

func (l *line) set(alias string, number int) {
	l.Helper()
	ref := core.VersionRef{Model: l.model, Number: number}
	conformance.NoError(l, fmt.Sprintf("SetAlias(%d, %.60q)", number, alias), l.aliases.SetAlias(l.Context(), ref, alias))
}

func (l *line) remove(alias string) {
	l.Helper()
	conformance.NoError(l, "DeleteAlias "+alias, l.aliases.DeleteAlias(l.Context(), l.model, alias))
}

// saw observes all aliases of the line, in all the places that tell of them.
func (l *line) saw(want map[string]int) {
	l.Helper()
	l.env.Observe(l, func(ctx context.Context, s store) error {
		m, err := s.Model(ctx, l.model)
		if err = differs("aliases of the model", m.Aliases, want, err); err != nil {
			return err
		}
		for number := 1; number <= 3; number++ {
			v, err := s.Version(ctx, core.VersionRef{Model: l.model, Number: number})
			if errors.Is(err, core.ErrNotFound) {
				continue
			}
			if err := differs(fmt.Sprintf("aliases of version %d", number), v.Aliases, pointingTo(want, number), err); err != nil {
				return err
			}
		}
		reader, ok := core.As[core.Aliases](s)
		if !ok {
			return errors.New("the second handle has no aliases")
		}
		for alias, number := range want {
			v, err := reader.VersionByAlias(ctx, l.model, alias)
			if err = differs("the version of alias "+alias, refOf(v), core.VersionRef{Model: l.model, Number: number}, err); err != nil {
				return err
			}
		}
		return nil
	})
}

func pointingTo(all map[string]int, number int) []string {
	var names []string
	for alias, n := range all {
		if n == number {
			names = append(names, alias)
		}
	}
	slices.Sort(names)
	return names
}

func (l *line) sawNone(alias string) {
	l.Helper()
	l.env.Observe(l, func(ctx context.Context, s store) error {
		reader, _ := core.As[core.Aliases](s)
		if v, err := reader.VersionByAlias(ctx, l.model, alias); !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("alias %q: got version %d and error %w, want %w", alias, v.Number, orNone(err), core.ErrNotFound)
		}
		return nil
	})
}

func aliasSet(l *line) {
	l.set("champion", 2)
	l.saw(map[string]int{"champion": 2})
	l.set("champion", 2)
	l.saw(map[string]int{"champion": 2})
	v, err := l.aliases.VersionByAlias(l.Context(), l.model, "champion")
	conformance.NoError(l, "VersionByAlias", err)
	sawVersion(l, l.env, v)
}

func aliasMove(l *line) {
	l.set("champion", 1)
	for _, number := range []int{3, 2, 1} {
		l.set("champion", number)
		l.saw(map[string]int{"champion": number})
	}
}

func aliasMany(l *line) {
	for _, alias := range []string{"b", "a", "c-d", "B", "a1"} {
		l.set(alias, 2)
	}
	l.set("other", 1)
	l.saw(map[string]int{"b": 2, "a": 2, "c-d": 2, "B": 2, "a1": 2, "other": 1})
	conformance.Equal(l, "aliases, sorted", readVersion(l, l.env, l.ref[2]).Aliases, []string{"B", "a", "a1", "b", "c-d"})
}

func aliasOnModel(l *line) {
	l.set("one", 1)
	l.set("two", 2)
	l.set("deux", 2)
	l.saw(map[string]int{"one": 1, "two": 2, "deux": 2})
	e := l.env
	page, err := e.Second().SearchModels(l.Context(), core.ModelQuery{Filter: "name = '" + l.model + "'"})
	conformance.NoError(l, "SearchModels", err)
	conformance.Equal(l, "models found", page.Items, []core.Model{readModel(l, e, l.model)})
}

func aliasDelete(l *line) {
	l.set("goes", 1)
	l.set("stays", 1)
	l.remove("goes")
	l.sawNone("goes")
	l.saw(map[string]int{"stays": 1})
	l.set("goes", 2)
	l.saw(map[string]int{"stays": 1, "goes": 2})
}

func aliasDeleteAbsent(l *line) {
	l.set("stays", 1)
	for range 2 {
		l.remove("absent")
	}
	l.saw(map[string]int{"stays": 1})
	missing := l.env.Name("missing")
	err := l.aliases.DeleteAlias(l.Context(), missing, "a")
	conformance.Refused(l, "DeleteAlias of an unknown model", err, core.ErrNotFound, missing)
}

func aliasMissingVersion(l *line) {
	l.set("champion", 2)
	conformance.NoError(l, "DeleteVersion", l.env.Store.DeleteVersion(l.Context(), l.ref[3]))
	for _, number := range []int{3, 4, 4711} {
		for _, alias := range []string{"champion", "new"} {
			err := l.aliases.SetAlias(l.Context(), core.VersionRef{Model: l.model, Number: number}, alias)
			conformance.Refused(l, "SetAlias on an unknown version", err, core.ErrNotFound, l.model)
		}
	}
	l.sawNone("new")
	l.saw(map[string]int{"champion": 2})
}

func aliasMissingModel(l *line) {
	missing := l.env.Name("missing")
	err := l.aliases.SetAlias(l.Context(), core.VersionRef{Model: missing, Number: 1}, "champion")
	conformance.Refused(l, "SetAlias", err, core.ErrNotFound, missing)
	_, err = l.aliases.VersionByAlias(l.Context(), missing, "champion")
	conformance.Refused(l, "VersionByAlias", err, core.ErrNotFound, missing)
	sawNoModel(l, l.env, missing)
}

func aliasLatest(l *line) {
	latest := func(want int) {
		l.Helper()
		for _, word := range []string{"latest", "Latest", "LATEST"} {
			l.env.Observe(l, func(ctx context.Context, s store) error {
				reader, _ := core.As[core.Aliases](s)
				v, err := reader.VersionByAlias(ctx, l.model, word)
				return differs("the number of "+word, v.Number, want, err)
			})
		}
	}
	latest(3)
	if st, ok := core.As[core.Stages](l.env.Store); ok && l.env.Info.Has(stages) {
		for i, stage := range []core.Stage{core.StageProduction, core.StageStaging, core.StageArchived} {
			_, err := st.SetStage(l.Context(), l.ref[i+1], core.StageChange{Stage: stage})
			conformance.NoError(l, "SetStage", err)
			latest(3)
		}
	}
	for _, number := range []int{3, 2} {
		conformance.NoError(l, "DeleteVersion", l.env.Store.DeleteVersion(l.Context(), l.ref[number]))
		latest(number - 1)
	}
	conformance.NoError(l, "DeleteVersion", l.env.Store.DeleteVersion(l.Context(), l.ref[1]))
	l.sawNone("latest")
}

func aliasRename(l *line) {
	l.set("one", 1)
	l.set("three", 3)
	name := l.env.Name("renamed")
	forget(l, l.env, l.env.Store, name)
	changeModel(l, l.env, l.model, core.ModelChange{Name: &name})
	_, err := l.aliases.VersionByAlias(l.Context(), l.model, "one")
	conformance.Refused(l, "VersionByAlias under the old name", err, core.ErrNotFound)
	l.model = name
	l.saw(map[string]int{"one": 1, "three": 3})
	l.set("one", 2)
	l.saw(map[string]int{"one": 2, "three": 3})
}

func aliasGone(l *line) {
	l.set("a", 2)
	l.set("b", 2)
	l.set("c", 1)
	conformance.NoError(l, "DeleteVersion", l.env.Store.DeleteVersion(l.Context(), l.ref[2]))
	l.sawNone("a")
	l.sawNone("b")
	l.saw(map[string]int{"c": 1})
	l.set("a", 3)
	l.saw(map[string]int{"a": 3, "c": 1})
}

func aliasTwoModels(l *line) {
	other := newAliasLine(l, l.env, l.aliases)
	l.set("champion", 1)
	other.set("champion", 3)
	l.saw(map[string]int{"champion": 1})
	other.saw(map[string]int{"champion": 3})
	l.remove("champion")
	l.sawNone("champion")
	other.saw(map[string]int{"champion": 3})
}

func aliasReserved(l *line) {
	for _, word := range []string{"latest", "Latest", "LATEST", "lAtEsT", "v1", "V1", "v12", "V007", "v0"} {
		err := l.aliases.SetAlias(l.Context(), l.ref[1], word)
		conformance.Refused(l, "SetAlias "+word, err, core.ErrInvalid)
		conformance.NoError(l, "DeleteAlias "+word, l.aliases.DeleteAlias(l.Context(), l.model, word)) // is not there
	}
	l.saw(nil)
	for _, word := range []string{"v", "v1a", "version1", "latest-one", "1", "vv1"} {
		l.set(word, 1)
	}
	l.saw(map[string]int{"v": 1, "v1a": 1, "version1": 1, "latest-one": 1, "1": 1, "vv1": 1})
}

func aliasCharacters(l *line) {
	limit := l.env.Limits.Alias
	bad := []string{"", " ", "a b", "a.b", "a/b", "a:b", "a@b", "a\n", "a\x00", "\xff", "..", "😀"}
	if limit > 0 {
		bad = append(bad, padded("a", limit+1))
	}
	for _, alias := range bad {
		err := l.aliases.SetAlias(l.Context(), l.ref[1], alias)
		conformance.Refused(l, fmt.Sprintf("SetAlias(%.60q)", alias), err, core.ErrInvalid)
	}
	l.saw(nil)
	want := map[string]int{"a": 1, "A_b-C": 1, "--": 1, "_": 1, "2024": 1, "größe": 1, "模型": 1}
	if limit > 0 {
		want[padded("b", limit)] = 1
	}
	for alias := range want {
		l.set(alias, 1)
	}
	l.saw(want)
}

func aliasCase(l *line) {
	l.set("prod", 1)
	l.set("Prod", 2)
	l.set("PROD", 3)
	l.saw(map[string]int{"prod": 1, "Prod": 2, "PROD": 3})
	l.remove("Prod")
	l.sawNone("Prod")
	l.saw(map[string]int{"prod": 1, "PROD": 3})
}
