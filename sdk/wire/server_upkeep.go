package wire

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

type importerServer struct {
	trackingv1.UnimplementedImporterServiceServer
}

func (importerServer) ImportExperiment(
	ctx context.Context, r *trackingv1.ImportExperimentRequest,
) (*trackingv1.ImportExperimentResponse, error) {
	store, err := abilityOf[core.Importer](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	return &trackingv1.ImportExperimentResponse{}, store.ImportExperiment(ctx, coreExperiment(r.GetExperiment()))
}

func (importerServer) ImportRun(ctx context.Context, r *trackingv1.ImportRunRequest) (*trackingv1.ImportRunResponse, error) {
	store, err := abilityOf[core.Importer](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	run, err := coreRun(r.GetRun())
	if err != nil {
		return nil, core.Invalid("run", "%w", err)
	}
	return &trackingv1.ImportRunResponse{}, store.ImportRun(ctx, run)
}

func (importerServer) ImportLoggedModel(
	ctx context.Context, r *trackingv1.ImportLoggedModelRequest,
) (*trackingv1.ImportLoggedModelResponse, error) {
	store, err := abilityOf[core.Importer](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	model, err := coreLoggedModel(r.GetModel())
	if err != nil {
		return nil, core.Invalid("model", "%w", err)
	}
	return &trackingv1.ImportLoggedModelResponse{}, store.ImportLoggedModel(ctx, model)
}

type purgerServer struct {
	trackingv1.UnimplementedPurgerServiceServer
}

func (purgerServer) PurgeRun(ctx context.Context, r *trackingv1.PurgeRunRequest) (*trackingv1.PurgeRunResponse, error) {
	store, err := abilityOf[core.Purger](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	return &trackingv1.PurgeRunResponse{}, store.PurgeRun(ctx, core.RunID(r.GetRunId()))
}

func (purgerServer) PurgeExperiment(
	ctx context.Context, r *trackingv1.PurgeExperimentRequest,
) (*trackingv1.PurgeExperimentResponse, error) {
	store, err := abilityOf[core.Purger](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	return &trackingv1.PurgeExperimentResponse{}, store.PurgeExperiment(ctx, core.ExperimentID(r.GetExperimentId()))
}

func (purgerServer) PurgeLoggedModel(
	ctx context.Context, r *trackingv1.PurgeLoggedModelRequest,
) (*trackingv1.PurgeLoggedModelResponse, error) {
	store, err := abilityOf[core.Purger](ctx, kindTracking)
	if err != nil {
		return nil, err
	}
	return &trackingv1.PurgeLoggedModelResponse{}, store.PurgeLoggedModel(ctx, core.ModelID(r.GetModelId()))
}
