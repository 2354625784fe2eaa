package wire

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/registryv1"
)

type registryServer struct {
	registryv1.UnimplementedRegistryServiceServer
}

func (*registryServer) store(ctx context.Context) (core.RegistryStore, error) {
	return storeOf[core.RegistryStore](ctx, kindRegistry)
}

func (s *registryServer) CreateModel(
	ctx context.Context, r *registryv1.CreateModelRequest,
) (*registryv1.CreateModelResponse, error) {
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	made, err := store.CreateModel(ctx, core.ModelSpec{
		Name: r.GetName(), Description: r.GetDescription(), Tags: mapped(r.GetTags()),
	})
	return &registryv1.CreateModelResponse{Model: pbModel(made)}, err
}

func (s *registryServer) GetModel(ctx context.Context, r *registryv1.GetModelRequest) (*registryv1.GetModelResponse, error) {
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	found, err := store.Model(ctx, r.GetName())
	return &registryv1.GetModelResponse{Model: pbModel(found)}, err
}

func (s *registryServer) UpdateModel(
	ctx context.Context, r *registryv1.UpdateModelRequest,
) (*registryv1.UpdateModelResponse, error) {
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	changed, err := store.UpdateModel(ctx, r.GetName(), core.ModelChange{
		Name: r.NewName, Description: r.Description, Tags: coreTagChange(r.GetTags()),
	})
	return &registryv1.UpdateModelResponse{Model: pbModel(changed)}, err
}

func (s *registryServer) DeleteModel(
	ctx context.Context, r *registryv1.DeleteModelRequest,
) (*registryv1.DeleteModelResponse, error) {
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	return &registryv1.DeleteModelResponse{}, store.DeleteModel(ctx, r.GetName())
}

func (s *registryServer) SearchModels(
	ctx context.Context, r *registryv1.SearchModelsRequest,
) (*registryv1.SearchModelsResponse, error) {
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	query := core.ModelQuery{Filter: r.GetFilter(), OrderBy: r.GetOrderBy()}
	return fit(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Model], error) {
		query.PageOptions = o
		return store.SearchModels(ctx, query)
	}, corePage(r.GetPage()), func(p core.Page[core.Model]) *registryv1.SearchModelsResponse {
		return &registryv1.SearchModelsResponse{Models: each(p.Items, pbModel), Next: p.Next}
	})
}

func (s *registryServer) CreateVersion(
	ctx context.Context, r *registryv1.CreateVersionRequest,
) (*registryv1.CreateVersionResponse, error) {
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	made, err := store.CreateVersion(ctx, r.GetModel(), core.VersionSpec{
		Source: r.GetSource(), Location: r.GetLocation(), RunID: core.RunID(r.GetRunId()), RunLink: r.GetRunLink(),
		ModelID: core.ModelID(r.GetModelId()), User: r.GetUser(), Description: r.GetDescription(), Tags: mapped(r.GetTags()),
		IdempotencyKey: r.GetIdempotencyKey(),
	})
	return &registryv1.CreateVersionResponse{Version: pbVersion(made)}, err
}

func (s *registryServer) GetVersion(
	ctx context.Context, r *registryv1.GetVersionRequest,
) (*registryv1.GetVersionResponse, error) {
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	found, err := store.Version(ctx, coreVersionRef(r.GetRef()))
	return &registryv1.GetVersionResponse{Version: pbVersion(found)}, err
}

func (s *registryServer) UpdateVersion(
	ctx context.Context, r *registryv1.UpdateVersionRequest,
) (*registryv1.UpdateVersionResponse, error) {
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	changed, err := store.UpdateVersion(ctx, coreVersionRef(r.GetRef()), core.VersionChange{
		Description: r.Description, Tags: coreTagChange(r.GetTags()),
	})
	return &registryv1.UpdateVersionResponse{Version: pbVersion(changed)}, err
}

func (s *registryServer) DeleteVersion(
	ctx context.Context, r *registryv1.DeleteVersionRequest,
) (*registryv1.DeleteVersionResponse, error) {
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	return &registryv1.DeleteVersionResponse{}, store.DeleteVersion(ctx, coreVersionRef(r.GetRef()))
}

func (s *registryServer) SearchVersions(
	ctx context.Context, r *registryv1.SearchVersionsRequest,
) (*registryv1.SearchVersionsResponse, error) {
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	query := core.VersionQuery{Filter: r.GetFilter(), OrderBy: r.GetOrderBy()}
	return fit(ctx, func(ctx context.Context, o core.PageOptions) (core.Page[core.Version], error) {
		query.PageOptions = o
		return store.SearchVersions(ctx, query)
	}, corePage(r.GetPage()), func(p core.Page[core.Version]) *registryv1.SearchVersionsResponse {
		return &registryv1.SearchVersionsResponse{Versions: each(p.Items, pbVersion), Next: p.Next}
	})
}

type aliasesServer struct {
	registryv1.UnimplementedAliasesServiceServer
}

func (aliasesServer) SetAlias(ctx context.Context, r *registryv1.SetAliasRequest) (*registryv1.SetAliasResponse, error) {
	store, err := abilityOf[core.Aliases](ctx, kindRegistry)
	if err != nil {
		return nil, err
	}
	return &registryv1.SetAliasResponse{}, store.SetAlias(ctx, coreVersionRef(r.GetRef()), r.GetAlias())
}

func (aliasesServer) DeleteAlias(
	ctx context.Context, r *registryv1.DeleteAliasRequest,
) (*registryv1.DeleteAliasResponse, error) {
	store, err := abilityOf[core.Aliases](ctx, kindRegistry)
	if err != nil {
		return nil, err
	}
	return &registryv1.DeleteAliasResponse{}, store.DeleteAlias(ctx, r.GetModel(), r.GetAlias())
}

func (aliasesServer) GetVersionByAlias(
	ctx context.Context, r *registryv1.GetVersionByAliasRequest,
) (*registryv1.GetVersionByAliasResponse, error) {
	store, err := abilityOf[core.Aliases](ctx, kindRegistry)
	if err != nil {
		return nil, err
	}
	found, err := store.VersionByAlias(ctx, r.GetModel(), r.GetAlias())
	return &registryv1.GetVersionByAliasResponse{Version: pbVersion(found)}, err
}

type stagesServer struct {
	registryv1.UnimplementedStagesServiceServer
}

func (stagesServer) SetStage(ctx context.Context, r *registryv1.SetStageRequest) (*registryv1.SetStageResponse, error) {
	store, err := abilityOf[core.Stages](ctx, kindRegistry)
	if err != nil {
		return nil, err
	}
	changed, err := store.SetStage(ctx, coreVersionRef(r.GetRef()), core.StageChange{
		Stage: core.Stage(r.GetStage()), ArchiveExisting: r.GetArchiveExisting(),
	})
	return &registryv1.SetStageResponse{Version: pbVersion(changed)}, err
}

func (stagesServer) GetLatestVersions(
	ctx context.Context, r *registryv1.GetLatestVersionsRequest,
) (*registryv1.GetLatestVersionsResponse, error) {
	store, err := abilityOf[core.Stages](ctx, kindRegistry)
	if err != nil {
		return nil, err
	}
	found, err := store.LatestVersions(ctx, r.GetModel(), retype[core.Stage](r.GetStages()))
	return &registryv1.GetLatestVersionsResponse{Versions: each(found, pbVersion)}, err
}

type registryImporterServer struct {
	registryv1.UnimplementedRegistryImporterServiceServer
}

func (registryImporterServer) ImportModel(
	ctx context.Context, r *registryv1.ImportModelRequest,
) (*registryv1.ImportModelResponse, error) {
	store, err := abilityOf[core.RegistryImporter](ctx, kindRegistry)
	if err != nil {
		return nil, err
	}
	return &registryv1.ImportModelResponse{}, store.ImportModel(ctx, coreModel(r.GetModel()))
}

func (registryImporterServer) ImportVersion(
	ctx context.Context, r *registryv1.ImportVersionRequest,
) (*registryv1.ImportVersionResponse, error) {
	store, err := abilityOf[core.RegistryImporter](ctx, kindRegistry)
	if err != nil {
		return nil, err
	}
	return &registryv1.ImportVersionResponse{}, store.ImportVersion(ctx, coreVersion(r.GetVersion()))
}
