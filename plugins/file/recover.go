package file

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"time"

	"github.com/mlstore/mlstore/core"
)

func dirName(base string) string { return path.Dir(base) }

// runPending reports whether a dead process has left a change of the run unfinished. The run's lock is held.
func (t *Tracking) runPending(r *run) (bool, error) {
	at, err := stat(t.top.dir, hiddenName+"/"+runJournals+"/"+string(r.id))
	if at.Size == 0 || at == r.done || err != nil {
		return false, ioError("look for a journal of", string(r.id), err)
	}
	pending, err := t.pending(runJournals, string(r.id))
	r.done = stamp{}
	if err == nil && !pending && at.firm(time.Now()) {
		r.done = at
	}
	return pending, err
}

// experimentPending reports the same of an experiment. While its lock is not held, it may also be that a living process is
// in the middle of a change.
func (t *Tracking) experimentPending(id core.ExperimentID) (bool, error) {
	return t.pending(experimentJournals, string(id))
}

func (t *Tracking) pending(kind, id string) (bool, error) {
	at, err := stat(t.top.dir, hiddenName+"/"+kind+"/"+id)
	if at.Size == 0 || err != nil { // absent, or empty
		return false, ioError("look for a journal of", id, err)
	}
	j, err := t.openJournal(kind, id, false)
	if j == nil || err != nil {
		return false, err
	}
	defer j.close()
	return j.pending(), nil
}

// recoverRun finishes what a dead process has left of a run. The run's lock is held.
func (t *Tracking) recoverRun(r *run, f *folder) error {
	return t.recover(runJournals, string(r.id), f, func(rec record, written time.Time) error {
		a := &applier{here: f, top: t.top.root, again: true, written: written, others: t.others(dirName(r.base))}
		return a.apply(rec.ops)
	})
}

// recover applies the records of a journal that may not have been.
func (t *Tracking) recover(kind, id string, f *folder, apply func(record, time.Time) error) error {
	j, err := t.openJournal(kind, id, false)
	if j == nil || err != nil {
		return err
	}
	defer j.close()
	from, written := j.applied, time.Time{}
	if j.stale {
		info, err := j.file.Stat()
		if err != nil {
			return ioError("read", "journal", err)
		}
		from, written = 0, info.ModTime()
	}
	records, end, err := j.records(from)
	if err != nil {
		return err
	}
	for _, rec := range records {
		if err := apply(rec, written); err != nil {
			return err
		}
	}
	if err := j.drop(end); err != nil || j.size == 0 {
		return err
	}
	if f != nil {
		if err := f.sweep(); err != nil {
			return ioError("sweep", f.path, err)
		}
	}
	t.dirty.add(kind, id, j.size)
	j.done(t.boot)
	return nil
}

// recoverAll finishes what dead processes have left half done, in the whole store.
func (t *Tracking) recoverAll(ctx context.Context) error {
	for _, kind := range []string{experimentJournals, modelJournals, runJournals} {
		dir, err := t.store.folder(kind, false)
		if err != nil {
			return err
		}
		if dir == nil {
			continue
		}
		entries, err := dir.list(".")
		if err != nil {
			return ioError("list", dir.path, err)
		}
		for _, entry := range entries {
			id := entry.Name()
			t.dirty.add(kind, id, 0)
			if err := t.recoverOne(ctx, kind, id); err != nil {
				return err
			}
		}
	}
	if err := t.sweepIndex(); err != nil {
		return err
	}
	return t.sweepNew()
}

func (t *Tracking) recoverOne(ctx context.Context, kind, id string) error {
	pending, err := t.pending(kind, id)
	if !pending || err != nil {
		return err
	}
	switch kind { // whoever locks the folder finishes what is pending
	case experimentJournals:
		err = t.withExperiment(ctx, core.ExperimentID(id), exclusive, func(*experiment, *folder) error { return nil })
	case modelJournals:
		err = t.withModel(ctx, core.ModelID(id), exclusive, func(*model, *folder) error { return nil })
	default:
		err = t.withRun(ctx, core.RunID(id), exclusive, func(*run, *folder) error { return nil })
	}
	if !errors.Is(err, core.ErrNotFound) {
		return err
	}
	if kind == runJournals {
		return t.recoverNewRun(ctx, core.RunID(id))
	}
	return t.forgetJournal(kind, id) // what it belongs to has been removed since
}

// forgetJournal removes the journal of what is not there any more.
func (t *Tracking) forgetJournal(kind, id string) error {
	dir, err := t.store.folder(kind, false)
	if dir == nil || err != nil {
		return err
	}
	err = dir.root.Remove(id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return ioError("remove", dir.path+"/"+id, err)
}
