package registrystore

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func versionSearchCases() []entry {
	return []entry{
		{
			ID: "RG-084", Name: "search-versions/by-name-run-source-number",
			Rule: "Versions are found by name, run, source and number, numbers as numbers.", Run: findVersions,
		},
		{
			ID: "RG-085", Name: "search-versions/run-in-list", Rule: "IN and NOT IN take lists of run ids and names.",
			Run: findByRunList,
		},
		{
			ID: "RG-086", Name: "search-versions/tags",
			Rule: "Tags of versions compare as those of models; a version without the tag matches no clause, nor !=.", Run: findByTags,
		},
		{
			ID: "RG-087", Name: "search-versions/order-default",
			Rule: "Versions come by update time descending, then name, then number descending.", Run: orderVersions,
		},
		{ID: "RG-089", Name: "search-versions/deleted-hidden", Rule: "Deleted versions are in no search.", Run: deletedHidden},
	}
}

func byNumber(filter string) core.VersionQuery {
	return core.VersionQuery{Filter: filter, OrderBy: []string{"name", "version_number"}}
}

func findVersions(t check, e *env) {
	name := newModel(t, e, core.ModelSpec{}).Name
	run, source := core.NewRunID(), "s3://bucket/"+e.Name("source")
	var v []core.Version
	for i := range 12 {
		spec := core.VersionSpec{Source: source}
		if i == 1 || i == 10 {
			spec = core.VersionSpec{RunID: run, Source: source + "/other"}
		}
		v = append(v, newVersion(t, e, name, spec))
	}
	own := "name = '" + name + "'"
	sawVersions(t, e, byNumber(own), v...)
	sawVersions(t, e, byNumber("run_id = '"+string(run)+"'"), v[1], v[10])
	sawVersions(t, e, byNumber("source_path = '"+source+"/other'"), v[1], v[10])
	sawVersions(t, e, byNumber("source_path LIKE '"+source+"/%'"), v[1], v[10])
	sawVersions(t, e, byNumber("source_path ILIKE '"+strings.ToUpper(source)+"/%'"), v[1], v[10])
	like := "name LIKE '" + name[:len(name)-1] + "%' AND run_id != '" + string(run) + "' AND version_number > 9"
	sawVersions(t, e, byNumber(like), v[9], v[11])
	for clause, want := range map[string][]core.Version{
		"version_number = 10": v[9:10], "version_number != 1": v[1:], "version_number < 3": v[:2], "version_number <= 3": v[:3],
		"version_number > 9": v[9:], "version_number >= 10": v[9:], "version_number = '2'": v[1:2], "version_number > 12": nil,
		"version_number = 0": nil, "version_number > -1": v,
	} {
		sawVersions(t, e, byNumber(own+" AND "+clause), want...)
	}
	sawVersions(t, e, byNumber("name = '"+strings.ToUpper(name)+"'"))
	sawVersions(t, e, byNumber("name ILIKE '"+strings.ToUpper(name)+"' AND version_number = 1"), v[0])
}

func findByRunList(t check, e *env) {
	name := newModel(t, e, core.ModelSpec{}).Name
	var v []core.Version
	var hundred []string
	for i := range 3 {
		v = append(v, newVersion(t, e, name, core.VersionSpec{RunID: core.NewRunID()}))
		hundred = append(hundred, "'"+string(v[i].RunID)+"'")
	}
	for len(hundred) < 100 {
		hundred = append(hundred, "'"+string(core.NewRunID())+"'")
	}
	own := " AND name = '" + name + "'"
	sawVersions(t, e, byNumber("run_id IN ('"+string(v[1].RunID)+"')"), v[1])
	sawVersions(t, e, byNumber("run_id IN ("+strings.Join(hundred, ", ")+")"), v...)
	sawVersions(t, e, byNumber("run_id IN ("+strings.Join(hundred[1:], ",")+")"), v[1:]...)
	sawVersions(t, e, byNumber("run_id NOT IN ("+strings.Join(hundred[1:], ",")+")"+own), v[0])
	sawVersions(t, e, byNumber("name IN ('"+name+"', 'other') AND version_number = 2"), v[1])
	sawVersions(t, e, byNumber("run_id IN ('"+string(v[1].RunID)+"') AND version_number = 1"))
	_, err := e.Store.SearchVersions(t.Context(), core.VersionQuery{Filter: "run_id IN ()"})
	conformance.Refused(t, "an empty list", err, core.ErrInvalid)
}

func findByTags(t check, e *env) {
	name := newModel(t, e, core.ModelSpec{Tags: map[string]string{"team": "the model's"}}).Name
	var v []core.Version
	for _, tags := range []map[string]string{{"team": "vision", "x": "1"}, {"team": "Vision"}, {"other": "x"}, nil} {
		v = append(v, newVersion(t, e, name, core.VersionSpec{Tags: tags}))
	}
	own := "name = '" + name + "' AND "
	for clause, want := range map[string][]core.Version{
		"tags.team = 'vision'": v[:1], "tag.team = 'vision'": v[:1], "tags.team != 'vision'": v[1:2], "tags.team LIKE 'v%'": v[:1],
		"tags.team ILIKE 'v%'": v[:2], "tags.team = 'vision' AND tags.x = '1'": v[:1], "tags.team = 'vision' AND tags.x = '2'": nil,
		"tags.absent != 'x'": nil, "tags.team = 'the model''s'": nil,
	} {
		if strings.Contains(clause, "''") {
			clause = `tags.team = "the model's"`
		}
		sawVersions(t, e, byNumber(own+clause), want...)
	}
	got := changeVersion(t, e, v[3], core.VersionChange{Tags: core.TagChange{Set: map[string]string{"team": "vision"}}})
	sawVersions(t, e, byNumber(own+"tags.team = 'vision'"), v[0], got)
}

func orderVersions(t check, e *env) {
	base := e.Name("g")
	a := newModel(t, e, core.ModelSpec{Name: base + "-a"}).Name
	b := newModel(t, e, core.ModelSpec{Name: base + "-b"}).Name
	var v []core.Version
	for _, name := range []string{b, a, b, a} { // b1 a1 b2 a2
		tick(t)
		v = append(v, newVersion(t, e, name, core.VersionSpec{}))
	}
	own := "name LIKE '" + base + "-%'"
	sees := func(orderBy []string, want ...core.Version) {
		t.Helper()
		sawVersions(t, e, core.VersionQuery{Filter: own, OrderBy: orderBy}, want...)
	}
	sees(nil, v[3], v[2], v[1], v[0])
	sees([]string{"last_updated_timestamp ASC"}, v...)
	sees([]string{"creation_timestamp DESC"}, v[3], v[2], v[1], v[0])
	sees([]string{"name"}, v[3], v[1], v[2], v[0])
	sees([]string{"name DESC", "version_number ASC"}, v[0], v[2], v[1], v[3])
	sees([]string{"version_number ASC"}, v[1], v[0], v[3], v[2])
	sees([]string{"version_number DESC"}, v[3], v[2], v[1], v[0])
	tick(t)
	v[0] = changeVersion(t, e, v[0], core.VersionChange{Description: ptr("newest")})
	sees(nil, v[0], v[3], v[2], v[1])
	into, ok := core.As[core.RegistryImporter](e.Store)
	if !ok || !e.Info.Has(importer) { // times can be equal by import alone
		return
	}
	var ties []core.Version
	for i, name := range []string{a, a, b, b} {
		tie := core.Version{
			Model: name, Number: 12 - i%2, CreatedAt: 1000, UpdatedAt: 1000, Source: "s3://b/k", Status: core.VersionReady,
			Stage: stageOf(e),
		}
		conformance.NoError(t, "ImportVersion", into.ImportVersion(t.Context(), tie))
		ties = append(ties, tie)
	}
	sees(nil, append([]core.Version{v[0], v[3], v[2], v[1]}, ties...)...)
}

func deletedHidden(t check, e *env) {
	name, v := newLine(t, e, 4)
	deleteVersion(t, e, v[1])
	deleteVersion(t, e, v[3])
	sawVersions(t, e, byNumber("name = '"+name+"'"), v[0], v[2])
	sawVersions(t, e, byNumber("name = '"+name+"' AND version_number > 1"), v[2])
	for _, q := range []string{"tags.stage = 'Deleted_Internal'", "source_path LIKE '%REDACTED%'"} {
		sawVersions(t, e, core.VersionQuery{Filter: "name = '" + name + "' AND " + q})
	}
	conformance.NoError(t, "DeleteModel", e.Store.DeleteModel(t.Context(), name))
	sawVersions(t, e, byNumber("name = '"+name+"'"))
	if _, err := e.Store.Version(t.Context(), refOf(v[0])); !errors.Is(err, core.ErrNotFound) {
		t.Errorf("%s", fmt.Sprintf("a version of a deleted model: got error %v, want %v", err, core.ErrNotFound))
	}
}
