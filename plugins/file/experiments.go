package file

import (
	"context"
	"errors"
	"maps"
	"path"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/filter"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// CreateExperiment creates an active experiment with a random id of 18 digits.
func (t *Tracking) CreateExperiment(
	ctx context.Context, spec core.ExperimentSpec,
) (_ core.Experiment, err error) {
	defer named(&err, "create experiment", spec.Name)
	ctx, done, err := t.change(ctx)
	if err != nil {
		return core.Experiment{}, err
	}
	defer done()
	if err := core.CheckExperimentSpec(spec, t.limits); err != nil {
		return core.Experiment{}, err
	}
	now := core.Now()
	e := core.Experiment{
		Name: spec.Name, ArtifactLocation: spec.ArtifactLocation, Lifecycle: core.Active, CreatedAt: now, UpdatedAt: now,
		Tags: copied(spec.Tags),
	}
	err = t.withNames(ctx, func() error {
		if err := t.nameFree(ctx, spec.Name, ""); err != nil {
			return err
		}
		for e.ID == "" {
			id := core.NewExperimentID()
			if _, err := t.findExperiment(id); errors.Is(err, core.ErrNotFound) {
				e.ID = id
			} else if err != nil {
				return err
			}
		}
		if e.ArtifactLocation == "" {
			e.ArtifactLocation = t.location(e.ID)
		}
		return t.makeExperiment(ctx, e)
	})
	if err != nil {
		return core.Experiment{}, err
	}
	return e, nil
}

// copied returns a copy of a map that is never nil.
func copied(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return maps.Clone(m)
}

// withNames holds the lock that guards the names of experiments, that of the root, while do runs.
func (t *Tracking) withNames(ctx context.Context, do func() error) error {
	if err := t.names.enter(ctx); err != nil {
		return err
	}
	defer t.names.leave()
	f, _, err := t.lockFolder(ctx, ".", exclusive)
	if err != nil {
		return err
	}
	if f == nil {
		return core.Errorf(core.Unavailable, "the store's folder has been removed")
	}
	defer f.close()
	return do()
}

// nameFree refuses a name that an experiment has, but for the one with id.
func (t *Tracking) nameFree(ctx context.Context, name string, id core.ExperimentID) error {
	all, err := t.allExperiments(ctx)
	if err != nil {
		return err
	}
	for _, e := range all {
		if e.Name == name && e.ID != id {
			return core.Exists("experiment", name)
		}
	}
	return nil
}

// makeExperiment makes the folder of a new experiment, in the trash if it is deleted. It appears as a whole.
func (t *Tracking) makeExperiment(ctx context.Context, e core.Experiment) error {
	base := string(e.ID)
	if e.Lifecycle == core.Deleted {
		base = trashName + "/" + base
	}
	if err := t.top.root.MkdirAll(trashName, dirMode); err != nil { // MLflow expects it
		return ioError("make", trashName, err)
	}
	f, err := t.newFolder(ctx, string(e.ID))
	if err != nil {
		return err
	}
	defer t.dropNew(f)
	tags := shelf{name: "tags", paths: map[string]bool{}}
	ops := []op{{kind: opMkdir, path: "tags"}}
	for _, key := range slices.Sorted(maps.Keys(e.Tags)) {
		ops = append(ops, op{kind: opWrite, path: tags.newPath(key), data: []byte(e.Tags[key])})
	}
	ops = append(ops, op{kind: opWrite, path: metaFile, data: experimentDocument(e).bytes()})
	if err := (&applier{here: f}).apply(ops); err != nil {
		return err
	}
	if !t.relaxed() {
		if err := flushTree(f, "."); err != nil {
			return ioError("flush", f.path, err)
		}
	}
	if err := t.top.root.Rename(f.path, base); err != nil {
		return ioError("make", base, err)
	}
	f.path = base
	if t.relaxed() {
		return nil
	}
	return disk.Unsure(ioError("flush", base, t.top.flush(path.Dir(base))))
}

// Experiment finds an active or deleted experiment by id or name.
func (t *Tracking) Experiment(ctx context.Context, ref core.ExperimentRef) (_ core.Experiment, err error) {
	defer named(&err, "get experiment", string(ref.ID)+ref.Name)
	ctx, done, err := t.begin(ctx)
	if err != nil {
		return core.Experiment{}, err
	}
	defer done()
	if err := core.CheckExperimentRef(ref); err != nil {
		return core.Experiment{}, err
	}
	if ref.ID != "" {
		return t.readExperiment(ctx, ref.ID)
	}
	all, err := t.allExperiments(ctx)
	if err != nil {
		return core.Experiment{}, err
	}
	for _, e := range all {
		if e.Name == ref.Name {
			return e, nil
		}
	}
	return core.Experiment{}, core.Missing("experiment", ref.Name)
}

// ChangeExperimentTags sets and deletes tags of an active experiment.
func (t *Tracking) ChangeExperimentTags(
	ctx context.Context, id core.ExperimentID, change core.TagChange,
) (err error) {
	defer named(&err, "change experiment tags", string(id))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := core.CheckExperimentID(id); err != nil {
		return err
	}
	if err := core.CheckExperimentTagChange(change, t.limits); err != nil {
		return err
	}
	return t.withExperiment(ctx, id, exclusive, func(e *experiment, f *folder) error {
		shown, err := e.active(ctx, f)
		if err != nil {
			return err
		}
		ops, err := e.tags.changes(shown.Tags, change)
		if err != nil {
			return err
		}
		defer e.tags.forget()
		return t.commitExperiment(e, f, ops)
	})
}

// active is the experiment as it is, if it can be changed. The folder's lock must be held.
func (e *experiment) active(ctx context.Context, f *folder) (core.Experiment, error) {
	if err := e.refresh(ctx, f); err != nil {
		return core.Experiment{}, err
	}
	shown, err := e.entity()
	if err == nil && shown.Lifecycle != core.Active {
		err = core.State(e.id, "The experiment %s must be in the 'active' state. Current state is deleted.", e.id)
	}
	return shown, err
}

// changes are the steps of a change of tags that are as in old.
func (s *shelf) changes(old map[string]string, change core.TagChange) ([]op, error) {
	var ops []op
	for _, key := range change.Delete {
		if _, found := old[key]; !found {
			return nil, core.Missing("tag", key)
		}
		ops = append(ops, op{kind: opRemove, path: s.pathOf(key)})
		s.vacate(key)
	}
	for _, key := range slices.Sorted(maps.Keys(change.Set)) {
		value := change.Set[key]
		if was, found := old[key]; found && was == value {
			continue
		}
		ops = append(ops, op{kind: opWrite, path: s.newPath(key), data: []byte(value)})
	}
	return ops, nil
}

// SearchExperiments returns a page of the experiments that match.
func (t *Tracking) SearchExperiments(
	ctx context.Context, query core.ExperimentQuery,
) (_ core.Page[core.Experiment], err error) {
	defer named(&err, "search experiments", query.Filter)
	ctx, done, err := t.begin(ctx)
	if err != nil {
		return core.Page[core.Experiment]{}, err
	}
	defer done()
	q, err := filter.Experiments(query, t.limits)
	if err != nil {
		return core.Page[core.Experiment]{}, err
	}
	all, err := t.allExperiments(ctx)
	if err != nil {
		return core.Page[core.Experiment]{}, err
	}
	return q.Slice(all), nil
}
