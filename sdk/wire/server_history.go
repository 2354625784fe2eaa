package wire

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

type bulkHistoryServer struct {
	trackingv1.UnimplementedBulkHistoryServiceServer
}

func (bulkHistoryServer) GetMetricHistories(
	ctx context.Context, r *trackingv1.GetMetricHistoriesRequest,
) (*trackingv1.GetMetricHistoriesResponse, error) {
	store, err := abilityOf[core.BulkHistory](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	points, err := store.MetricHistories(ctx, core.HistoriesQuery{
		Runs: retype[core.RunID](r.GetRunIds()), Key: r.GetKey(), Limit: int(r.GetLimit()),
	})
	return &trackingv1.GetMetricHistoriesResponse{Points: pbRunMetrics(points)}, err
}

type sampledHistoryServer struct {
	trackingv1.UnimplementedSampledHistoryServiceServer
}

func (sampledHistoryServer) SampleHistory(
	ctx context.Context, r *trackingv1.SampleHistoryRequest,
) (*trackingv1.SampleHistoryResponse, error) {
	store, err := abilityOf[core.SampledHistory](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	points, err := store.SampleHistory(ctx, core.SampleQuery{
		Runs: retype[core.RunID](r.GetRunIds()), Key: r.GetKey(), Start: r.Start, End: r.End, Limit: int(r.GetLimit()),
	})
	return &trackingv1.SampleHistoryResponse{Points: pbRunMetrics(points)}, err
}

type lineageServer struct {
	trackingv1.UnimplementedLineageServiceServer
}

func (lineageServer) LogInputs(ctx context.Context, r *trackingv1.LogInputsRequest) (*trackingv1.LogInputsResponse, error) {
	store, err := abilityOf[core.Lineage](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	return &trackingv1.LogInputsResponse{}, store.LogInputs(ctx, core.RunID(r.GetRunId()), coreInputs(r.GetInputs()))
}

func (lineageServer) LogOutputs(ctx context.Context, r *trackingv1.LogOutputsRequest) (*trackingv1.LogOutputsResponse, error) {
	store, err := abilityOf[core.Lineage](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	err = store.LogOutputs(ctx, core.RunID(r.GetRunId()), each(r.GetOutputs(), coreModelOutput))
	return &trackingv1.LogOutputsResponse{}, err
}

func (lineageServer) SearchDatasets(
	ctx context.Context, r *trackingv1.SearchDatasetsRequest,
) (*trackingv1.SearchDatasetsResponse, error) {
	store, err := abilityOf[core.Lineage](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	found, err := store.SearchDatasets(ctx, retype[core.ExperimentID](r.GetExperimentIds()))
	return &trackingv1.SearchDatasetsResponse{Datasets: each(found, pbSummary)}, err
}
