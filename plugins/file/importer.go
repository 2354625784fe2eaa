package file

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// ImportExperiment creates the experiment as it is, or replaces what the one with its id says of itself; that one's runs
// stay.
func (t *Tracking) ImportExperiment(ctx context.Context, entity core.Experiment) (err error) {
	defer named(&err, "import experiment", string(entity.ID))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := t.checkExperiment(entity); err != nil {
		return err
	}
	return t.withNames(ctx, func() error {
		if err := t.nameFree(ctx, entity.Name, entity.ID); err != nil {
			return err
		}
		if entity.ArtifactLocation == "" {
			entity.ArtifactLocation = t.location(entity.ID)
		}
		if _, err := t.findExperiment(entity.ID); errors.Is(err, core.ErrNotFound) {
			return t.makeExperiment(ctx, entity)
		}
		return t.replaceExperiment(ctx, entity)
	})
}

func (t *Tracking) checkExperiment(e core.Experiment) error {
	if isHidden(string(e.ID)) || isReserved(string(e.ID)) {
		return core.Invalid("experiment_id", "the file store cannot keep an experiment with the id %q", string(e.ID))
	}
	return core.CheckImportedExperiment(e, t.limits)
}

// replaceExperiment gives an experiment that is there new content. Its folder moves if its stage of life changes.
func (t *Tracking) replaceExperiment(ctx context.Context, entity core.Experiment) error {
	base := string(entity.ID)
	if entity.Lifecycle == core.Deleted {
		base = trashName + "/" + base
	}
	return t.withExperiment(ctx, entity.ID, exclusive, func(e *experiment, f *folder) error {
		if err := e.refresh(ctx, f); err != nil {
			return err
		}
		defer e.tags.forget()
		ops := e.tags.replacement(entity.Tags)
		ops = append(ops, op{kind: opWrite, path: metaFile, data: experimentDocument(entity).bytes()})
		if err := t.commitExperiment(e, f, ops); err != nil || e.base == base {
			return err
		}
		if err := t.top.root.Rename(e.base, base); err != nil {
			return ioError("move", base, err)
		}
		if t.relaxed() {
			return nil
		}
		return disk.Unsure(ioError("flush", base, errors.Join(t.top.flush("."), t.top.flush(trashName))))
	})
}

// replacement are the steps that leave these texts and no others. The shelf must be up to date.
func (s *shelf) replacement(texts map[string]string) []op {
	var ops []op
	for _, key := range slices.Sorted(maps.Keys(s.items)) {
		if _, stays := texts[key]; !stays {
			ops = append(ops, op{kind: opRemove, path: s.pathOf(key)})
			s.vacate(key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		ops = append(ops, op{kind: opWrite, path: s.newPath(key), data: []byte(texts[key])})
	}
	return ops
}

// ImportRun creates the run as it is but for its metrics, or replaces what the one with its id has besides metrics.
func (t *Tracking) ImportRun(ctx context.Context, entity core.Run) (err error) {
	defer named(&err, "import run", string(entity.ID))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := t.checkRun(entity); err != nil {
		return err
	}
	known, err := t.findRun(entity.ID)
	if err == nil && known.in != entity.ExperimentID {
		return core.State(entity.ID, "the run %q belongs to experiment %q: the file store cannot move it to another",
			string(entity.ID), string(known.in))
	}
	if err == nil {
		return t.replaceRun(ctx, entity)
	}
	if !errors.Is(err, core.ErrNotFound) {
		return err
	}
	return t.withExperiment(ctx, entity.ExperimentID, shared, func(e *experiment, f *folder) error {
		if err := e.refresh(ctx, f); err != nil {
			return err
		}
		blank := newRun(t, entity.ID, e.id, e.base+"/"+string(entity.ID))
		ops, err := t.inputSteps(blank, entity.Inputs)
		if err != nil {
			return err
		}
		return t.makeRun(ctx, e.base, entity, "", append(ops, blank.outputSteps(entity.Outputs)...))
	})
}

func (t *Tracking) replaceRun(ctx context.Context, entity core.Run) error {
	return t.withRun(ctx, entity.ID, exclusive, func(r *run, f *folder) error {
		if err := r.refresh(ctx, f, wholeRun()); err != nil {
			return err
		}
		var ops []op
		for _, s := range []*shelf{&r.inputs, &r.outputs} { // of another order now
			for _, key := range slices.Sorted(maps.Keys(s.items)) {
				ops = append(ops, op{kind: opRemove, path: s.items[key].path})
				s.vacate(key)
			}
		}
		inputs, err := t.inputSteps(r, entity.Inputs)
		if err != nil {
			return err
		}
		ops = slices.Concat(ops, r.params.replacement(entity.Params), r.tags.replacement(entity.Tags), inputs,
			r.outputSteps(entity.Outputs),
			[]op{{kind: opWrite, path: metaFile, data: runDocument(entity.RunInfo, false).bytes()}})
		return t.commitAndForget(r, f, ops)
	})
}

func (t *Tracking) checkRun(r core.Run) error {
	if isReserved(string(r.ID)) {
		return core.Invalid("run_id", "the file store cannot keep a run with the id %q", string(r.ID))
	}
	return core.CheckImportedRun(r, t.limits)
}

// ImportLoggedModel creates the logged model as it is but for its metrics, or replaces what the one with its id has besides
// metrics.
func (t *Tracking) ImportLoggedModel(ctx context.Context, entity core.LoggedModel) (err error) {
	defer named(&err, "import logged model", string(entity.ID))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := core.CheckImportedLoggedModel(entity, t.limits); err != nil {
		return err
	}
	err = t.withModel(ctx, entity.ID, exclusive, func(m *model, f *folder) error {
		if m.in != entity.ExperimentID {
			return core.State(m.id, "the logged model %q belongs to experiment %q: the file store cannot move it to another",
				string(m.id), string(m.in))
		}
		defer m.forget()
		ops := slices.Concat(m.params.replacement(entity.Params), m.tags.replacement(entity.Tags),
			[]op{{kind: opWrite, path: metaFile, data: modelDocument(entity).bytes()}})
		return t.commit(modelJournals, string(m.id), record{experiment: m.in, ops: ops}, &applier{here: f})
	})
	if !errors.Is(err, core.ErrNotFound) {
		return err
	}
	return t.withExperiment(ctx, entity.ExperimentID, shared, func(e *experiment, _ *folder) error {
		return t.makeModel(ctx, e.base, entity)
	})
}
