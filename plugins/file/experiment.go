package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
)

// experiment is what is known of one experiment, as a run is of one run.
type experiment struct {
	id   core.ExperimentID
	gate gate
	base string

	meta metaState
	info core.Experiment // as meta.yaml says it, without tags
	tags shelf

	folder state // its own folder, as it was when runs was read
	runs   []*run
}

func newExperiment(id core.ExperimentID, base string) *experiment {
	return &experiment{id: id, gate: newGate(), base: base, tags: shelf{name: "tags"}}
}

func (e *experiment) trashed() bool { return trashed(e.base) }

// findExperiment finds the folder of an experiment.
func (t *Tracking) findExperiment(id core.ExperimentID) (*experiment, error) {
	if isHidden(string(id)) {
		return nil, core.Missing("experiment", id)
	}
	for _, base := range []string{string(id), trashName + "/" + string(id)} {
		if trashed(base) && !t.hasTrash() {
			continue
		}
		info, err := t.top.root.Lstat(base)
		if err == nil && info.IsDir() {
			return t.knownExperiment(id, base), nil
		}
		if err != nil && !absent(err) {
			return nil, ioError("open", base, err)
		}
	}
	t.mu.Lock()
	delete(t.experiments, id)
	t.mu.Unlock()
	return nil, core.Missing("experiment", id)
}

func (t *Tracking) knownExperiment(id core.ExperimentID, base string) *experiment {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.experiments[id]
	if e == nil || e.base != base {
		e = newExperiment(id, base)
		t.experiments[id] = e
	}
	return e
}

// withExperiment finds an experiment, passes its gate and locks its folder. What a dead process has left half done is
// finished before do runs.
func (t *Tracking) withExperiment(
	ctx context.Context, id core.ExperimentID, kind int, do func(*experiment, *folder) error,
) error {
	for {
		e, err := t.findExperiment(id)
		if err != nil {
			return err
		}
		again, err := t.enterExperiment(ctx, e, kind, do)
		if !again {
			return err
		}
	}
}

func (t *Tracking) enterExperiment(
	ctx context.Context, e *experiment, kind int, do func(*experiment, *folder) error,
) (bool, error) {
	if err := e.gate.enter(ctx); err != nil {
		return false, err
	}
	defer e.gate.leave()
	return t.lockExperiment(ctx, e, kind, do)
}

func (t *Tracking) lockExperiment(
	ctx context.Context, e *experiment, kind int, do func(*experiment, *folder) error,
) (bool, error) {
	f, again, err := t.lockFolder(ctx, e.base, kind)
	if again || err != nil {
		return again, err
	}
	pending, err := t.experimentPending(e.id)
	if err == nil && pending {
		if kind == shared {
			f.close()
			return t.lockExperiment(ctx, e, exclusive, do)
		}
		if err = t.recoverExperiment(ctx, e, f); err == nil {
			f.close()
			return true, nil // it may have moved
		}
	}
	defer f.close()
	if err != nil {
		return false, err
	}
	return false, do(e, f)
}

// movedOnly reports whether an experiment in the trash was deleted by MLflow 1, which only moves its folder: its runs are
// then deleted too, whatever they say.
func (t *Tracking) movedOnly(base string) (bool, error) {
	p := base + "/" + metaFile
	at, err := stat(t.top.dir, p)
	if err != nil {
		return false, ioError("read", p, err)
	}
	t.mu.Lock()
	known, found := t.moved[base]
	t.mu.Unlock()
	if found && known.at == at {
		return known.only, nil
	}
	data, at, err := t.top.read(p, maxYAML)
	if err != nil {
		return false, unreadable(p, err)
	}
	e, err := readExperiment(core.ExperimentID(path.Base(base)), data, false)
	only := err == nil && e.Lifecycle == core.Active
	if at.firm(time.Now()) {
		t.mu.Lock()
		t.moved[base] = movedState{at, only}
		t.mu.Unlock()
	}
	return only, nil
}

type movedState struct {
	at   stamp
	only bool
}

// holdExperiment is withExperiment for reading, with a second part that runs under the lock, but behind the gate no more: so
// that several calls of one process may be there at once. The folder that it gets is the experiment's.
func (t *Tracking) holdExperiment(
	ctx context.Context, id core.ExperimentID, look func(*experiment, *folder) error, do func(*folder) error,
) error {
	var held *folder
	err := t.withExperiment(ctx, id, shared, func(e *experiment, f *folder) error {
		if err := look(e, f); err != nil {
			return err
		}
		var again bool
		var lost error
		held, again, lost = t.lockFolder(ctx, e.base, shared) // at once: it is locked for reading
		if again {
			lost = core.Missing("experiment", id) // somebody who keeps no locks has moved it
		}
		return lost
	})
	if err != nil {
		return err
	}
	defer held.close()
	return do(held)
}

// refresh brings what is known of the experiment itself up to date. The folder's lock must be held.
func (e *experiment) refresh(ctx context.Context, f *folder) error {
	same := false
	if e.meta.firm {
		now, err := stat(f.dir, metaFile)
		same = err == nil && now == e.meta.at
	}
	if !same {
		err := e.meta.load(ctx, f, func(data []byte) (err error) {
			e.info, err = readExperiment(e.id, data, e.trashed())
			return err
		})
		if err != nil {
			return err
		}
	}
	if e.meta.broken() {
		return nil
	}
	return e.tags.refresh(f, nil)
}

// current reports, without a lock, whether the experiment itself is as it was read.
func (e *experiment) current(dir *os.File) (bool, error) {
	meta := state{path: metaFile, at: e.meta.at, firm: e.meta.firm}
	same, err := meta.current(dir, e.base+"/")
	if !same || err != nil || e.meta.err != nil {
		return same, err
	}
	return e.tags.current(dir, e.base+"/", nil)
}

// entity is what the store shows of the experiment.
func (e *experiment) entity() (core.Experiment, error) {
	if e.meta.err != nil {
		return core.Experiment{}, e.meta.err
	}
	shown := e.info
	var err error
	shown.Tags, err = e.tags.strings(keys{all: true})
	return shown, err
}

// readExperiment returns what the store shows of an experiment.
func (t *Tracking) readExperiment(ctx context.Context, id core.ExperimentID) (shown core.Experiment, err error) {
	for {
		e, err := t.findExperiment(id)
		if err != nil {
			return core.Experiment{}, err
		}
		shown, again, err := t.lookAt(ctx, e)
		if !again {
			return shown, err
		}
	}
}

// lookAt returns what the store shows of an experiment that is known; true when it is not where it was.
func (t *Tracking) lookAt(ctx context.Context, e *experiment) (shown core.Experiment, again bool, err error) {
	if err := e.gate.enter(ctx); err != nil {
		return core.Experiment{}, false, err
	}
	defer e.gate.leave()
	same, err := e.current(t.top.dir)
	if err != nil {
		return core.Experiment{}, false, ioError("read", e.base, err)
	}
	pending := false
	if same { // a change that moves the experiment shows in its journal alone until it is done
		pending, err = t.experimentPending(e.id)
	}
	if same && !pending && err == nil {
		shown, err = e.entity()
		return shown, false, err
	}
	again, err = t.lockExperiment(ctx, e, shared, func(e *experiment, f *folder) error {
		if err := e.refresh(ctx, f); err != nil {
			return err
		}
		shown, err = e.entity()
		return err
	})
	return shown, again, err
}

// allExperiments returns what the store shows of every experiment; malformed ones are reported and left out.
func (t *Tracking) allExperiments(ctx context.Context) ([]core.Experiment, error) {
	folders, err := t.experimentFolders()
	if err != nil {
		return nil, err
	}
	all := make([]core.Experiment, 0, len(folders))
	for _, base := range folders {
		if ctx.Err() != nil {
			return nil, interrupted(ctx)
		}
		e := t.knownExperiment(core.ExperimentID(path.Base(base)), base)
		shown, again, err := t.lookAt(ctx, e)
		if again {
			shown, err = t.readExperiment(ctx, e.id)
		}
		switch {
		case err == nil:
			all = append(all, shown)
		case errors.Is(err, core.ErrDataLoss):
			t.report(err)
		case !errors.Is(err, core.ErrNotFound):
			return nil, err
		}
	}
	return all, nil
}

// listRuns brings the list of an experiment's runs up to date. The experiment's gate and lock are held.
func (t *Tracking) listRuns(e *experiment, f *folder) ([]*run, error) {
	now, err := stat(f.dir, ".")
	if err != nil {
		return nil, ioError("list", e.base, err)
	}
	if e.folder.firm && now == e.folder.at && e.runs != nil {
		return e.runs, nil
	}
	entries, err := f.list(".")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, ioError("list", e.base, err)
	}
	if e.runs == nil {
		t.loadIndex(e)
	}
	runs := make([]*run, 0, len(entries))
	for _, entry := range entries {
		id := core.RunID(entry.Name())
		if entry.IsDir() && !isReserved(string(id)) && core.CheckRunID(id) == nil {
			runs = append(runs, t.knownRun(id, e.id, e.base+"/"+string(id)))
		}
	}
	slices.SortFunc(runs, func(a, b *run) int { return strings.Compare(string(a.id), string(b.id)) })
	e.folder, e.runs = state{at: now, firm: now.firm(time.Now())}, runs
	return runs, nil
}
