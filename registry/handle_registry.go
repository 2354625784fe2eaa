package registry

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// registryHandle is a use of a model registry.
type registryHandle struct {
	use   *use
	store core.RegistryStore
}

func (h *registryHandle) Close() error            { return h.use.release() }
func (h *registryHandle) Ability(target any) bool { return h.use.ability(target, h.store) }

func (h *registryHandle) Describe(ctx context.Context) (core.Info, error) {
	if err := h.use.alive(Registry); err != nil {
		return core.Info{}, err
	}
	return h.store.Describe(ctx)
}

func (h *registryHandle) CreateModel(ctx context.Context, spec core.ModelSpec) (core.Model, error) {
	if err := h.use.alive(Registry); err != nil {
		return core.Model{}, err
	}
	return h.store.CreateModel(ctx, spec)
}

func (h *registryHandle) Model(ctx context.Context, name string) (core.Model, error) {
	if err := h.use.alive(Registry); err != nil {
		return core.Model{}, err
	}
	return h.store.Model(ctx, name)
}

func (h *registryHandle) UpdateModel(ctx context.Context, name string, change core.ModelChange) (core.Model, error) {
	if err := h.use.alive(Registry); err != nil {
		return core.Model{}, err
	}
	return h.store.UpdateModel(ctx, name, change)
}

func (h *registryHandle) DeleteModel(ctx context.Context, name string) error {
	if err := h.use.alive(Registry); err != nil {
		return err
	}
	return h.store.DeleteModel(ctx, name)
}

func (h *registryHandle) SearchModels(ctx context.Context, q core.ModelQuery) (core.Page[core.Model], error) {
	if err := h.use.alive(Registry); err != nil {
		return core.Page[core.Model]{}, err
	}
	return h.store.SearchModels(ctx, q)
}

func (h *registryHandle) CreateVersion(ctx context.Context, model string, spec core.VersionSpec) (core.Version, error) {
	if err := h.use.alive(Registry); err != nil {
		return core.Version{}, err
	}
	return h.store.CreateVersion(ctx, model, spec)
}

func (h *registryHandle) Version(ctx context.Context, ref core.VersionRef) (core.Version, error) {
	if err := h.use.alive(Registry); err != nil {
		return core.Version{}, err
	}
	return h.store.Version(ctx, ref)
}

func (h *registryHandle) UpdateVersion(
	ctx context.Context, ref core.VersionRef, change core.VersionChange,
) (core.Version, error) {
	if err := h.use.alive(Registry); err != nil {
		return core.Version{}, err
	}
	return h.store.UpdateVersion(ctx, ref, change)
}

func (h *registryHandle) DeleteVersion(ctx context.Context, ref core.VersionRef) error {
	if err := h.use.alive(Registry); err != nil {
		return err
	}
	return h.store.DeleteVersion(ctx, ref)
}

func (h *registryHandle) SearchVersions(ctx context.Context, q core.VersionQuery) (core.Page[core.Version], error) {
	if err := h.use.alive(Registry); err != nil {
		return core.Page[core.Version]{}, err
	}
	return h.store.SearchVersions(ctx, q)
}
