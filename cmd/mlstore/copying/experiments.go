package copying

import (
	"context"
	"errors"
	"maps"
	"sync"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/client"
)

// originTag keeps, on an experiment that has another id in the target, the id that it has in the source. A copy back to a
// store which the id fits uses it, and drops the tag.
const originTag = "mlstore.copy.experiment_id"

// experiments leads through the experiments with all that is in them.
func (c *copier) experiments(ctx context.Context) error {
	if err := c.lookAtTarget(ctx); err != nil {
		return err
	}
	all := core.ExperimentQuery{View: core.AllStages}
	for e, err := range client.Experiments(ctx, c.from.Tracking, all) {
		if err != nil {
			return err
		}
		if err := c.experiment(ctx, e); err != nil {
			return core.Do("copy experiment", string(e.ID), err)
		}
	}
	return nil
}

// lookAtTarget lists the target's experiments.
func (c *copier) lookAtTarget(ctx context.Context) error {
	c.there = map[core.ExperimentID]core.Experiment{}
	for e, err := range client.Experiments(ctx, c.to.Tracking, core.ExperimentQuery{View: core.AllStages}) {
		if err != nil {
			return err
		}
		c.there[e.ID] = e
	}
	return nil
}

func (c *copier) experiment(ctx context.Context, e core.Experiment) error {
	key := string(e.ID)
	want := e
	want.Tags = maps.Clone(e.Tags)
	want.ArtifactLocation = c.options.Relocate.Move(e.ArtifactLocation, key)
	if origin, mapped := e.Tags[originTag]; mapped {
		delete(want.Tags, originTag)
		want.ID = core.ExperimentID(origin)
	}
	if err := core.CheckImportedExperiment(want, c.info.Limits); err != nil && c.pass == Survey {
		c.lose("experiment", key, err.Error(), true)
	}
	if c.isLost("experiment", key) {
		return nil
	}
	if c.pass == Survey {
		c.saw("experiment", key, "")
		return c.inside(ctx, e.ID)
	}
	have, there := c.counterpart(e, want)
	if there {
		if want.ID != have.ID { // it got another id before
			want.Tags = with(want.Tags, originTag, string(want.ID))
			want.ID = have.ID
		}
		c.mapTo(e, have.ID)
	}
	different := differentExperiment(want, have)
	if !there {
		different = "it is missing"
	}
	c.saw("experiment", key, different)
	c.count(func(n *Counts) { n.Experiments++ }, different != "")
	if different != "" && c.writes() {
		id, err := c.writeExperiment(ctx, e, want, there)
		if err != nil {
			return err
		}
		c.mapTo(e, id)
	}
	return c.inside(ctx, e.ID)
}

// counterpart finds the experiment in the target: by the id that it has there since an earlier copy, or by its own. Another
// experiment that happens to have the same id, and so was created at another time, is none.
func (c *copier) counterpart(e, want core.Experiment) (core.Experiment, bool) {
	for _, each := range c.there {
		if each.Tags[originTag] == string(want.ID) {
			return each, true
		}
	}
	for _, id := range []core.ExperimentID{want.ID, e.ID} {
		each, there := c.there[id]
		if there && (each.CreatedAt == want.CreatedAt || id == core.DefaultExperimentID) {
			return each, true
		}
	}
	return core.Experiment{}, false
}

// writeExperiment imports the experiment, under a new id when its own one does not fit or is another experiment's.
func (c *copier) writeExperiment(ctx context.Context, e, want core.Experiment, there bool) (core.ExperimentID, error) {
	if _, taken := c.there[want.ID]; there || !taken {
		err := c.importer.ImportExperiment(ctx, want)
		if err == nil || there || !errors.Is(err, core.ErrInvalid) {
			return want.ID, err
		}
	}
	origin := want.ID
	if origin != e.ID { // a copy back, to a store which neither the first id fits
		want.ID = e.ID
		want.Tags = with(want.Tags, originTag, string(origin))
		if _, taken := c.there[want.ID]; !taken {
			if err := c.importer.ImportExperiment(ctx, want); err == nil || !errors.Is(err, core.ErrInvalid) {
				return want.ID, err
			}
		}
	}
	want.Tags = with(want.Tags, originTag, string(origin))
	// With the tag from the start: the copy may be cut off before the next call.
	made, err := c.to.Tracking.CreateExperiment(ctx, core.ExperimentSpec{
		Name: want.Name, ArtifactLocation: want.ArtifactLocation, Tags: want.Tags,
	})
	if err != nil {
		return "", err
	}
	want.ID = made.ID
	return made.ID, c.importer.ImportExperiment(ctx, want)
}

// mapTo notes which id an experiment has in the target.
func (c *copier) mapTo(e core.Experiment, id core.ExperimentID) {
	if _, known := c.ids[e.ID]; !known && id != e.ID {
		c.report.Mapped = append(c.report.Mapped, Mapping{From: e.ID, To: id, Name: e.Name})
	}
	c.ids[e.ID] = id
}

// idOf is the id in the target. In a dry run an experiment that is not there yet has none but its own.
func (c *copier) idOf(id core.ExperimentID) core.ExperimentID {
	if mapped, known := c.ids[id]; known {
		return mapped
	}
	return id
}

// runsAtOnce is how many runs are copied side by side. A database commits the writes of several together.
const runsAtOnce = 8

// inside leads through what is in an experiment.
func (c *copier) inside(ctx context.Context, id core.ExperimentID) error {
	if err := c.loggedModels(ctx, id); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	defer all.Wait()
	places := make(chan struct{}, runsAtOnce)
	start := func(group []core.Run) error {
		from, to, err := c.readAhead(ctx, group)
		if err != nil {
			return err
		}
		for _, r := range group {
			places <- struct{}{}
			all.Go(func() {
				if err := c.run(ctx, r, from, to); err != nil {
					cancel(core.Do("copy run", string(r.ID), err))
				}
				<-places
			})
		}
		return nil
	}
	var group []core.Run
	query := core.RunQuery{Experiments: []core.ExperimentID{id}, View: core.AllStages}
	for r, err := range client.Runs(ctx, c.from.Tracking, query) {
		if err == nil {
			group = append(group, r)
			if len(group) < runsTogether {
				continue
			}
			err = start(group)
		}
		group = nil
		if err != nil {
			cancel(err)
			break
		}
	}
	if err := start(group); err != nil {
		cancel(err)
	}
	all.Wait()
	return context.Cause(ctx)
}

func differentExperiment(want, have core.Experiment) string {
	switch {
	case want.Name != have.Name:
		return "its name"
	case want.ArtifactLocation != have.ArtifactLocation:
		return "its artifact location"
	case want.Lifecycle != have.Lifecycle:
		return "its stage of life"
	case want.CreatedAt != have.CreatedAt || want.UpdatedAt != have.UpdatedAt:
		return "its times"
	case !maps.Equal(want.Tags, have.Tags):
		return "its tags"
	}
	return ""
}

func with(tags map[string]string, key, value string) map[string]string {
	tags = maps.Clone(tags)
	if tags == nil {
		tags = map[string]string{}
	}
	tags[key] = value
	return tags
}
