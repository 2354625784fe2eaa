package tracking

import (
	"strconv"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func tagCases() []entry {
	return []entry{
		{ID: "TS-109", Name: "tag/set-overwrite", Run: overwriteTag, Rule: "Setting a tag overwrites it; the last value wins."},
		{ID: "TS-110", Name: "tag/delete", Run: deleteTag, Rule: "A deleted tag is gone, and the other tags are not."},
		{
			ID: "TS-111", Name: "tag/delete-missing", Run: deleteMissingTag,
			Rule: "Deleting a tag that is not there is ErrNotFound with the key; under atomic.batch nothing of the change happens.",
		},
		{
			ID: "TS-112", Name: "tag/value-limits", Run: limitTags,
			Rule: "Keys and values of a run's tags have the announced limits, however they are set.",
		},
		{
			ID: "TS-113", Name: "tag/reserved-name-sync", Run: renameByTag,
			Rule: "Setting the tag mlflow.runName renames the run; deleting it keeps the name.",
		},
		{ID: "TS-114", Name: "tag/on-deleted-run", Run: tagDeletedRun, Rule: "Tags of a deleted run cannot be changed: ErrState."},
	}
}

func changeTags(t check, e *env, id core.RunID, change core.TagChange) {
	t.Helper()
	conformance.NoError(t, "ChangeRunTags", e.Store.ChangeRunTags(t.Context(), id, change))
}

func overwriteTag(t check, e *env) {
	r := newRunAlone(t, e)
	for _, value := range []string{"1", "2", "", "1"} {
		changeTags(t, e, r.ID, core.TagChange{Set: map[string]string{"a": value}})
		r.Tags = with(r.Tags, "a", value)
		sawRun(t, e, r)
		logBatch(t, e, r.ID, core.Batch{Tags: []core.Tag{{Key: "b", Value: value}}})
		r.Tags = with(r.Tags, "b", value)
		sawRun(t, e, r)
	}
}

func deleteTag(t check, e *env) {
	r := newRunAlone(t, e)
	before := with(r.Tags, "keep", "1")
	changeTags(t, e, r.ID, core.TagChange{Set: map[string]string{"keep": "1", "drop": "1", "drop/too": ""}})
	changeTags(t, e, r.ID, core.TagChange{Delete: []string{"drop", "drop/too"}, Set: map[string]string{"new": "2"}})
	r.Tags = with(before, "new", "2")
	sawRun(t, e, r)
	changeTags(t, e, r.ID, core.TagChange{Set: map[string]string{"drop": "back"}})
	r.Tags = with(r.Tags, "drop", "back")
	sawRun(t, e, r)
	changeTags(t, e, r.ID, core.TagChange{})
	sawRun(t, e, r)
}

func deleteMissingTag(t check, e *env) {
	r := newRunAlone(t, e)
	changeTags(t, e, r.ID, core.TagChange{Set: map[string]string{"a": "1", "b": "1"}})
	r.Tags = with(with(r.Tags, "a", "1"), "b", "1")
	for _, change := range []core.TagChange{
		{Delete: []string{"absent.key"}}, {Delete: []string{"a", "absent.key"}, Set: map[string]string{"b": "2", "c": "2"}},
	} {
		err := e.Store.ChangeRunTags(t.Context(), r.ID, change)
		conformance.Refused(t, "ChangeRunTags", err, core.ErrNotFound, "absent.key")
		if e.Info.Has(core.AtomicBatch) {
			sawRun(t, e, r)
		}
	}
}

func limitTags(t check, e *env) {
	r := newRunAlone(t, e)
	for i, row := range limitTable(e.Limits.Key, e.Limits.RunTag) {
		tag := core.Tag{Key: padded("k"+strconv.Itoa(i), row.key), Value: padded("v", row.value)}
		batch := e.Store.LogBatch(t.Context(), r.ID, core.Batch{Tags: []core.Tag{tag}})
		change := e.Store.ChangeRunTags(t.Context(), r.ID, core.TagChange{Set: map[string]string{tag.Key: tag.Value}})
		if !row.fits {
			conformance.Refused(t, row.name+", LogBatch", batch, core.ErrInvalid)
			conformance.Refused(t, row.name+", ChangeRunTags", change, core.ErrInvalid)
			continue
		}
		conformance.NoError(t, row.name+", LogBatch", batch)
		conformance.NoError(t, row.name+", ChangeRunTags", change)
		r.Tags = with(r.Tags, tag.Key, tag.Value)
	}
	sawRun(t, e, r)
}

func renameByTag(t check, e *env) {
	r := newRunAlone(t, e)
	changeTags(t, e, r.ID, core.TagChange{Set: map[string]string{core.RunNameTag: "by tag", "a": "1"}})
	r.Name, r.Tags = "by tag", with(with(r.Tags, core.RunNameTag, "by tag"), "a", "1")
	sawRun(t, e, r)
	changeTags(t, e, r.ID, core.TagChange{Delete: []string{core.RunNameTag}})
	r.Tags = with(r.Tags, "a", "1")
	delete(r.Tags, core.RunNameTag)
	sawRun(t, e, r)
	changeRun(t, e, r.ID, core.RunChange{Name: "again"})
	r.Name, r.Tags = "again", with(r.Tags, core.RunNameTag, "again")
	sawRun(t, e, r)
}

func tagDeletedRun(t check, e *env) {
	r := loggedRun(t, e)
	changeRun(t, e, r.ID, core.RunChange{Lifecycle: core.Deleted})
	r.Lifecycle = core.Deleted
	for _, change := range []core.TagChange{{Set: map[string]string{"a": "b"}}, {Delete: []string{"team"}}} {
		err := e.Store.ChangeRunTags(t.Context(), r.ID, change)
		conformance.Refused(t, "ChangeRunTags", err, core.ErrState, string(r.ID))
	}
	sawRun(t, e, r)
}
