package wire

import (
	"context"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/registryv1"
	"github.com/mlstore/mlstore/sdk/wire/internal/pb/typesv1"
)

// registry is the registry store of a plugin, with all abilities; Ability tells which of them are its own.
type registry struct {
	*remote
	client   registryv1.RegistryServiceClient
	aliases  registryv1.AliasesServiceClient
	stages   registryv1.StagesServiceClient
	imports  registryv1.RegistryImporterServiceClient
	webhooks registryv1.WebhooksServiceClient
}

func newRegistry(r *remote) *registry {
	return &registry{
		remote: r, client: registryv1.NewRegistryServiceClient(r), aliases: registryv1.NewAliasesServiceClient(r),
		stages: registryv1.NewStagesServiceClient(r), imports: registryv1.NewRegistryImporterServiceClient(r),
		webhooks: registryv1.NewWebhooksServiceClient(r),
	}
}

// Ability answers for what the plugin's store has.
func (s *registry) Ability(target any) bool {
	return ability[core.Aliases](s.remote, "aliases", target, s) ||
		ability[core.RegistryImporter](s.remote, "registry_importer", target, s) ||
		ability[core.SecretUpdater](s.remote, "secret_updater", target, s) ||
		ability[core.Stages](s.remote, "stages", target, s) ||
		ability[core.Webhooks](s.remote, "webhooks", target, s)
}

// CreateModel creates a model.
func (s *registry) CreateModel(ctx context.Context, spec core.ModelSpec) (core.Model, error) {
	reply, err := s.client.CreateModel(ctx, &registryv1.CreateModelRequest{
		Name: spec.Name, Description: spec.Description, Tags: spec.Tags,
	})
	return s.modelAnswer(spec.Name, reply.GetModel(), err)
}

func (r *remote) modelAnswer(asked string, pb *typesv1.Model, err error) (core.Model, error) {
	if err != nil {
		return core.Model{}, err
	}
	m := coreModel(pb)
	return answer(m, r.blame(checkSame("model", asked, m.Name)))
}

// Model returns a model.
func (s *registry) Model(ctx context.Context, name string) (core.Model, error) {
	reply, err := s.client.GetModel(ctx, &registryv1.GetModelRequest{Name: name})
	return s.modelAnswer(name, reply.GetModel(), err)
}

// UpdateModel changes a model.
func (s *registry) UpdateModel(ctx context.Context, name string, change core.ModelChange) (core.Model, error) {
	reply, err := s.client.UpdateModel(ctx, &registryv1.UpdateModelRequest{
		Name: name, NewName: change.Name, Description: change.Description, Tags: pbTagChange(change.Tags),
	})
	if change.Name != nil {
		name = *change.Name
	}
	return s.modelAnswer(name, reply.GetModel(), err)
}

// DeleteModel deletes a model.
func (s *registry) DeleteModel(ctx context.Context, name string) error {
	_, err := s.client.DeleteModel(ctx, &registryv1.DeleteModelRequest{Name: name})
	return err
}

// SearchModels finds models.
func (s *registry) SearchModels(ctx context.Context, q core.ModelQuery) (core.Page[core.Model], error) {
	reply, err := s.client.SearchModels(ctx, &registryv1.SearchModelsRequest{
		Filter: q.Filter, OrderBy: q.OrderBy, Page: pbPage(q.PageOptions),
	})
	if err != nil {
		return core.Page[core.Model]{}, err
	}
	page := core.Page[core.Model]{Items: each(reply.GetModels(), coreModel), Next: reply.GetNext()}
	return answer(page, s.blame(checkPage(len(page.Items), page.Next, q.PageOptions, s.info.Limits.ModelPage)))
}

// CreateVersion creates the next version of a model.
func (s *registry) CreateVersion(ctx context.Context, model string, spec core.VersionSpec) (core.Version, error) {
	reply, err := s.client.CreateVersion(ctx, &registryv1.CreateVersionRequest{
		Model: model, Source: spec.Source, Location: spec.Location, RunId: string(spec.RunID), RunLink: spec.RunLink,
		ModelId: string(spec.ModelID), User: spec.User, Description: spec.Description, Tags: spec.Tags,
		IdempotencyKey: spec.IdempotencyKey,
	})
	if err != nil {
		return core.Version{}, err
	}
	made := coreVersion(reply.GetVersion())
	if made.Number < 1 {
		return core.Version{}, s.blame(lie("a version with the number %d", made.Number))
	}
	return answer(made, s.blame(checkSame("model", model, made.Model)))
}

// versionAnswer is for calls that name their version.
func (r *remote) versionAnswer(asked core.VersionRef, pb *typesv1.Version, err error) (core.Version, error) {
	if err != nil {
		return core.Version{}, err
	}
	v := coreVersion(pb)
	if got := (core.VersionRef{Model: v.Model, Number: v.Number}); got != asked {
		return core.Version{}, r.blame(lie("asked for version %d of %q, it answered with version %d of %q",
			asked.Number, asked.Model, got.Number, got.Model))
	}
	return v, nil
}

// Version returns a version.
func (s *registry) Version(ctx context.Context, ref core.VersionRef) (core.Version, error) {
	reply, err := s.client.GetVersion(ctx, &registryv1.GetVersionRequest{Ref: pbVersionRef(ref)})
	return s.versionAnswer(ref, reply.GetVersion(), err)
}

// UpdateVersion changes a version.
func (s *registry) UpdateVersion(
	ctx context.Context, ref core.VersionRef, change core.VersionChange,
) (core.Version, error) {
	reply, err := s.client.UpdateVersion(ctx, &registryv1.UpdateVersionRequest{
		Ref: pbVersionRef(ref), Description: change.Description, Tags: pbTagChange(change.Tags),
	})
	return s.versionAnswer(ref, reply.GetVersion(), err)
}

// DeleteVersion deletes a version.
func (s *registry) DeleteVersion(ctx context.Context, ref core.VersionRef) error {
	_, err := s.client.DeleteVersion(ctx, &registryv1.DeleteVersionRequest{Ref: pbVersionRef(ref)})
	return err
}

// SearchVersions finds versions.
func (s *registry) SearchVersions(ctx context.Context, q core.VersionQuery) (core.Page[core.Version], error) {
	reply, err := s.client.SearchVersions(ctx, &registryv1.SearchVersionsRequest{
		Filter: q.Filter, OrderBy: q.OrderBy, Page: pbPage(q.PageOptions),
	})
	if err != nil {
		return core.Page[core.Version]{}, err
	}
	page := core.Page[core.Version]{Items: each(reply.GetVersions(), coreVersion), Next: reply.GetNext()}
	return answer(page, s.blame(checkPage(len(page.Items), page.Next, q.PageOptions, s.info.Limits.VersionPage)))
}

// SetAlias lets an alias point to a version.
func (s *registry) SetAlias(ctx context.Context, ref core.VersionRef, alias string) error {
	_, err := s.aliases.SetAlias(ctx, &registryv1.SetAliasRequest{Ref: pbVersionRef(ref), Alias: alias})
	return err
}

// DeleteAlias removes an alias.
func (s *registry) DeleteAlias(ctx context.Context, model, alias string) error {
	_, err := s.aliases.DeleteAlias(ctx, &registryv1.DeleteAliasRequest{Model: model, Alias: alias})
	return err
}

// VersionByAlias finds the version of an alias.
func (s *registry) VersionByAlias(ctx context.Context, model, alias string) (core.Version, error) {
	reply, err := s.aliases.GetVersionByAlias(ctx, &registryv1.GetVersionByAliasRequest{Model: model, Alias: alias})
	if err != nil {
		return core.Version{}, err
	}
	found := coreVersion(reply.GetVersion())
	return answer(found, s.blame(checkSame("model", model, found.Model)))
}

// SetStage moves a version to a stage.
func (s *registry) SetStage(ctx context.Context, ref core.VersionRef, change core.StageChange) (core.Version, error) {
	reply, err := s.stages.SetStage(ctx, &registryv1.SetStageRequest{
		Ref: pbVersionRef(ref), Stage: string(change.Stage), ArchiveExisting: change.ArchiveExisting,
	})
	return s.versionAnswer(ref, reply.GetVersion(), err)
}

// LatestVersions returns the highest version of each stage.
func (s *registry) LatestVersions(ctx context.Context, model string, stages []core.Stage) ([]core.Version, error) {
	reply, err := s.stages.GetLatestVersions(ctx, &registryv1.GetLatestVersionsRequest{
		Model: model, Stages: retype[string](stages),
	})
	return each(reply.GetVersions(), coreVersion), err
}

// ImportModel takes a model as it is.
func (s *registry) ImportModel(ctx context.Context, m core.Model) error {
	_, err := s.imports.ImportModel(ctx, &registryv1.ImportModelRequest{Model: pbModel(m)})
	return err
}

// ImportVersion takes a version as it is.
func (s *registry) ImportVersion(ctx context.Context, v core.Version) error {
	_, err := s.imports.ImportVersion(ctx, &registryv1.ImportVersionRequest{Version: pbVersion(v)})
	return err
}
