package file

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// UpdateExperiment renames, deletes or restores an experiment.
func (t *Tracking) UpdateExperiment(
	ctx context.Context, id core.ExperimentID, change core.ExperimentChange,
) (err error) {
	defer named(&err, "update experiment", string(id))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := core.CheckExperimentID(id); err != nil {
		return err
	}
	if err := core.CheckExperimentChange(change, t.limits); err != nil {
		return err
	}
	if change.Name != nil {
		return t.withNames(ctx, func() error { return t.rename(ctx, id, *change.Name) })
	}
	return t.move(ctx, id, change.Lifecycle)
}

func (t *Tracking) rename(ctx context.Context, id core.ExperimentID, name string) error {
	if err := t.withExperiment(ctx, id, shared, func(e *experiment, f *folder) error {
		_, err := e.active(ctx, f)
		return err
	}); err != nil {
		return err
	}
	if err := t.nameFree(ctx, name, id); err != nil {
		return err
	}
	return t.withExperiment(ctx, id, exclusive, func(e *experiment, f *folder) error {
		shown, err := e.active(ctx, f)
		if err != nil || shown.Name == name {
			return err
		}
		shown.Name, shown.UpdatedAt = name, later(shown.UpdatedAt)
		return t.commitExperiment(e, f, []op{{kind: opWrite, path: metaFile, data: experimentDocument(shown).bytes()}})
	})
}

// later is the present, but not before t: an entity's times never run backwards, even if the clock does.
func later(t core.Millis) core.Millis { return max(t, core.Now()) }

// move deletes or restores an experiment with all its runs (D-4). As MLflow does, the folder of a deleted one goes to the
// trash. One record says what is to be done; whoever finds it undone does it.
func (t *Tracking) move(ctx context.Context, id core.ExperimentID, to core.Lifecycle) error {
	kind := opDelete
	if to == core.Active {
		kind = opRevive
	}
	return t.withExperiment(ctx, id, exclusive, func(e *experiment, f *folder) error {
		if err := e.refresh(ctx, f); err != nil {
			return err
		}
		shown, err := e.entity()
		switch {
		case err != nil:
			return err
		case shown.Lifecycle == to: // D-5
			return &core.Error{
				Code: core.NotFound, Key: string(id), Err: fmt.Errorf("experiment %q is %s already", id, to),
			}
		case id == core.DefaultExperimentID && to == core.Deleted:
			return core.State(id, "Cannot delete the default experiment '%s'. This is an internally reserved experiment.", id)
		}
		at := later(shown.UpdatedAt)
		rec := record{experiment: id, ops: []op{{kind: kind, data: strconv.AppendInt(nil, int64(at), 10)}}}
		j, err := t.openJournal(experimentJournals, string(id), true)
		if err != nil {
			return err
		}
		defer j.close()
		if err := t.write(experimentJournals, j, rec); err != nil {
			return err
		}
		t.dirty.add(experimentJournals, string(id), j.size)
		if _, err := t.carryOut(ctx, e, f, rec.ops[0], false); err != nil {
			return disk.Unsure(err)
		}
		j.done(t.boot)
		return nil
	})
}

// recoverExperiment finishes what a dead process has left of an experiment. Its lock is held for writing.
func (t *Tracking) recoverExperiment(ctx context.Context, e *experiment, f *folder) error {
	return t.recover(experimentJournals, string(e.id), f, func(rec record, written time.Time) error {
		for _, o := range rec.ops {
			if o.kind == opDelete || o.kind == opRevive {
				var err error
				if e, err = t.carryOut(ctx, e, f, o, true); err != nil {
					return err
				}
			}
		}
		a := &applier{here: f, top: t.top.root, again: true, written: written}
		return a.apply(rec.ops)
	})
}

// carryOut deletes or restores an experiment and its runs. Doing it again changes nothing. The experiment's lock is held for
// writing; f stays open on the folder, wherever that goes: to the place of the experiment that is returned.
func (t *Tracking) carryOut(ctx context.Context, e *experiment, f *folder, o op, again bool) (*experiment, error) {
	at, err := strconv.ParseInt(string(o.data), 10, 64)
	if err != nil {
		return nil, malformed(e.base, "the journal has a garbled time")
	}
	to, base := core.Deleted, trashName+"/"+string(e.id)
	if o.kind == opRevive {
		to, base = core.Active, string(e.id)
	}
	runs, err := t.listRuns(e, f)
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		if err := t.moveRun(ctx, r, to, core.Millis(at), again); err != nil {
			return nil, err
		}
	}
	e.meta.firm = false
	if err := e.refresh(ctx, f); err != nil {
		return nil, err
	}
	if e.meta.err == nil {
		shown := e.info
		shown.Lifecycle, shown.UpdatedAt = to, core.Millis(at)
		if err := f.replace(metaFile, experimentDocument(shown).bytes()); err != nil {
			return nil, ioError("write", e.base, err)
		}
		e.meta.firm = false
	}
	if e.base == base {
		return e, nil
	}
	if err := t.top.root.MkdirAll(path.Dir(base), dirMode); err != nil {
		return nil, ioError("make", path.Dir(base), err)
	}
	if err := t.top.root.Rename(e.base, base); err != nil {
		return nil, ioError("move", base, err)
	}
	return newExperiment(e.id, base), nil
}

// moveRun deletes or restores a run with its experiment. A malformed one stays as it is.
//
// Who does it again takes away what the first has left half written.
func (t *Tracking) moveRun(ctx context.Context, r *run, to core.Lifecycle, at core.Millis, again bool) error {
	if err := r.gate.enter(ctx); err != nil {
		return err
	}
	defer r.gate.leave()
	f, gone, err := t.lockFolder(ctx, r.base, exclusive)
	if gone || err != nil {
		return err
	}
	defer f.close()
	if again {
		if err := f.sweep(); err != nil {
			return ioError("sweep", f.path, err)
		}
	}
	pending, err := t.runPending(r)
	if err == nil && pending {
		err = t.recoverRun(r, f)
	}
	if err == nil {
		err = r.refreshMeta(ctx, f)
	}
	if err != nil || r.meta.err != nil {
		return err
	}
	info := r.info
	if info.Lifecycle == to && (to == core.Active || info.DeletedAt == at) {
		return nil
	}
	info.Lifecycle, info.DeletedAt = to, 0
	if to == core.Deleted {
		info.DeletedAt = at
	}
	ops := []op{{kind: opWrite, path: metaFile, data: runDocument(info, false).bytes()}}
	if j, err := t.openJournal(runJournals, string(r.id), false); j != nil || err != nil {
		// There may be an older meta.yaml in the run's own journal: this one has to follow it.
		if err != nil {
			return err
		}
		j.close()
		return t.commitRun(r, f, ops)
	}
	r.meta.firm = false
	return ioError("write", f.path, f.replace(metaFile, ops[0].data))
}

// ensureDefault makes the default experiment in a store without any.
func (t *Tracking) ensureDefault(ctx context.Context) error {
	folders, err := t.experimentFolders()
	if err != nil || len(folders) > 0 || t.options.ReadOnly {
		return err
	}
	return t.withNames(ctx, func() error {
		if folders, err := t.experimentFolders(); err != nil || len(folders) > 0 {
			return err
		}
		now := core.Now()
		err := t.makeExperiment(ctx, core.Experiment{
			ID: core.DefaultExperimentID, Name: core.DefaultExperimentName, ArtifactLocation: t.location(core.DefaultExperimentID),
			Lifecycle: core.Active, CreatedAt: now, UpdatedAt: now,
		})
		if errors.Is(err, core.ErrExists) {
			return nil
		}
		return err
	})
}
