package tracking

import (
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func experimentTagCases() []entry {
	return []entry{
		{
			ID: "TS-029", Name: "exp/tag-set-overwrite-delete", Needs: []core.Capability{core.ExperimentTagDelete},
			Run:  changeExperimentTags,
			Rule: "One change sets, overwrites and deletes tags of an experiment, and touches neither the others nor its times.",
		},
		{
			ID: "TS-030", Name: "exp/tag-delete-missing", Needs: []core.Capability{core.ExperimentTagDelete},
			Run:  deleteMissingExperimentTag,
			Rule: "Deleting a tag that is not there is ErrNotFound with the key; under atomic.batch nothing of the change happens.",
		},
		{
			ID: "TS-031", Name: "exp/tag-limits", Run: limitExperimentTags,
			Rule: "Keys and values of an experiment's tags have the announced limits.",
		},
		{
			ID: "TS-032", Name: "exp/tag-on-deleted", Run: tagDeletedExperiment,
			Rule: "Tags of a deleted experiment cannot be changed: ErrState.",
		},
		{
			ID: "TS-219", Name: "tag/set-and-deleted", Run: setAndDelete,
			Rule: "A change that sets and deletes the same tag is ErrInvalid, without effect.",
		},
	}
}

func changeExperimentTags(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{Tags: map[string]string{"keep": "1", "change": "1", "drop": "1"}})
	conformance.NoError(t, "ChangeExperimentTags", e.Store.ChangeExperimentTags(t.Context(), x.ID, core.TagChange{
		Set: map[string]string{"change": "2", "new": ""}, Delete: []string{"drop"},
	}))
	x.Tags = map[string]string{"keep": "1", "change": "2", "new": ""}
	sawExperiment(t, e, x)
	conformance.NoError(t, "an empty change", e.Store.ChangeExperimentTags(t.Context(), x.ID, core.TagChange{}))
	sawExperiment(t, e, x)
	err := e.Store.ChangeExperimentTags(t.Context(), "918273645546372819", core.TagChange{Set: map[string]string{"a": "b"}})
	conformance.Refused(t, "tagging an unknown experiment", err, core.ErrNotFound, "918273645546372819")
}

func deleteMissingExperimentTag(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{Tags: map[string]string{"keep": "1", "drop": "1"}})
	err := e.Store.ChangeExperimentTags(t.Context(), x.ID, core.TagChange{
		Set: map[string]string{"keep": "2"}, Delete: []string{"drop", "absent.key"},
	})
	conformance.Refused(t, "ChangeExperimentTags", err, core.ErrNotFound, "absent.key")
	if e.Info.Has(core.AtomicBatch) {
		sawExperiment(t, e, x)
	}
}

func limitExperimentTags(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	set := func(key, value string) error {
		return e.Store.ChangeExperimentTags(t.Context(), x.ID, core.TagChange{Set: map[string]string{key: value}})
	}
	for i, limits := range limitTable(e.Limits.Key, e.Limits.ExperimentTag) {
		key, value := padded("k"+strconv.Itoa(i), limits.key), padded("v", limits.value)
		err := set(key, value)
		if limits.fits {
			conformance.NoError(t, limits.name, err)
			x.Tags = with(x.Tags, key, value)
			continue
		}
		conformance.Refused(t, limits.name, err, core.ErrInvalid)
	}
	for _, key := range badKeys() {
		conformance.Refused(t, "key "+strconv.Quote(key), set(key, "v"), core.ErrInvalid)
	}
	sawExperiment(t, e, x)
}

// limited is one row of a test of two limits.
type limited struct {
	name       string
	key, value int // lengths in code points
	fits       bool
}

// limitTable tests both limits at and around their ends; a limit of 0 is none.
func limitTable(key, value int) []limited {
	const some = 5
	rows := []limited{{"short key and value", some, some, true}}
	if key > 0 {
		rows = append(rows, limited{"key at the limit - 1", key - 1, some, true}, limited{"key at the limit", key, some, true},
			limited{"key above the limit", key + 1, some, false})
	}
	if value > 0 {
		rows = append(rows, limited{"value at the limit - 1", some, value - 1, true}, limited{"value at the limit", some, value, true},
			limited{"value above the limit", some, value + 1, false})
	}
	return rows
}

// badKeys cannot be keys of metrics, params or tags.
func badKeys() []string {
	return []string{
		"", ".", "..", "..a", "...a/b", "../x", "/abs", "a//b", "a/./b", "a/../b", "a/", "./a", "a\nb", "a\x00", "\xff", "a#b",
		"a@b", "a,b", "a'b",
		"a=b", "a?b", "a*b", "ключ!", strings.Repeat("/", 3),
	}
}

func tagDeletedExperiment(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{Tags: map[string]string{"a": "1"}})
	changeExperiment(t, e, x.ID, core.ExperimentChange{Lifecycle: core.Deleted})
	x.Lifecycle = core.Deleted
	x = movedExperiment(t, e, x)
	changes := []core.TagChange{{Set: map[string]string{"a": "2"}}}
	if e.Info.Has(core.ExperimentTagDelete) {
		changes = append(changes, core.TagChange{Delete: []string{"a"}})
	}
	for _, change := range changes {
		err := e.Store.ChangeExperimentTags(t.Context(), x.ID, change)
		conformance.Refused(t, "ChangeExperimentTags", err, core.ErrState, string(x.ID))
	}
	sawExperiment(t, e, x)
}

func setAndDelete(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{Tags: map[string]string{"a": "1"}})
	r := newRun(t, e, x.ID, core.RunSpec{Tags: map[string]string{"a": "1"}})
	change := core.TagChange{Set: map[string]string{"a": "2", "b": "2"}, Delete: []string{"a"}}
	conformance.Refused(t, "ChangeExperimentTags", e.Store.ChangeExperimentTags(t.Context(), x.ID, change), core.ErrInvalid, "a")
	conformance.Refused(t, "ChangeRunTags", e.Store.ChangeRunTags(t.Context(), r.ID, change), core.ErrInvalid, "a")
	sawExperiment(t, e, x)
	sawRun(t, e, r)
}
