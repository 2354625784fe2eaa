package tracking

import (
	"context"
	"fmt"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func experimentCases() []entry {
	return []entry{
		{
			ID: "TS-001", Name: "exp/create-returns-entity", Run: createExperiment,
			Rule: "Creating an experiment returns it whole: active, with an id and two equal times of the present.",
		},
		{
			ID: "TS-002", Name: "exp/create-with-tags", Run: createExperimentWithTags,
			Rule: "The tags given at creation are there at once, byte for byte, and no others.",
		},
		{
			ID: "TS-003", Name: "exp/artifact-uri-verbatim", Run: keepArtifactLocation,
			Rule: "A given artifact location comes back unchanged.",
			Why:  "A store that parses and prints URIs loses percent signs, queries or trailing slashes, and artifacts with them.",
		},
		{
			ID: "TS-004", Name: "exp/artifact-uri-default", Run: chooseArtifactLocation,
			Rule: "Without an artifact location the store chooses one that no other experiment has.",
		},
		{
			ID: "TS-005", Name: "exp/artifact-uri-runs-scheme-refused", Run: refuseRunsLocation,
			Rule: "A runs: URI as artifact location is refused, and nothing is created: it would point at itself.",
		},
		{
			ID: "TS-006", Name: "exp/duplicate-name", Run: refuseTakenName,
			Rule: "A name that is taken is refused by name, and the experiment that has it stays as it is.",
		},
		{
			ID: "TS-007", Name: "exp/duplicate-of-deleted-name", Run: refuseNameOfDeleted,
			Rule: "The name of a deleted experiment stays taken, so that it can be restored.",
		},
		{
			ID: "TS-008", Name: "exp/empty-name", Run: refuseBlankName,
			Rule: "Empty and blank names are refused.",
		},
		{
			ID: "TS-009", Name: "exp/name-length-limit", Run: limitNameLength,
			Rule: "Names may be as long as the announced limit, counted in code points, and no longer.",
			Why:  "A store that counts bytes refuses half of what it promises to users who do not write ASCII.",
		},
		{
			ID: "TS-010", Name: "exp/names-case-distinct", Run: distinctNames("Abc", "abc", "ABC"),
			Rule: "Names that differ in case are different names.",
			Why:  "MySQL's and Windows' defaults fold case.",
		},
		{
			ID: "TS-011", Name: "exp/names-unicode-forms-distinct", Run: distinctNames("\u00e9", "e\u0301"),
			Rule: "Names are bytes: composed and decomposed characters make different names.",
			Why:  "Some file systems normalize names.",
		},
		{
			ID: "TS-012", Name: "exp/names-space-distinct", Run: distinctNames("a", "a ", "a  "),
			Rule: "Blanks in a name count, also at its end.",
		},
		{
			ID: "TS-013", Name: "exp/name-not-utf8", Run: refuseNameOfBytes,
			Rule: "A name that is not valid UTF-8 is refused, never mangled.",
		},
	}
}

func createExperiment(t check, e *env) {
	began := core.Now()
	name := e.Name("experiment")
	x := newExperiment(t, e, core.ExperimentSpec{Name: name})
	if x.ID == "" || x.Name != name || x.Lifecycle != core.Active || len(x.Tags) != 0 {
		t.Errorf("got %+v, want an id, the name %q, active, without tags", x, name)
	}
	e.CheckTime(t, "CreatedAt", x.CreatedAt, began)
	conformance.Equal(t, "UpdatedAt", x.UpdatedAt, x.CreatedAt)
	sawExperiment(t, e, x)
}

func createExperimentWithTags(t check, e *env) {
	tags := map[string]string{"team": "vision", "note/1": "line one\nline two", "empty": "", "emoji": "🧪 \"quoted\" 100%"}
	x := newExperiment(t, e, core.ExperimentSpec{Tags: tags})
	conformance.Equal(t, "Tags", x.Tags, tags)
	sawExperiment(t, e, x)
}

func keepArtifactLocation(t check, e *env) {
	for _, location := range []string{
		"s3://bucket/a%20b/c%2Fd", "s3://bucket/with/trailing/", "gs://bucket/p?version=7&x=y", "s3://Bucket/Größe",
		"mlflow-artifacts:/7", "wasbs://container@account.blob.core.windows.net/a", "dbfs:/a/b",
	} {
		x := newExperiment(t, e, core.ExperimentSpec{ArtifactLocation: location})
		conformance.Equal(t, "ArtifactLocation", x.ArtifactLocation, location)
		sawExperiment(t, e, x)
	}
}

func chooseArtifactLocation(t check, e *env) {
	one, two := newExperiment(t, e, core.ExperimentSpec{}), newExperiment(t, e, core.ExperimentSpec{})
	if one.ArtifactLocation == "" || one.ArtifactLocation == two.ArtifactLocation {
		t.Errorf("ArtifactLocation: got %q and %q, want two different ones", one.ArtifactLocation, two.ArtifactLocation)
	}
	sawExperiment(t, e, one)
	sawExperiment(t, e, two)
}

func refuseRunsLocation(t check, e *env) {
	for _, location := range []string{"runs:/0123456789abcdef0123456789abcdef/model", "RUNS:/x"} {
		name := e.Name("experiment")
		refuseExperiment(t, e, core.ExperimentSpec{Name: name, ArtifactLocation: location}, core.ErrInvalid)
		missingByName(t, e, name)
	}
}

// missingByName observes that there is no experiment of the name.
func missingByName(t check, e *env, name string) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		if x, err := s.Experiment(ctx, core.ExperimentRef{Name: name}); err == nil {
			return fmt.Errorf("Experiment(%q): got %+v, want none", name, x)
		}
		return nil
	})
}

func refuseTakenName(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{Tags: map[string]string{"a": "1"}})
	refuseExperiment(t, e, core.ExperimentSpec{Name: x.Name, Tags: map[string]string{"a": "2"}}, core.ErrExists, x.Name)
	sawExperiment(t, e, x)
}

func refuseNameOfDeleted(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	changeExperiment(t, e, x.ID, core.ExperimentChange{Lifecycle: core.Deleted})
	refuseExperiment(t, e, core.ExperimentSpec{Name: x.Name}, core.ErrExists, x.Name)
}

func refuseBlankName(t check, e *env) {
	for _, name := range []string{"", " ", "\t\n", "\u2003"} {
		refuseExperiment(t, e, core.ExperimentSpec{Name: name}, core.ErrInvalid)
	}
}

func limitNameLength(t check, e *env) {
	limit := e.Limits.ExperimentName
	if limit == 0 {
		t.Log("the store announces no limit")
		limit = 2000
	}
	for _, n := range []int{limit - 1, limit} {
		x := newExperiment(t, e, core.ExperimentSpec{Name: padded(e.Name("long"), n)})
		sawExperiment(t, e, x)
	}
	if e.Limits.ExperimentName > 0 {
		name := padded(e.Name("long"), limit+1)
		refuseExperiment(t, e, core.ExperimentSpec{Name: name}, core.ErrInvalid)
		missingByName(t, e, name)
	}
}

// distinctNames makes a case of names that a careless store takes for one.
func distinctNames(endings ...string) func(check, *env) {
	return func(t check, e *env) {
		base := e.Name("")
		var made []core.Experiment
		for _, ending := range endings {
			made = append(made, newExperiment(t, e, core.ExperimentSpec{Name: base + ending}))
		}
		for _, x := range made {
			e.Observe(t, func(ctx context.Context, s store) error {
				got, err := s.Experiment(ctx, core.ExperimentRef{Name: x.Name})
				return differs(fmt.Sprintf("Experiment(%q)", x.Name), got, x, err)
			})
		}
	}
}

func refuseNameOfBytes(t check, e *env) {
	for _, bytes := range []string{"\xff", "a\xc3", "\xed\xa0\x80"} {
		refuseExperiment(t, e, core.ExperimentSpec{Name: e.Name("bytes") + bytes}, core.ErrInvalid)
	}
	refuseExperiment(t, e, core.ExperimentSpec{Name: e.Name("tag"), Tags: map[string]string{"k": "\xff"}}, core.ErrInvalid)
}
