package tracking

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func loggedModelCases() []entry {
	needs := []core.Capability{"logged_models"}
	return []entry{
		{
			ID: "TS-210", Name: "logged-model/create", Level: conformance.Extended, Needs: needs, Run: createLoggedModel,
			Rule: "A new logged model is pending and active, with what was given, and its artifacts lie below the experiment's.",
		},
		{
			ID: "TS-211", Name: "logged-model/get", Level: conformance.Extended, Needs: needs, Run: getLoggedModel,
			Rule: "A logged model is read active or deleted; an unknown one is ErrNotFound.",
		},
		{
			ID: "TS-212", Name: "logged-model/update", Level: conformance.Extended, Needs: needs, Run: updateLoggedModel,
			Rule: "A change of a logged model happens as asked, under atomic.batch whole or not at all; params keep their first value.",
		},
		{
			ID: "TS-213", Name: "logged-model/delete", Level: conformance.Extended, Needs: needs, Run: deleteLoggedModel,
			Rule: "A deleted logged model is hidden from searches and cannot be changed; deleting it again is ErrNotFound.",
		},
		{
			ID: "TS-214", Name: "logged-model/search", Level: conformance.Extended, Needs: needs, Run: searchLoggedModels,
			Rule: "Active models are found by filter, in the order asked for, by default the newest first, page by page.",
		},
		{
			ID: "TS-254", Name: "logged-model/search-deleted", Level: conformance.Extended, Needs: append(needs, "purger"),
			Rule: "A store that purges finds deleted models where the view shows them, also those that no run names.",
			Run:  searchDeletedModels,
		},
		{
			ID: "TS-226", Name: "logged-model/metrics", Level: conformance.Extended, Needs: needs, Run: measureLoggedModel,
			Rule: "A point that names a logged model becomes a metric of it too, the latest one for each key, dataset and run.",
		},
	}
}

func modelsOf(s store) core.LoggedModels { a, _ := core.As[core.LoggedModels](s); return a }

func newModel(t check, e *env, in core.ExperimentID, spec core.LoggedModelSpec) core.LoggedModel {
	t.Helper()
	m, err := modelsOf(e.Store).CreateLoggedModel(t.Context(), in, spec)
	conformance.NoError(t, "CreateLoggedModel", err)
	return m
}

func sawModel(t check, e *env, want core.LoggedModel) {
	t.Helper()
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := modelsOf(s).LoggedModel(ctx, want.ID)
		if err == nil && got.UpdatedAt < want.UpdatedAt {
			return fmt.Errorf("UpdatedAt: got %d, want a time not before %d", got.UpdatedAt, want.UpdatedAt)
		}
		got.UpdatedAt = want.UpdatedAt
		return differs("LoggedModel", got, want, err)
	})
}

func createLoggedModel(t check, e *env) {
	began := core.Now()
	r := newRunAlone(t, e)
	x, err := e.Store.Experiment(t.Context(), core.ExperimentRef{ID: r.ExperimentID})
	conformance.NoError(t, "Experiment", err)
	spec := core.LoggedModelSpec{
		Name: "net", Type: "classifier", SourceRunID: r.ID, Params: map[string]string{"depth": "3"},
		Tags: map[string]string{"team": "vision"},
	}
	m := newModel(t, e, x.ID, spec)
	e.CheckTime(t, "CreatedAt", m.CreatedAt, began)
	conformance.Equal(t, "LoggedModel", m, core.LoggedModel{
		ID: m.ID, ExperimentID: x.ID, Name: spec.Name, Type: spec.Type, SourceRunID: r.ID, ArtifactURI: m.ArtifactURI,
		Status: core.ModelPending, Lifecycle: core.Active, CreatedAt: m.CreatedAt, UpdatedAt: m.CreatedAt, Params: spec.Params,
		Tags: spec.Tags,
	})
	conformance.Equal(t, "ArtifactURI", m.ArtifactURI, core.JoinLocation(x.ArtifactLocation, "models", string(m.ID), "artifacts"))
	sawModel(t, e, m)
	unnamed := newModel(t, e, x.ID, core.LoggedModelSpec{})
	if unnamed.Name == "" || unnamed.ID == m.ID {
		t.Errorf("got the name %q and the id %q, want a name and another id than %q", unnamed.Name, unnamed.ID, m.ID)
	}
	for _, name := range []string{"a/b", "a:b", "a.b", "50%", `a"b`, "a'b"} {
		_, err := modelsOf(e.Store).CreateLoggedModel(t.Context(), x.ID, core.LoggedModelSpec{Name: name})
		conformance.Refused(t, fmt.Sprintf("the name %q", name), err, core.ErrInvalid)
	}
	_, err = modelsOf(e.Store).CreateLoggedModel(t.Context(), "918273645546372819", spec)
	conformance.Refused(t, "in an unknown experiment", err, core.ErrNotFound, "918273645546372819")
}

func getLoggedModel(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	m := newModel(t, e, x.ID, core.LoggedModelSpec{Name: "net"})
	conformance.NoError(t, "DeleteLoggedModel", modelsOf(e.Store).DeleteLoggedModel(t.Context(), m.ID))
	m.Lifecycle = core.Deleted
	sawModel(t, e, m)
	const nobody = "m-0123456789abcdef0123456789abcdef"
	_, err := modelsOf(e.Store).LoggedModel(t.Context(), nobody)
	conformance.Refused(t, "LoggedModel", err, core.ErrNotFound, nobody)
	for _, id := range append(malformedIDs(), e.Malformed.LoggedModels...) {
		_, err := modelsOf(e.Store).LoggedModel(t.Context(), core.ModelID(id))
		conformance.RefusedAs(t, fmt.Sprintf("LoggedModel(%.40q)", id), err, core.ErrInvalid, core.ErrNotFound)
	}
}

func updateLoggedModel(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	spec := core.LoggedModelSpec{Name: "net", Params: map[string]string{"a": "1"}, Tags: map[string]string{"t": "1", "u": "1"}}
	m := newModel(t, e, x.ID, spec)
	change := func(c core.LoggedModelChange) (core.LoggedModel, error) {
		return modelsOf(e.Store).UpdateLoggedModel(t.Context(), m.ID, c)
	}
	for _, bad := range []core.LoggedModelChange{
		{Status: 4},
		{Status: core.ModelReady, Params: map[string]string{"a": "2", "b": "2"}},
		{Status: core.ModelReady, Params: map[string]string{"../p": "2"}},
	} {
		_, err := change(bad)
		conformance.Refused(t, fmt.Sprintf("UpdateLoggedModel(%+v)", bad), err, core.ErrInvalid)
	}
	_, err := change(core.LoggedModelChange{
		Status: core.ModelReady, Params: map[string]string{"b": "2"},
		Tags: core.TagChange{Set: map[string]string{"t": "2"}, Delete: []string{"absent.key"}},
	})
	conformance.Refused(t, "deleting an absent tag", err, core.ErrNotFound, "absent.key")
	if e.Info.Has(core.AtomicBatch) {
		sawModel(t, e, m)
	} else { // parts of what was refused may have happened
		m = newModel(t, e, x.ID, spec)
	}

	good := core.LoggedModelChange{
		Status: core.ModelReady, Params: map[string]string{"a": "1", "b": "2"},
		Tags: core.TagChange{Set: map[string]string{"t": "2"}, Delete: []string{"u"}},
	}
	if e.Info.Has(core.ModelStatusMessage) {
		good.StatusMessage, m.StatusMessage = ptr("done"), "done"
	}
	got, err := change(good)
	conformance.NoError(t, "UpdateLoggedModel", err)
	m.Status, m.UpdatedAt = core.ModelReady, max(got.UpdatedAt, m.UpdatedAt)
	m.Params, m.Tags = map[string]string{"a": "1", "b": "2"}, map[string]string{"t": "2"}
	conformance.Equal(t, "UpdateLoggedModel", got, m)
	sawModel(t, e, m)
}

func deleteLoggedModel(t check, e *env) {
	x := newExperiment(t, e, core.ExperimentSpec{})
	gone, kept := newModel(t, e, x.ID, core.LoggedModelSpec{Name: "net"}), newModel(t, e, x.ID, core.LoggedModelSpec{Name: "net"})
	models := modelsOf(e.Store)
	conformance.NoError(t, "DeleteLoggedModel", models.DeleteLoggedModel(t.Context(), gone.ID))
	conformance.Refused(t, "deleting it again", models.DeleteLoggedModel(t.Context(), gone.ID), core.ErrNotFound, string(gone.ID))
	_, err := models.UpdateLoggedModel(t.Context(), gone.ID, core.LoggedModelChange{Status: core.ModelReady})
	conformance.Refused(t, "changing it", err, core.ErrNotFound, string(gone.ID))
	gone.Lifecycle = core.Deleted
	sawModel(t, e, gone)
	sawModel(t, e, kept)
	sawModels(t, e, core.LoggedModelQuery{Experiments: []core.ExperimentID{x.ID}}, kept.ID)
}

func searchDeletedModels(t check, e *env) {
	x, other := newExperiment(t, e, core.ExperimentSpec{}), newExperiment(t, e, core.ExperimentSpec{})
	b, a := newModel(t, e, x.ID, core.LoggedModelSpec{Name: "b"}), newModel(t, e, x.ID, core.LoggedModelSpec{Name: "a"})
	kept := newModel(t, e, x.ID, core.LoggedModelSpec{Name: "c"})
	elsewhere := newModel(t, e, other.ID, core.LoggedModelSpec{Name: "a"})
	for _, gone := range []core.ModelID{a.ID, b.ID, elsewhere.ID} {
		conformance.NoError(t, "DeleteLoggedModel", modelsOf(e.Store).DeleteLoggedModel(t.Context(), gone))
	}
	q := core.LoggedModelQuery{Experiments: []core.ExperimentID{x.ID}, OrderBy: []core.LoggedModelOrder{{Field: "name"}}}
	sawModels(t, e, q, kept.ID)
	q.View = core.DeletedOnly
	sawModels(t, e, q, a.ID, b.ID)
	q.View = core.AllStages
	sawModels(t, e, q, a.ID, b.ID, kept.ID)
	q.Filter = "name = 'b'"
	sawModels(t, e, q, b.ID)
}

// sawModels observes the ids that a search finds, in order, in pages of one and in one page.
func sawModels(t check, e *env, q core.LoggedModelQuery, want ...core.ModelID) {
	t.Helper()
	for _, limit := range []int{0, 1} {
		q.Limit = limit
		e.Observe(t, func(ctx context.Context, s store) error {
			all, err := collect(core.All(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.LoggedModel], error) {
				q := q
				q.PageOptions = o
				return modelsOf(s).SearchLoggedModels(ctx, q)
			}, q.PageOptions))
			var got []core.ModelID
			for _, m := range all {
				got = append(got, m.ID)
			}
			return differs(fmt.Sprintf("SearchLoggedModels(%+v)", q), got, want, err)
		})
	}
}

func searchLoggedModels(t check, e *env) {
	x, other := newExperiment(t, e, core.ExperimentSpec{}), newExperiment(t, e, core.ExperimentSpec{})
	a := newModel(t, e, x.ID, core.LoggedModelSpec{Name: "a", Type: "tree", Params: map[string]string{"depth": "3"}})
	b := newModel(t, e, x.ID, core.LoggedModelSpec{Name: "b", Type: "net", Tags: map[string]string{"team": "vision"}})
	c := newModel(t, e, x.ID, core.LoggedModelSpec{Name: "c", Type: "net"})
	newModel(t, e, other.ID, core.LoggedModelSpec{Name: "b"})
	in := []core.ExperimentID{x.ID}
	byName := []core.LoggedModelOrder{{Field: "name"}}
	sawModels(t, e, core.LoggedModelQuery{Experiments: in, OrderBy: byName}, a.ID, b.ID, c.ID)
	sawModels(t, e, core.LoggedModelQuery{Experiments: in, OrderBy: []core.LoggedModelOrder{{Field: "name", Descending: true}}},
		c.ID, b.ID, a.ID)
	sawModels(t, e, core.LoggedModelQuery{Experiments: in, Filter: "name = 'b'"}, b.ID)
	sawModels(t, e, core.LoggedModelQuery{Experiments: in, Filter: "params.depth = '3'"}, a.ID)
	sawModels(t, e, core.LoggedModelQuery{Experiments: in, Filter: "tags.team = 'vision'"}, b.ID)
	sawModels(t, e, core.LoggedModelQuery{Experiments: in, Filter: "model_type = 'net'", OrderBy: byName}, b.ID, c.ID)
	byAge := slices.SortedFunc(slices.Values([]core.LoggedModel{a, b, c}), func(x, y core.LoggedModel) int {
		return int(y.CreatedAt - x.CreatedAt)
	})
	if byAge[0].CreatedAt > byAge[1].CreatedAt && byAge[1].CreatedAt > byAge[2].CreatedAt {
		sawModels(t, e, core.LoggedModelQuery{Experiments: in}, byAge[0].ID, byAge[1].ID, byAge[2].ID)
	}
	for _, bad := range []core.LoggedModelQuery{
		{Experiments: in, Filter: "color = 'x'"},
		{Experiments: in, Filter: "name ="},
		{Experiments: in, OrderBy: []core.LoggedModelOrder{{Field: "color"}}},
		{Experiments: in, PageOptions: core.PageOptions{Limit: -1}},
		{Experiments: in, PageOptions: core.PageOptions{Token: "garbage"}},
	} {
		_, err := modelsOf(e.Store).SearchLoggedModels(t.Context(), bad)
		conformance.Refused(t, fmt.Sprintf("SearchLoggedModels(%+v)", bad), err, core.ErrInvalid)
	}
}

func measureLoggedModel(t check, e *env) {
	r := newRunAlone(t, e)
	m := newModel(t, e, r.ExperimentID, core.LoggedModelSpec{Name: "net"})
	of := func(p core.Metric, digest string) core.Metric {
		p.ModelID = m.ID
		if digest != "" {
			p.DatasetName, p.DatasetDigest = "iris", digest
		}
		return p
	}
	points := []core.Metric{
		of(point("loss", 2, 2), "a"), of(point("loss", 1, 1), "a"), of(point("loss", 3, 1), "b"), of(point("acc", 0.5, 1), ""),
		point("loss", 9, 9),
	}
	logMetrics(t, e, r.ID, points...)
	for _, p := range []core.Metric{points[3], points[0], points[2]} {
		m.Metrics = append(m.Metrics, core.RunMetric{RunID: r.ID, Metric: p})
	}
	sawModel(t, e, m)
	stranger := core.Metric{Key: "loss", Value: 1, ModelID: core.ModelID("m-" + strings.Repeat("0", 32))}
	err := e.Store.LogBatch(t.Context(), r.ID, core.Batch{Metrics: []core.Metric{point("other", 1, 1), stranger}})
	conformance.Refused(t, "a point of an unknown model", err, core.ErrNotFound, string(stranger.ModelID))
	sawHistory(t, e, r.ID, "other")
}
