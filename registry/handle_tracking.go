package registry

import (
	"context"

	"github.com/mlstore/mlstore/core"
)

// trackingHandle is a use of a tracking store.
type trackingHandle struct {
	use   *use
	store core.TrackingStore
}

func (h *trackingHandle) Close() error            { return h.use.release() }
func (h *trackingHandle) Ability(target any) bool { return h.use.ability(target, h.store) }

func (h *trackingHandle) Describe(ctx context.Context) (core.Info, error) {
	if err := h.use.alive(Tracking); err != nil {
		return core.Info{}, err
	}
	return h.store.Describe(ctx)
}

func (h *trackingHandle) CreateExperiment(ctx context.Context, spec core.ExperimentSpec) (core.Experiment, error) {
	if err := h.use.alive(Tracking); err != nil {
		return core.Experiment{}, err
	}
	return h.store.CreateExperiment(ctx, spec)
}

func (h *trackingHandle) Experiment(ctx context.Context, ref core.ExperimentRef) (core.Experiment, error) {
	if err := h.use.alive(Tracking); err != nil {
		return core.Experiment{}, err
	}
	return h.store.Experiment(ctx, ref)
}

func (h *trackingHandle) UpdateExperiment(ctx context.Context, id core.ExperimentID, change core.ExperimentChange) error {
	if err := h.use.alive(Tracking); err != nil {
		return err
	}
	return h.store.UpdateExperiment(ctx, id, change)
}

func (h *trackingHandle) ChangeExperimentTags(ctx context.Context, id core.ExperimentID, change core.TagChange) error {
	if err := h.use.alive(Tracking); err != nil {
		return err
	}
	return h.store.ChangeExperimentTags(ctx, id, change)
}

func (h *trackingHandle) SearchExperiments(ctx context.Context, q core.ExperimentQuery) (core.Page[core.Experiment], error) {
	if err := h.use.alive(Tracking); err != nil {
		return core.Page[core.Experiment]{}, err
	}
	return h.store.SearchExperiments(ctx, q)
}

func (h *trackingHandle) CreateRun(ctx context.Context, in core.ExperimentID, spec core.RunSpec) (core.Run, error) {
	if err := h.use.alive(Tracking); err != nil {
		return core.Run{}, err
	}
	return h.store.CreateRun(ctx, in, spec)
}

func (h *trackingHandle) Run(ctx context.Context, id core.RunID) (core.Run, error) {
	if err := h.use.alive(Tracking); err != nil {
		return core.Run{}, err
	}
	return h.store.Run(ctx, id)
}

func (h *trackingHandle) UpdateRun(ctx context.Context, id core.RunID, change core.RunChange) (core.RunInfo, error) {
	if err := h.use.alive(Tracking); err != nil {
		return core.RunInfo{}, err
	}
	return h.store.UpdateRun(ctx, id, change)
}

func (h *trackingHandle) ChangeRunTags(ctx context.Context, id core.RunID, change core.TagChange) error {
	if err := h.use.alive(Tracking); err != nil {
		return err
	}
	return h.store.ChangeRunTags(ctx, id, change)
}

func (h *trackingHandle) SearchRuns(ctx context.Context, q core.RunQuery) (core.Page[core.Run], error) {
	if err := h.use.alive(Tracking); err != nil {
		return core.Page[core.Run]{}, err
	}
	return h.store.SearchRuns(ctx, q)
}

func (h *trackingHandle) LogBatch(ctx context.Context, id core.RunID, batch core.Batch) error {
	if err := h.use.alive(Tracking); err != nil {
		return err
	}
	return h.store.LogBatch(ctx, id, batch)
}

func (h *trackingHandle) MetricHistory(
	ctx context.Context, id core.RunID, key string, o core.HistoryOptions,
) (core.Page[core.Metric], error) {
	if err := h.use.alive(Tracking); err != nil {
		return core.Page[core.Metric]{}, err
	}
	return h.store.MetricHistory(ctx, id, key, o)
}
