package wire

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/typesv1"
)

// MetricHistories returns the points of one metric of several runs.
func (t *tracking) MetricHistories(ctx context.Context, q core.HistoriesQuery) ([]core.RunMetric, error) {
	reply, err := t.bulk.GetMetricHistories(ctx, &trackingv1.GetMetricHistoriesRequest{
		RunIds: retype[string](q.Runs), Key: q.Key, Limit: int64(q.Limit),
	})
	if err != nil {
		return nil, err
	}
	points, err := coreRunMetrics(reply.GetPoints())
	if err == nil {
		err = checkPage(len(points), "", core.PageOptions{Limit: q.Limit}, t.info.Limits.HistoryPage)
	}
	return answer(points, t.blame(checkPoints(err, points, q.Runs, q.Key)))
}

// SampleHistory returns some of the points of one metric of several runs.
func (t *tracking) SampleHistory(ctx context.Context, q core.SampleQuery) ([]core.RunMetric, error) {
	reply, err := t.sampled.SampleHistory(ctx, &trackingv1.SampleHistoryRequest{
		RunIds: retype[string](q.Runs), Key: q.Key, Start: q.Start, End: q.End, Limit: int64(q.Limit),
	})
	if err != nil {
		return nil, err
	}
	points, err := coreRunMetrics(reply.GetPoints())
	return answer(points, t.blame(checkPoints(err, points, q.Runs, q.Key)))
}

// checkPoints refuses points of runs and keys that were not asked for.
func checkPoints(err error, points []core.RunMetric, runs []core.RunID, key string) error {
	if err != nil {
		return err
	}
	asked := make(map[core.RunID]bool, len(runs))
	for _, id := range runs {
		asked[id] = true
	}
	for _, p := range points {
		if !asked[p.RunID] || p.Key != key {
			return lie("a point of the metric %q of the run %q, which was not asked for", cut(p.Key, maxKey), cut(string(p.RunID), maxKey))
		}
	}
	return nil
}

// LogInputs adds to what a run read.
func (t *tracking) LogInputs(ctx context.Context, id core.RunID, in core.Inputs) error {
	_, err := t.lineage.LogInputs(ctx, &trackingv1.LogInputsRequest{RunId: string(id), Inputs: pbInputs(in)})
	return err
}

// LogOutputs adds to what a run made.
func (t *tracking) LogOutputs(ctx context.Context, id core.RunID, out []core.ModelOutput) error {
	_, err := t.lineage.LogOutputs(ctx, &trackingv1.LogOutputsRequest{RunId: string(id), Outputs: each(out, pbModelOutput)})
	return err
}

// SearchDatasets lists the datasets of experiments.
func (t *tracking) SearchDatasets(ctx context.Context, in []core.ExperimentID) ([]core.DatasetSummary, error) {
	reply, err := t.lineage.SearchDatasets(ctx, &trackingv1.SearchDatasetsRequest{ExperimentIds: retype[string](in)})
	return each(reply.GetDatasets(), coreSummary), err
}

// CreateLoggedModel creates a logged model.
func (t *tracking) CreateLoggedModel(
	ctx context.Context, in core.ExperimentID, spec core.LoggedModelSpec,
) (core.LoggedModel, error) {
	reply, err := t.logged.CreateLoggedModel(ctx, &trackingv1.CreateLoggedModelRequest{
		ExperimentId: string(in), Name: spec.Name, Type: spec.Type, SourceRunId: string(spec.SourceRunID),
		Params: spec.Params, Tags: spec.Tags,
	})
	if err != nil {
		return core.LoggedModel{}, err
	}
	made, err := coreLoggedModel(reply.GetModel())
	if err == nil {
		err = checkID("logged model", made.ID)
	}
	return answer(made, t.blame(err))
}

// LoggedModel returns a logged model.
func (t *tracking) LoggedModel(ctx context.Context, id core.ModelID) (core.LoggedModel, error) {
	reply, err := t.logged.GetLoggedModel(ctx, &trackingv1.GetLoggedModelRequest{ModelId: string(id)})
	if err != nil {
		return core.LoggedModel{}, err
	}
	return t.loggedAnswer(id, reply.GetModel())
}

func (r *remote) loggedAnswer(asked core.ModelID, pb *typesv1.LoggedModel) (core.LoggedModel, error) {
	found, err := coreLoggedModel(pb)
	if err == nil {
		err = checkSame("logged model", asked, found.ID)
	}
	return answer(found, r.blame(err))
}

// UpdateLoggedModel changes a logged model.
func (t *tracking) UpdateLoggedModel(
	ctx context.Context, id core.ModelID, change core.LoggedModelChange,
) (core.LoggedModel, error) {
	reply, err := t.logged.UpdateLoggedModel(ctx, &trackingv1.UpdateLoggedModelRequest{
		ModelId: string(id), Status: enum[typesv1.ModelStatus](change.Status), StatusMessage: change.StatusMessage,
		Tags: pbTagChange(change.Tags), Params: change.Params,
	})
	if err != nil {
		return core.LoggedModel{}, err
	}
	return t.loggedAnswer(id, reply.GetModel())
}

// DeleteLoggedModel deletes a logged model.
func (t *tracking) DeleteLoggedModel(ctx context.Context, id core.ModelID) error {
	_, err := t.logged.DeleteLoggedModel(ctx, &trackingv1.DeleteLoggedModelRequest{ModelId: string(id)})
	return err
}

// SearchLoggedModels finds logged models.
func (t *tracking) SearchLoggedModels(ctx context.Context, q core.LoggedModelQuery) (core.Page[core.LoggedModel], error) {
	reply, err := t.logged.SearchLoggedModels(ctx, pbLoggedQuery(q))
	if err != nil {
		return core.Page[core.LoggedModel]{}, err
	}
	items, err := tryEach(reply.GetModels(), coreLoggedModel)
	if err == nil {
		err = checkPage(len(items), reply.GetNext(), q.PageOptions, t.info.Limits.LoggedPage)
	}
	for _, m := range items {
		if err == nil {
			err = checkID("logged model", m.ID)
		}
	}
	return answer(core.Page[core.LoggedModel]{Items: items, Next: reply.GetNext()}, t.blame(err))
}

// ImportExperiment takes an experiment as it is.
func (t *tracking) ImportExperiment(ctx context.Context, e core.Experiment) error {
	_, err := t.imports.ImportExperiment(ctx, &trackingv1.ImportExperimentRequest{Experiment: pbExperiment(e)})
	return err
}

// ImportRun takes a run as it is.
func (t *tracking) ImportRun(ctx context.Context, r core.Run) error {
	_, err := t.imports.ImportRun(ctx, &trackingv1.ImportRunRequest{Run: pbRun(r)})
	return err
}

// ImportLoggedModel takes a logged model as it is.
func (t *tracking) ImportLoggedModel(ctx context.Context, m core.LoggedModel) error {
	_, err := t.imports.ImportLoggedModel(ctx, &trackingv1.ImportLoggedModelRequest{Model: pbLoggedModel(m)})
	return err
}

// PurgeRun removes a deleted run for good.
func (t *tracking) PurgeRun(ctx context.Context, id core.RunID) error {
	_, err := t.purges.PurgeRun(ctx, &trackingv1.PurgeRunRequest{RunId: string(id)})
	return err
}

// PurgeExperiment removes a deleted experiment for good.
func (t *tracking) PurgeExperiment(ctx context.Context, id core.ExperimentID) error {
	_, err := t.purges.PurgeExperiment(ctx, &trackingv1.PurgeExperimentRequest{ExperimentId: string(id)})
	return err
}

// PurgeLoggedModel removes a deleted logged model for good.
func (t *tracking) PurgeLoggedModel(ctx context.Context, id core.ModelID) error {
	_, err := t.purges.PurgeLoggedModel(ctx, &trackingv1.PurgeLoggedModelRequest{ModelId: string(id)})
	return err
}
