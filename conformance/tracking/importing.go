package tracking

import (
	"context"
	"fmt"
	"strconv"

	"github.com/mlstore/mlstore/conformance"
	"github.com/mlstore/mlstore/core"
)

func importCases() []entry {
	needs := []core.Capability{"importer"}
	return []entry{
		{
			ID: "TS-215", Name: "import/experiment", Level: conformance.Extended, Needs: needs, Run: importExperiment,
			Rule: "An imported experiment has the id, times, tags and stage of life that it had; importing it again replaces it.",
		},
		{
			ID: "TS-216", Name: "import/run", Level: conformance.Extended, Needs: needs, Run: importRun,
			Rule: "An imported run has the id, times, status, params and tags that it had; its metrics follow by LogBatch.",
		},
		{
			ID: "TS-227", Name: "import/logged-model", Level: conformance.Extended,
			Needs: []core.Capability{"importer", "logged_models"}, Run: importLoggedModel,
			Rule: "An imported logged model has the id, times, status, params and tags that it had.",
		},
	}
}

func importerOf(s store) core.Importer { a, _ := core.As[core.Importer](s); return a }

// strange is an experiment as another store might have had it. Its id is a number, as most stores want it.
func strange(e *env) core.Experiment {
	return core.Experiment{
		ID: core.ExperimentID(strconv.Itoa(1_000_000_000 + e.Rand.IntN(1_000_000_000))), Name: e.Name("imported"),
		ArtifactLocation: "s3://elsewhere/7", Lifecycle: core.Active, CreatedAt: 1_500_000_000_001, UpdatedAt: 1_500_000_000_002,
		Tags: map[string]string{"a": "1"},
	}
}

func importAs(t check, e *env, x core.Experiment) {
	t.Helper()
	conformance.NoError(t, "ImportExperiment", importerOf(e.Store).ImportExperiment(t.Context(), x))
	forget(t, e, e.Store, x.ID)
}

func importExperiment(t check, e *env) {
	x := strange(e)
	importAs(t, e, x)
	sawExperiment(t, e, x)
	x.Name, x.Tags, x.Lifecycle, x.UpdatedAt = e.Name("again"), map[string]string{"b": "2"}, core.Deleted, 1_500_000_000_003
	importAs(t, e, x)
	sawExperiment(t, e, x)

	taken := newExperiment(t, e, core.ExperimentSpec{})
	clash := strange(e)
	clash.Name = taken.Name
	conformance.Refused(t, "a taken name", importerOf(e.Store).ImportExperiment(t.Context(), clash), core.ErrExists, taken.Name)
	for _, id := range append(malformedIDs(), e.Malformed.Experiments...) {
		bad := strange(e)
		bad.ID = core.ExperimentID(id)
		err := importerOf(e.Store).ImportExperiment(t.Context(), bad)
		conformance.Refused(t, fmt.Sprintf("the id %.40q", id), err, core.ErrInvalid)
	}
	sawExperiment(t, e, taken)
}

func importRun(t check, e *env) {
	x := strange(e)
	importAs(t, e, x)
	r := core.Run{
		RunInfo: core.RunInfo{
			ID: core.NewRunID(), ExperimentID: x.ID, Name: "imported", User: "ada", Status: core.Failed, StartTime: 1_500_000_000_001,
			EndTime: 1_500_000_000_009, ArtifactURI: "s3://elsewhere/7/r/artifacts", Lifecycle: core.Active,
		},
		RunData: core.RunData{
			Params: map[string]string{"lr": "0.1"}, Tags: map[string]string{core.RunNameTag: "imported", "team": "vision"},
		},
	}
	if e.Info.Has("lineage") {
		r.Inputs = core.Inputs{Datasets: []core.DatasetInput{iris("abc", "train")}}
		r.Outputs = []core.ModelOutput{{ModelID: "m-1", Step: 3}}
	}
	conformance.NoError(t, "ImportRun", importerOf(e.Store).ImportRun(t.Context(), r))
	sawRun(t, e, r)
	logMetrics(t, e, r.ID, point("m", 1, 1))
	r.Params["lr"], r.Status, r.Tags = "0.2", core.Killed, with(r.Tags, "team", "audio")
	r.Metrics = nil
	conformance.NoError(t, "ImportRun again", importerOf(e.Store).ImportRun(t.Context(), r))
	e.Observe(t, func(ctx context.Context, s store) error {
		got, err := s.Run(ctx, r.ID)
		got.Metrics = nil // whether points logged before survive is not promised
		return differs("Run", got, r, err)
	})
	deleted := r
	deleted.ID, deleted.Lifecycle = core.NewRunID(), core.Deleted
	conformance.NoError(t, "ImportRun, deleted", importerOf(e.Store).ImportRun(t.Context(), deleted))
	sawRun(t, e, deleted)
	deleted.ID, deleted.ExperimentID = core.NewRunID(), "918273645546372819"
	err := importerOf(e.Store).ImportRun(t.Context(), deleted)
	conformance.Refused(t, "ImportRun into an unknown experiment", err, core.ErrNotFound, "918273645546372819")
}

func importLoggedModel(t check, e *env) {
	x := strange(e)
	importAs(t, e, x)
	m := core.LoggedModel{
		ID: core.NewModelID(), ExperimentID: x.ID, Name: "net", Type: "classifier", ArtifactURI: "s3://elsewhere/7/models/m/artifacts",
		Status: core.ModelReady, StatusMessage: "done", Lifecycle: core.Active, CreatedAt: 1_500_000_000_001,
		UpdatedAt: 1_500_000_000_002,
		Params:    map[string]string{"a": "1"}, Tags: map[string]string{"t": "1"},
	}
	conformance.NoError(t, "ImportLoggedModel", importerOf(e.Store).ImportLoggedModel(t.Context(), m))
	sawModel(t, e, m)
	m.Tags = map[string]string{"t": "2"}
	conformance.NoError(t, "ImportLoggedModel again", importerOf(e.Store).ImportLoggedModel(t.Context(), m))
	sawModel(t, e, m)
}
