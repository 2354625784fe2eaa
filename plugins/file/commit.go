package file

import (
	"errors"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// commitRun makes a change of a run durable and carries it out. The run's lock is held, and nothing is pending.
func (t *Tracking) commitRun(r *run, f *folder, ops []op) error {
	if len(ops) == 0 {
		return nil
	}
	a := &applier{here: f, top: t.top.root, others: t.others(dirName(r.base))}
	return t.commit(runJournals, string(r.id), record{experiment: r.in, ops: ops}, a)
}

// commitExperiment is commitRun for an experiment.
func (t *Tracking) commitExperiment(e *experiment, f *folder, ops []op) error {
	if len(ops) == 0 {
		return nil
	}
	return t.commit(experimentJournals, string(e.id), record{experiment: e.id, ops: ops}, &applier{here: f})
}

func (t *Tracking) commit(kind, id string, r record, a *applier) error {
	j, err := t.openJournal(kind, id, true)
	if err != nil {
		return err
	}
	defer j.close()
	at := j.size
	if err := t.write(kind, j, r); err != nil {
		return err
	}
	t.dirty.add(kind, id, j.size)
	if err := a.apply(r.ops); err != nil {
		return t.abandon(j, at, err)
	}
	j.done(t.boot)
	return nil
}

// write appends a record and makes it durable, with its journal's name.
func (t *Tracking) write(kind string, j *journal, r record) error {
	fresh := j.size == 0
	if err := j.append(r, t.boot, !t.relaxed()); err != nil || !fresh || t.relaxed() {
		return err
	}
	dir, err := t.store.folder(kind, true)
	if err == nil {
		err = dir.flush(".")
	}
	if err != nil {
		return disk.Unsure(errors.Join(ioError("flush", kind, err), j.drop(0)))
	}
	return nil
}

// abandon takes a record back after its steps have been. When those could not be, it stays for the next who has the lock.
func (t *Tracking) abandon(j *journal, at int64, err error) error {
	if e, ok := errors.AsType[*core.Error](err); ok && e.Outcome == core.OutcomeUnknown {
		return err
	}
	if dropErr := j.drop(at); dropErr != nil {
		return disk.Unsure(err)
	}
	if at > 0 {
		j.done(t.boot)
	}
	if !t.relaxed() {
		// Until the cut has reached the disk, a restart would find the record and apply it.
		if j.file.Sync() != nil {
			return disk.Unsure(err)
		}
	}
	return err
}

func (t *Tracking) openJournal(kind, id string, create bool) (*journal, error) {
	dir, err := t.store.folder(kind, create)
	if dir == nil || err != nil {
		return nil, err
	}
	return openJournal(dir, id, t.boot, create)
}

// others opens the folders outside of a run that its steps speak of: those of its experiment and of logged models.
func (t *Tracking) others(experiment string) func(prefix string) (*folder, error) {
	return func(prefix string) (*folder, error) {
		base := experiment
		if id, _, ok := splitModel(prefix); ok {
			m, err := t.findModel(id)
			if err != nil {
				return nil, err
			}
			base = m.base
		}
		return openFolder(t.top.root, "", base)
	}
}
