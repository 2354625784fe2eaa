package registrystore

import (
	"fmt"
	"slices"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func modelCases() []entry {
	return []entry{
		{
			ID: "RG-001", Name: "model/create", Rule: "A new model is what was asked for, and its two times are equal and now.",
			Run: modelCreate,
		},
		{
			ID: "RG-002", Name: "model/create-with-tags-and-description", Rule: "Tags and description are there with the model.",
			Run: modelCreateWhole,
		},
		{
			ID: "RG-003", Name: "model/duplicate", Rule: "A taken name is ErrExists, and the model that has it stays as it is.",
			Run: modelDuplicate,
		},
		{ID: "RG-004", Name: "model/name-empty-or-blank", Rule: "A name has something to read.", Run: modelBlank},
		{
			ID: "RG-005", Name: "model/name-forbidden", Rule: "A name has no slash and no colon, and does not resolve to another path.",
			Run: modelForbidden,
		},
		{ID: "RG-006", Name: "model/name-accepted", Rule: "Everything else may be in a name.", Run: modelAccepted},
		{
			ID: "RG-007", Name: "model/name-limit", Rule: "A name may be as long as announced, in code points, and no longer.",
			Run: modelNameLimit,
		},
		{
			ID: "RG-008", Name: "model/names-distinct", Rule: "Names that differ in case, Unicode form or a blank are different models.",
			Run: modelDistinct,
		},
		{ID: "RG-009", Name: "model/get-missing", Rule: "An unknown model is ErrNotFound and named.", Run: modelMissing},
	}
}

func modelCreate(t check, e *env) {
	began := core.Now()
	name := e.Name("model")
	m := newModel(t, e, core.ModelSpec{Name: name})
	conformance.Equal(t, "the model", m, core.Model{Name: name, CreatedAt: m.CreatedAt, UpdatedAt: m.CreatedAt})
	e.CheckTime(t, "CreatedAt", m.CreatedAt, began)
	sawModel(t, e, m)
}

func modelCreateWhole(t check, e *env) {
	spec := core.ModelSpec{
		Name: e.Name("model"), Description: "what it does\nand how", Tags: map[string]string{"team": "vision", "empty": "", "a/b": "ü"},
	}
	m := newModel(t, e, spec)
	conformance.Equal(t, "description", m.Description, spec.Description)
	conformance.Equal(t, "tags", m.Tags, spec.Tags)
	sawModel(t, e, m)
}

func modelDuplicate(t check, e *env) {
	m := newModel(t, e, core.ModelSpec{Description: "first", Tags: map[string]string{"k": "first"}})
	newVersion(t, e, m.Name, core.VersionSpec{})
	before := readModel(t, e, m.Name)
	_, err := e.Store.CreateModel(t.Context(), core.ModelSpec{Name: m.Name, Description: "second"})
	conformance.Refused(t, "CreateModel with a taken name", err, core.ErrExists, m.Name)
	sawModel(t, e, before)
}

// refuseModel tries to create what must be refused.
func refuseModel(t check, e *env, spec core.ModelSpec) {
	t.Helper()
	forget(t, e, e.Store, spec.Name)
	_, err := e.Store.CreateModel(t.Context(), spec)
	conformance.Refused(t, fmt.Sprintf("CreateModel(%.60q)", spec.Name), err, core.ErrInvalid)
}

func modelBlank(t check, e *env) {
	for _, name := range []string{"", " ", "   ", "\t", "\n", "\u00a0"} {
		refuseModel(t, e, core.ModelSpec{Name: name})
	}
}

func modelForbidden(t check, e *env) {
	base := e.Name("m")
	for _, name := range []string{
		base + "/b", base + ":b", "/" + base, base + "/", ":" + base, ".", "..", "../" + base, ".." + base, "models:/" + base + "/1",
		base + "\x00b", base + "\xff",
	} {
		refuseModel(t, e, core.ModelSpec{Name: name})
	}
	page, err := e.Store.SearchModels(t.Context(), core.ModelQuery{Filter: "name LIKE '%" + base + "%'"})
	conformance.NoError(t, "SearchModels", err)
	conformance.Equal(t, "models after refusals", len(page.Items), 0)
}

func modelAccepted(t check, e *env) {
	base := e.Name("m")
	for _, end := range []string{
		" with blanks", ".dots.", "..", "-_", "100%", "%2F", "%2e%2e", "'quoted'", `"twice"`, `\back`, "#?&=", "日本語", "😀", "é",
		"\u0301", "@champion", " ",
	} {
		m := newModel(t, e, core.ModelSpec{Name: base + end})
		conformance.Equal(t, "name", m.Name, base+end)
		sawModel(t, e, m)
	}
}

func modelNameLimit(t check, e *env) {
	limit := e.Limits.ModelName
	if limit == 0 {
		newModel(t, e, core.ModelSpec{Name: padded(e.Name("m"), 10_000)})
		return
	}
	name := padded(e.Name("m"), limit)
	sawModel(t, e, newModel(t, e, core.ModelSpec{Name: name}))
	sawModel(t, e, newModel(t, e, core.ModelSpec{Name: padded(e.Name("m"), limit-1)}))
	refuseModel(t, e, core.ModelSpec{Name: name + "ü"})
	sawModel(t, e, newModel(t, e, core.ModelSpec{Description: padded("", e.Limits.ModelDesc)}))
	if e.Limits.ModelDesc > 0 {
		refuseModel(t, e, core.ModelSpec{Name: e.Name("long"), Description: padded("", e.Limits.ModelDesc+1)})
	}
}

func modelDistinct(t check, e *env) {
	base := e.Name("m")
	var made []core.Model
	for _, end := range []string{"x", "X", "caf\u00e9", "cafe\u0301", "b", "b ", "ss", "ß", "i", "İ"} {
		made = append(made, newModel(t, e, core.ModelSpec{Name: base + end, Description: end}))
	}
	for _, m := range made {
		sawModel(t, e, m)
	}
	newVersion(t, e, base+"x", core.VersionSpec{})
	conformance.NoError(t, "DeleteModel", e.Store.DeleteModel(t.Context(), base+"x"))
	for _, m := range slices.Delete(made, 0, 1) {
		sawModel(t, e, m)
	}
}

func modelMissing(t check, e *env) {
	name := e.Name("missing")
	_, err := e.Store.Model(t.Context(), name)
	conformance.Refused(t, "Model", err, core.ErrNotFound, name)
	for _, bad := range append([]string{"", "a/b", "a:b", ".."}, e.Malformed.Models...) {
		_, err := e.Store.Model(t.Context(), bad)
		conformance.RefusedAs(t, fmt.Sprintf("Model(%q)", bad), err, core.ErrInvalid, core.ErrNotFound)
	}
}
