package wire

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

type trackingServer struct {
	trackingv1.UnimplementedTrackingServiceServer
	server *Server
}

func (*trackingServer) store(ctx context.Context) (core.TrackingStore, error) {
	return storeOf[core.TrackingStore](ctx, kindTracking)
}

func (t *trackingServer) CreateExperiment(
	ctx context.Context, r *trackingv1.CreateExperimentRequest,
) (*trackingv1.CreateExperimentResponse, error) {
	store, err := t.store(ctx)
	if err != nil {
		return nil, err
	}
	made, err := store.CreateExperiment(ctx, core.ExperimentSpec{
		Name: r.GetName(), ArtifactLocation: r.GetArtifactLocation(), Tags: mapped(r.GetTags()),
	})
	return &trackingv1.CreateExperimentResponse{Experiment: pbExperiment(made)}, err
}

func (t *trackingServer) GetExperiment(
	ctx context.Context, r *trackingv1.GetExperimentRequest,
) (*trackingv1.GetExperimentResponse, error) {
	store, err := t.store(ctx)
	if err != nil {
		return nil, err
	}
	found, err := store.Experiment(ctx, core.ExperimentRef{ID: core.ExperimentID(r.GetExperimentId()), Name: r.GetName()})
	return &trackingv1.GetExperimentResponse{Experiment: pbExperiment(found)}, err
}

func (t *trackingServer) UpdateExperiment(
	ctx context.Context, r *trackingv1.UpdateExperimentRequest,
) (*trackingv1.UpdateExperimentResponse, error) {
	store, err := t.store(ctx)
	if err != nil {
		return nil, err
	}
	change := core.ExperimentChange{Name: r.Name, Lifecycle: core.Lifecycle(r.GetLifecycle())}
	err = store.UpdateExperiment(ctx, core.ExperimentID(r.GetExperimentId()), change)
	return &trackingv1.UpdateExperimentResponse{}, err
}

func (t *trackingServer) ChangeExperimentTags(
	ctx context.Context, r *trackingv1.ChangeExperimentTagsRequest,
) (*trackingv1.ChangeExperimentTagsResponse, error) {
	store, err := t.store(ctx)
	if err != nil {
		return nil, err
	}
	err = store.ChangeExperimentTags(ctx, core.ExperimentID(r.GetExperimentId()), coreTagChange(r.GetChange()))
	return &trackingv1.ChangeExperimentTagsResponse{}, err
}

func (t *trackingServer) SearchExperiments(
	ctx context.Context, r *trackingv1.SearchExperimentsRequest,
) (*trackingv1.SearchExperimentsResponse, error) {
	store, err := t.store(ctx)
	if err != nil {
		return nil, err
	}
	query := core.ExperimentQuery{Filter: r.GetFilter(), OrderBy: r.GetOrderBy(), View: core.View(r.GetView())}
	return fit(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Experiment], error) {
		query.PageOptions = o
		return store.SearchExperiments(ctx, query)
	}, corePage(r.GetPage()), func(p core.Page[core.Experiment]) *trackingv1.SearchExperimentsResponse {
		return &trackingv1.SearchExperimentsResponse{Experiments: each(p.Items, pbExperiment), Next: p.Next}
	})
}

func (t *trackingServer) CreateRun(
	ctx context.Context, r *trackingv1.CreateRunRequest,
) (*trackingv1.CreateRunResponse, error) {
	store, err := t.store(ctx)
	if err != nil {
		return nil, err
	}
	made, err := store.CreateRun(ctx, core.ExperimentID(r.GetExperimentId()), core.RunSpec{
		Name: r.GetName(), User: r.GetUser(), StartTime: core.Millis(r.GetStartTime()), Tags: mapped(r.GetTags()),
		IdempotencyKey: r.GetIdempotencyKey(),
	})
	return &trackingv1.CreateRunResponse{Run: pbRun(made)}, err
}

func (t *trackingServer) GetRun(ctx context.Context, r *trackingv1.GetRunRequest) (*trackingv1.GetRunResponse, error) {
	store, err := t.store(ctx)
	if err != nil {
		return nil, err
	}
	found, err := store.Run(ctx, core.RunID(r.GetRunId()))
	return &trackingv1.GetRunResponse{Run: pbRun(found)}, err
}

func (t *trackingServer) UpdateRun(
	ctx context.Context, r *trackingv1.UpdateRunRequest,
) (*trackingv1.UpdateRunResponse, error) {
	store, err := t.store(ctx)
	if err != nil {
		return nil, err
	}
	info, err := store.UpdateRun(ctx, core.RunID(r.GetRunId()), core.RunChange{
		Name: r.GetName(), Status: core.RunStatus(r.GetStatus()), EndTime: number[core.Millis](r.EndTime),
		Lifecycle: core.Lifecycle(r.GetLifecycle()),
	})
	return &trackingv1.UpdateRunResponse{Info: pbRunInfo(info)}, err
}

func (t *trackingServer) ChangeRunTags(
	ctx context.Context, r *trackingv1.ChangeRunTagsRequest,
) (*trackingv1.ChangeRunTagsResponse, error) {
	store, err := t.store(ctx)
	if err != nil {
		return nil, err
	}
	err = store.ChangeRunTags(ctx, core.RunID(r.GetRunId()), coreTagChange(r.GetChange()))
	return &trackingv1.ChangeRunTagsResponse{}, err
}

func (t *trackingServer) SearchRuns(
	ctx context.Context, r *trackingv1.SearchRunsRequest,
) (*trackingv1.SearchRunsResponse, error) {
	store, err := t.store(ctx)
	if err != nil {
		return nil, err
	}
	query := core.RunQuery{
		Experiments: retype[core.ExperimentID](r.GetExperimentIds()), Filter: r.GetFilter(), OrderBy: r.GetOrderBy(),
		View: core.View(r.GetView()), Fields: core.RunFields(r.GetFields()),
	}
	return fit(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Run], error) {
		query.PageOptions = o
		return store.SearchRuns(ctx, query)
	}, corePage(r.GetPage()), func(p core.Page[core.Run]) *trackingv1.SearchRunsResponse {
		return &trackingv1.SearchRunsResponse{Runs: each(p.Items, pbRun), Next: p.Next}
	})
}

func (t *trackingServer) LogBatch(ctx context.Context, r *trackingv1.LogBatchRequest) (*trackingv1.LogBatchResponse, error) {
	return &trackingv1.LogBatchResponse{}, logBatch(ctx, r)
}

func logBatch(ctx context.Context, r *trackingv1.LogBatchRequest) error {
	store, err := storeOf[core.TrackingStore](ctx, kindTracking)
	if err != nil {
		return err
	}
	metrics, err := coreMetrics(r.GetMetrics())
	if err != nil {
		return core.Invalid("metrics", "%w", err)
	}
	return store.LogBatch(ctx, core.RunID(r.GetRunId()), core.Batch{
		Metrics: metrics, Params: each(r.GetParams(), coreParam), Tags: each(r.GetTags(), coreTag),
	})
}

func (t *trackingServer) GetMetricHistory(
	ctx context.Context, r *trackingv1.GetMetricHistoryRequest,
) (*trackingv1.GetMetricHistoryResponse, error) {
	store, err := t.store(ctx)
	if err != nil {
		return nil, err
	}
	return fit(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Metric], error) {
		return store.MetricHistory(ctx, core.RunID(r.GetRunId()), r.GetKey(), core.HistoryOptions{PageOptions: o})
	}, corePage(r.GetPage()), func(p core.Page[core.Metric]) *trackingv1.GetMetricHistoryResponse {
		return &trackingv1.GetMetricHistoryResponse{Points: pbMetrics(p.Items), Next: p.Next}
	})
}
