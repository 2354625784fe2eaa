package registry

import (
	"context"
	"io"

	"github.com/mlstore/mlstore/core"
)

// artifactHandle is a use of an artifact repository, or of a part of it.
type artifactHandle struct {
	use      *use
	store    core.ArtifactRepository
	readOnly bool // the files of a registered model
}

func (h *artifactHandle) Close() error { return h.use.release() }

// Ability passes nothing on that could write past writable.
func (h *artifactHandle) Ability(target any) bool {
	return !h.readOnly && h.use.ability(target, h.store)
}

func (h *artifactHandle) Describe(ctx context.Context) (core.Info, error) {
	if err := h.use.alive(Artifacts); err != nil {
		return core.Info{}, err
	}
	return h.store.Describe(ctx)
}

func (h *artifactHandle) Stat(ctx context.Context, path string) (core.Artifact, error) {
	if err := h.use.alive(Artifacts); err != nil {
		return core.Artifact{}, err
	}
	return h.store.Stat(ctx, path)
}

func (h *artifactHandle) List(ctx context.Context, dir string, o core.ListOptions) (core.Page[core.Artifact], error) {
	if err := h.use.alive(Artifacts); err != nil {
		return core.Page[core.Artifact]{}, err
	}
	return h.store.List(ctx, dir, o)
}

func (h *artifactHandle) Open(ctx context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	if err := h.use.alive(Artifacts); err != nil {
		return nil, err
	}
	return h.store.Open(ctx, path, o)
}

func (h *artifactHandle) Put(ctx context.Context, path string, r io.Reader, o core.PutOptions) (core.Artifact, error) {
	if err := h.writable(); err != nil {
		return core.Artifact{}, core.Do("put artifact", path, err)
	}
	return h.store.Put(ctx, path, r, o)
}

func (h *artifactHandle) Delete(ctx context.Context, path string, o core.DeleteOptions) error {
	if err := h.writable(); err != nil {
		return core.Do("delete artifact", path, err)
	}
	return h.store.Delete(ctx, path, o)
}

func (h *artifactHandle) writable() error {
	if err := h.use.alive(Artifacts); err != nil {
		return err
	}
	if h.readOnly {
		return core.Errorf(core.PermissionDenied, "the files of a registered model are read-only: change them where they came from")
	}
	return nil
}
