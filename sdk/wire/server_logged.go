package wire

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/trackingv1"
)

type loggedModelsServer struct {
	trackingv1.UnimplementedLoggedModelsServiceServer
}

func (*loggedModelsServer) store(ctx context.Context) (core.LoggedModels, error) {
	return abilityOf[core.LoggedModels](ctx, kindTracking)
}

func (l *loggedModelsServer) CreateLoggedModel(
	ctx context.Context, r *trackingv1.CreateLoggedModelRequest,
) (*trackingv1.CreateLoggedModelResponse, error) {
	store, err := l.store(ctx)
	if err != nil {
		return nil, err
	}
	made, err := store.CreateLoggedModel(ctx, core.ExperimentID(r.GetExperimentId()), core.LoggedModelSpec{
		Name: r.GetName(), Type: r.GetType(), SourceRunID: core.RunID(r.GetSourceRunId()), Params: mapped(r.GetParams()),
		Tags: mapped(r.GetTags()),
	})
	return &trackingv1.CreateLoggedModelResponse{Model: pbLoggedModel(made)}, err
}

func (l *loggedModelsServer) GetLoggedModel(
	ctx context.Context, r *trackingv1.GetLoggedModelRequest,
) (*trackingv1.GetLoggedModelResponse, error) {
	store, err := l.store(ctx)
	if err != nil {
		return nil, err
	}
	found, err := store.LoggedModel(ctx, core.ModelID(r.GetModelId()))
	return &trackingv1.GetLoggedModelResponse{Model: pbLoggedModel(found)}, err
}

func (l *loggedModelsServer) UpdateLoggedModel(
	ctx context.Context, r *trackingv1.UpdateLoggedModelRequest,
) (*trackingv1.UpdateLoggedModelResponse, error) {
	store, err := l.store(ctx)
	if err != nil {
		return nil, err
	}
	changed, err := store.UpdateLoggedModel(ctx, core.ModelID(r.GetModelId()), core.LoggedModelChange{
		Status: core.ModelStatus(r.GetStatus()), StatusMessage: r.StatusMessage, Tags: coreTagChange(r.GetTags()),
		Params: mapped(r.GetParams()),
	})
	return &trackingv1.UpdateLoggedModelResponse{Model: pbLoggedModel(changed)}, err
}

func (l *loggedModelsServer) DeleteLoggedModel(
	ctx context.Context, r *trackingv1.DeleteLoggedModelRequest,
) (*trackingv1.DeleteLoggedModelResponse, error) {
	store, err := l.store(ctx)
	if err != nil {
		return nil, err
	}
	return &trackingv1.DeleteLoggedModelResponse{}, store.DeleteLoggedModel(ctx, core.ModelID(r.GetModelId()))
}

func (l *loggedModelsServer) SearchLoggedModels(
	ctx context.Context, r *trackingv1.SearchLoggedModelsRequest,
) (*trackingv1.SearchLoggedModelsResponse, error) {
	store, err := l.store(ctx)
	if err != nil {
		return nil, err
	}
	query := coreLoggedQuery(r)
	return fit(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.LoggedModel], error) {
		query.PageOptions = o
		return store.SearchLoggedModels(ctx, query)
	}, query.PageOptions, func(p core.Page[core.LoggedModel]) *trackingv1.SearchLoggedModelsResponse {
		return &trackingv1.SearchLoggedModelsResponse{Models: each(p.Items, pbLoggedModel), Next: p.Next}
	})
}
