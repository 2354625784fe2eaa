package copying

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// loggedModels leads through the logged models of an experiment: all of them where the source shows deleted ones, which who
// purges does [TS-254], else the active ones and the deleted ones that its runs name.
func (c *copier) loggedModels(ctx context.Context, in core.ExperimentID) error {
	if c.sourceModels == nil {
		return nil
	}
	query := core.LoggedModelQuery{Experiments: []core.ExperimentID{in}}
	_, showsDeleted := core.As[core.Purger](c.from.Tracking)
	if showsDeleted {
		query.View = core.AllStages
	}
	done := map[core.ModelID]bool{}
	for m, err := range client.LoggedModels(ctx, c.sourceModels, query) {
		if err != nil {
			return err
		}
		done[m.ID] = true
		if err := c.loggedModel(ctx, m); err != nil {
			return core.Do("copy logged model", string(m.ID), err)
		}
	}
	if showsDeleted {
		return nil
	}
	named, err := c.modelsOfRuns(ctx, in)
	if err != nil {
		return err
	}
	for _, id := range named {
		if done[id] {
			continue
		}
		m, err := c.sourceModels.LoggedModel(ctx, id)
		if errors.Is(err, core.ErrNotFound) || err == nil && m.ExperimentID != in {
			continue // a run may name what is not there
		}
		if err == nil {
			err = c.loggedModel(ctx, m)
		}
		if err != nil {
			return core.Do("copy logged model", string(id), err)
		}
	}
	return nil
}

// modelsOfRuns are the models that the runs of an experiment name.
func (c *copier) modelsOfRuns(ctx context.Context, in core.ExperimentID) ([]core.ModelID, error) {
	named := map[core.ModelID]bool{}
	query := core.RunQuery{Experiments: []core.ExperimentID{in}, View: core.AllStages}
	for r, err := range client.Runs(ctx, c.from.Tracking, query) {
		if err != nil {
			return nil, err
		}
		for _, id := range r.Inputs.Models {
			named[id] = true
		}
		for _, out := range r.Outputs {
			named[out.ModelID] = true
		}
		for _, m := range r.Metrics {
			named[m.ModelID] = true
		}
	}
	delete(named, "")
	return slices.Sorted(maps.Keys(named)), nil
}

func (c *copier) loggedModel(ctx context.Context, m core.LoggedModel) error {
	key := string(m.ID)
	want := m
	want.ExperimentID, want.Metrics = c.idOf(m.ExperimentID), nil
	want.ArtifactURI = c.options.Relocate.Move(m.ArtifactURI, string(m.ExperimentID), "models", key, "artifacts")
	if c.pass == Survey {
		c.saw("logged model", key, "")
		if c.targetModels == nil {
			c.lose("logged model", key, "the target keeps none", true)
		} else if err := core.CheckImportedLoggedModel(want, c.info.Limits); err != nil {
			c.lose("logged model", key, err.Error(), true)
		}
		return nil
	}
	if c.isLost("logged model", key) {
		return nil
	}
	have, err := c.targetModels.LoggedModel(ctx, m.ID)
	if err != nil && !errors.Is(err, core.ErrNotFound) {
		return err
	}
	different := differentLoggedModel(want, have)
	if err != nil {
		different = "it is missing"
	}
	if different != "" && c.writes() {
		if err := c.importer.ImportLoggedModel(ctx, want); err != nil {
			return err
		}
	}
	c.saw("logged model", key, different)
	c.count(func(n *Counts) { n.LoggedModels++ }, different != "")
	return c.files(ctx, "logged model", key, m.ArtifactURI, want.ArtifactURI)
}

func differentLoggedModel(want, have core.LoggedModel) string {
	switch {
	case want.ExperimentID != have.ExperimentID:
		return "its experiment"
	case want.Name != have.Name || want.Type != have.Type || want.SourceRunID != have.SourceRunID:
		return "its name, type or run"
	case want.ArtifactURI != have.ArtifactURI:
		return "its artifact location"
	case want.Status != have.Status || want.StatusMessage != have.StatusMessage || want.Lifecycle != have.Lifecycle:
		return "its status"
	case want.CreatedAt != have.CreatedAt || want.UpdatedAt != have.UpdatedAt:
		return "its times"
	case !maps.Equal(want.Params, have.Params):
		return "its params"
	case !maps.Equal(want.Tags, have.Tags):
		return "its tags"
	}
	return ""
}
