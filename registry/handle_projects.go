package registry

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// projectHandle is a use of a project backend.
type projectHandle struct {
	use   *use
	store core.ProjectBackend
}

func (h *projectHandle) Close() error            { return h.use.release() }
func (h *projectHandle) Ability(target any) bool { return h.use.ability(target, h.store) }

func (h *projectHandle) Describe(ctx context.Context) (core.Info, error) {
	if err := h.use.alive(Projects); err != nil {
		return core.Info{}, err
	}
	return h.store.Describe(ctx)
}

func (h *projectHandle) Submit(ctx context.Context, p core.Project, o core.SubmitOptions) (core.JobID, error) {
	if err := h.use.alive(Projects); err != nil {
		return "", err
	}
	return h.store.Submit(ctx, p, o)
}

func (h *projectHandle) Job(ctx context.Context, id core.JobID) (core.Job, error) {
	if err := h.use.alive(Projects); err != nil {
		return core.Job{}, err
	}
	return h.store.Job(ctx, id)
}

func (h *projectHandle) Cancel(ctx context.Context, id core.JobID) error {
	if err := h.use.alive(Projects); err != nil {
		return err
	}
	return h.store.Cancel(ctx, id)
}

func (h *projectHandle) Logs(ctx context.Context, id core.JobID, o core.LogOptions) (core.Page[core.LogLine], error) {
	if err := h.use.alive(Projects); err != nil {
		return core.Page[core.LogLine]{}, err
	}
	return h.store.Logs(ctx, id, o)
}
