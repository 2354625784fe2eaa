package registrystore

import (
	"errors"
	"fmt"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func tagCases() []entry {
	return []entry{
		{ID: "RG-044", Name: "tag/model-upsert-delete", Rule: "A model's tags can be set, overwritten and deleted.", Run: tagModel},
		{
			ID: "RG-045", Name: "tag/version-upsert-delete", Rule: "So can a version's, and its siblings keep theirs.", Run: tagVersion,
		},
		{
			ID: "RG-046", Name: "tag/delete-absent", Rule: "Deleting a tag that is not there succeeds and changes nothing.",
			Run: tagAbsent,
		},
		{ID: "RG-047", Name: "tag/on-missing", Rule: "Tags of what is not there are ErrNotFound.", Run: tagMissing},
		{
			ID: "RG-048", Name: "tag/key-limits", Rule: "A key may be as long as announced, in code points, and no longer.",
			Run: tagKeyLimits,
		},
		{
			ID: "RG-049", Name: "tag/value-limits", Rule: "A value may be as long as announced, in code points, and no longer.",
			Run: tagValueLimits,
		},
		{ID: "RG-050", Name: "tag/empty-value-vs-none", Rule: "An empty value is a value.", Run: tagEmpty},
		{
			ID: "RG-051", Name: "tag/odd-keys", Rule: "Keys may hold dots, slashes, blanks and colons, but not lead elsewhere.",
			Run: tagOddKeys,
		},
	}
}

// tagged is what has tags: a model or a version.
type tagged struct {
	name   string
	change func(core.TagChange) error
	saw    func(want map[string]string)
}

func bothTagged(t check, e *env) []tagged {
	t.Helper()
	name, versions := newLine(t, e, 1)
	ref := refOf(versions[0])
	return []tagged{
		{
			"the model",
			func(c core.TagChange) error {
				_, err := e.Store.UpdateModel(t.Context(), name, core.ModelChange{Tags: c})
				return err
			},
			func(want map[string]string) {
				t.Helper()
				conformance.Equal(t, "tags of the model", readModel(t, e, name).Tags, want)
			},
		},
		{
			"the version",
			func(c core.TagChange) error {
				_, err := e.Store.UpdateVersion(t.Context(), ref, core.VersionChange{Tags: c})
				return err
			},
			func(want map[string]string) {
				t.Helper()
				conformance.Equal(t, "tags of the version", readVersion(t, e, ref).Tags, want)
			},
		},
	}
}

func tagModel(t check, e *env) {
	m := newModel(t, e, core.ModelSpec{Tags: map[string]string{"a": "1", "b": "2"}})
	got := changeModel(t, e, m.Name, core.ModelChange{Tags: core.TagChange{Set: map[string]string{"b": "two", "c": "3"}}})
	conformance.Equal(t, "tags", got.Tags, map[string]string{"a": "1", "b": "two", "c": "3"})
	got = changeModel(t, e, m.Name, core.ModelChange{
		Tags: core.TagChange{Set: map[string]string{"d": "4"}, Delete: []string{"a", "b"}},
	})
	conformance.Equal(t, "tags", got.Tags, map[string]string{"c": "3", "d": "4"})
	conformance.Equal(t, "description", got.Description, m.Description)
	sawModel(t, e, got)
}

func tagVersion(t check, e *env) {
	name := newModel(t, e, core.ModelSpec{}).Name
	v := newVersion(t, e, name, core.VersionSpec{Tags: map[string]string{"a": "1", "b": "2"}})
	sibling := newVersion(t, e, name, core.VersionSpec{Tags: map[string]string{"a": "sibling"}})
	change := core.TagChange{Set: map[string]string{"a": "one"}, Delete: []string{"b"}}
	got := changeVersion(t, e, v, core.VersionChange{Tags: change})
	conformance.Equal(t, "tags", got.Tags, map[string]string{"a": "one"})
	sawVersion(t, e, got)
	sawVersion(t, e, sibling)
	conformance.Equal(t, "tags of the model", len(readModel(t, e, name).Tags), 0)
}

func tagAbsent(t check, e *env) {
	for _, x := range bothTagged(t, e) {
		conformance.NoError(t, "setting a tag", x.change(core.TagChange{Set: map[string]string{"k": "v"}}))
		for range 2 {
			conformance.NoError(t, "deleting an absent tag of "+x.name, x.change(core.TagChange{Delete: []string{"absent"}}))
		}
		x.saw(map[string]string{"k": "v"})
	}
}

func tagMissing(t check, e *env) {
	name, versions := newLine(t, e, 2)
	deleteVersion(t, e, versions[1])
	missing := e.Name("missing")
	for _, change := range []core.TagChange{{Set: map[string]string{"k": "v"}}, {Delete: []string{"k"}}} {
		_, err := e.Store.UpdateModel(t.Context(), missing, core.ModelChange{Tags: change})
		conformance.Refused(t, "tags of an unknown model", err, core.ErrNotFound, missing)
		for _, ref := range []core.VersionRef{{Model: missing, Number: 1}, {Model: name, Number: 7}, refOf(versions[1])} {
			_, err := e.Store.UpdateVersion(t.Context(), ref, core.VersionChange{Tags: change})
			conformance.Refused(t, fmt.Sprintf("tags of the unknown version %+v", ref), err, core.ErrNotFound, ref.Model)
		}
	}
	sawNoModel(t, e, missing)
}

func tagKeyLimits(t check, e *env) {
	limit := e.Limits.RegistryTagKey
	if limit == 0 {
		limit = 10_000
	}
	for _, x := range bothTagged(t, e) {
		tags := map[string]string{padded("k", limit): "at the limit", padded("k", limit-1): "below"}
		conformance.NoError(t, "tags with long keys on "+x.name, x.change(core.TagChange{Set: tags}))
		x.saw(tags)
		if e.Limits.RegistryTagKey > 0 {
			err := x.change(core.TagChange{Set: map[string]string{padded("k", limit+1): "v", "other": "v"}})
			conformance.Refused(t, "a key that is too long on "+x.name, err, core.ErrInvalid)
			x.saw(tags)
		}
	}
}

func tagValueLimits(t check, e *env) {
	limits := []int{e.Limits.ModelTag, e.Limits.VersionTag}
	for i, x := range bothTagged(t, e) {
		limit := limits[i]
		if limit == 0 {
			limit = 200_000
		}
		tags := map[string]string{"at": padded("", limit), "below": padded("", limit-1)}
		conformance.NoError(t, "tags with long values on "+x.name, x.change(core.TagChange{Set: tags}))
		x.saw(tags)
		if limits[i] > 0 {
			err := x.change(core.TagChange{Set: map[string]string{"above": padded("", limit+1), "other": "v"}})
			conformance.Refused(t, "a value that is too long on "+x.name, err, core.ErrInvalid)
			x.saw(tags)
		}
	}
}

func tagEmpty(t check, e *env) {
	for _, x := range bothTagged(t, e) {
		conformance.NoError(t, "an empty value on "+x.name, x.change(core.TagChange{Set: map[string]string{"k": ""}}))
		x.saw(map[string]string{"k": ""})
		conformance.NoError(t, "overwriting it", x.change(core.TagChange{Set: map[string]string{"k": "v"}}))
		conformance.NoError(t, "emptying it", x.change(core.TagChange{Set: map[string]string{"k": ""}}))
		x.saw(map[string]string{"k": ""})
		conformance.NoError(t, "deleting it", x.change(core.TagChange{Delete: []string{"k"}}))
		x.saw(nil)
	}
}

func tagOddKeys(t check, e *env) {
	odd := map[string]string{
		"a.b": "dot", "a/b": "slash", "a b": "blank", " a": "leading", "a ": "trailing", "a:b": "colon", "mlflow.user": "mlflow",
		"K": "upper", "k": "lower", "ключ": "script", ".hidden": "hidden", "a..b": "dots", "-": "dash",
	}
	bad := []string{"", "..", "../x", "a/../b", "/abs", "a//b", "a/", ".", "a\x00b", "a\nb", "\xff", "a%2fb", `a\b`}
	for _, x := range bothTagged(t, e) {
		conformance.NoError(t, "odd keys on "+x.name, x.change(core.TagChange{Set: odd}))
		x.saw(odd)
		for _, key := range bad {
			err := x.change(core.TagChange{Set: map[string]string{key: "v", "good": "v"}})
			err2 := x.change(core.TagChange{Delete: []string{"k", key}})
			for _, err := range []error{err, err2} {
				if !errors.Is(err, core.ErrInvalid) {
					t.Errorf("the key %q on %s: got error %v, want %v", key, x.name, err, core.ErrInvalid)
				}
			}
		}
		x.saw(odd)
	}
}
