package file

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/names"
)

// trashed reports whether a folder lies in the trash.
func trashed(base string) bool { return strings.HasPrefix(base, trashName+"/") }

// experimentFolders lists the folders of all experiments, from the root: the active ones first.
func (t *Tracking) experimentFolders() ([]string, error) {
	var all []string
	seen := map[string]bool{}
	for _, parent := range []string{"", trashName} {
		if parent == trashName && !t.hasTrash() {
			continue
		}
		entries, err := t.top.list(path.Join(".", parent))
		if err != nil {
			return nil, ioError("list", path.Join(".", parent), err)
		}
		for _, entry := range entries {
			name := entry.Name()
			if !entry.IsDir() || parent == "" && isHidden(name) || names.ExperimentID(name) != nil || seen[name] {
				continue
			}
			seen[name] = true
			all = append(all, path.Join(parent, name))
		}
	}
	return all, nil
}

// hasTrash reports whether there is a folder for deleted experiments. A link in its place is not followed.
func (t *Tracking) hasTrash() bool {
	info, err := t.top.root.Lstat(trashName)
	return err == nil && info.IsDir()
}

// isReserved reports whether a folder of an experiment is not a run (MLflow, file_store.py, RESERVED_EXPERIMENT_FOLDERS).
func isReserved(name string) bool {
	return name == "tags" || name == "datasets" || name == tracesName || name == modelsName
}

// knownRun returns what is known of a run that lies in an experiment's folder.
func (t *Tracking) knownRun(id core.RunID, in core.ExperimentID, base string) *run {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.runs[id]
	if r == nil || r.base != base {
		r = newRun(t, id, in, base)
		t.runs[id] = r
	}
	return r
}

// findRun finds the folder of a run.
func (t *Tracking) findRun(id core.RunID) (*run, error) {
	if isReserved(string(id)) {
		return nil, core.Missing("run", id)
	}
	t.mu.Lock()
	r := t.runs[id]
	t.mu.Unlock()
	if r != nil {
		if at, err := stat(t.top.dir, r.base); err == nil && !at.absent() {
			return r, nil
		}
	}
	folders, err := t.experimentFolders()
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		base := folder + "/" + string(id)
		info, err := t.top.root.Lstat(base)
		if err == nil && info.IsDir() {
			return t.knownRun(id, core.ExperimentID(path.Base(folder)), base), nil
		}
	}
	t.mu.Lock()
	delete(t.runs, id)
	t.mu.Unlock()
	return nil, core.Missing("run", id)
}

// withRun finds a run, passes its gate and locks its folder. What a dead process has left half done is finished before do
// runs.
func (t *Tracking) withRun(ctx context.Context, id core.RunID, kind int, do func(*run, *folder) error) error {
	t.mu.Lock()
	r := t.runs[id]
	t.mu.Unlock()
	for {
		if r == nil {
			var err error
			if r, err = t.findRun(id); err != nil {
				return err
			}
		}
		again, err := t.enterRun(ctx, r, kind, do)
		if !again {
			return err
		}
		r = nil
	}
}

// enterRun is withRun for a run that is known; true when it is not where it was.
func (t *Tracking) enterRun(ctx context.Context, r *run, kind int, do func(*run, *folder) error) (bool, error) {
	if err := r.gate.enter(ctx); err != nil {
		return false, err
	}
	defer r.gate.leave()
	return t.lockRun(ctx, r, kind, do)
}

// lockRun is enterRun behind the gate, which it leaves for a while when the experiment is to be repaired first.
func (t *Tracking) lockRun(ctx context.Context, r *run, kind int, do func(*run, *folder) error) (bool, error) {
	f, again, err := t.acquire(ctx, r, kind)
	if again || err != nil {
		return again, err
	}
	pending, err := t.runPending(r)
	if err == nil && pending {
		if kind == shared { // finishing it needs the lock for writing
			t.release(r, f)
			return t.lockRun(ctx, r, exclusive, do)
		}
		err = t.recoverRun(r, f)
	}
	if err != nil {
		t.release(r, f)
		return false, err
	}
	pending, err = t.experimentPending(r.in)
	if pending && err == nil {
		t.release(r, f)
		r.gate.leave() // the order is experiment, then run: a search that holds the experiment may wait for this gate
		err := t.withExperiment(ctx, r.in, exclusive, func(*experiment, *folder) error { return nil })
		r.gate <- struct{}{} // whoever called will leave it
		return err == nil, err
	}
	defer t.release(r, f)
	if err != nil {
		return false, err
	}
	return false, do(r, f)
}

// lockFolder opens and locks a folder; true when another one, or none, is there by then.
func (t *Tracking) lockFolder(ctx context.Context, base string, kind int) (*folder, bool, error) {
	f, err := openFolder(t.top.root, "", base)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	if err := lockDir(ctx, f.dir, kind); err != nil {
		_ = f.root.Close()
		return nil, false, ioError("lock", base, err)
	}
	mine, err := f.dir.Stat()
	if err != nil {
		f.close()
		return nil, false, ioError("lock", base, err)
	}
	f.id = stampOf(mine)
	there, err := stat(t.top.dir, base)
	if err != nil || f.id.Ino != there.Ino || f.id.Dev != there.Dev {
		f.close()
		return nil, err == nil, ioError("lock", base, err)
	}
	return f, false, nil
}

// readRun brings what is needed of a run up to date and lets do look at it. Nothing is locked when nothing has changed; when
// something was to be read, that is counted.
func (t *Tracking) readRun(
	ctx context.Context, r *run, n need, l *look, do func(*run) error,
) (bool, error) {
	if err := r.gate.enter(ctx); err != nil {
		return false, err
	}
	defer r.gate.leave()
	dir, base := t.top.dir, r.base
	if l.dir != nil { // a shorter way
		dir, base = l.dir, string(r.id)
	}
	same, without, err := r.current(dir, base, n, l.hopeless)
	switch {
	case err != nil:
		return false, ioError("read", r.base, err)
	case without:
		return false, nil
	case same:
		return false, do(r)
	}
	l.read.Add(1)
	return t.lockRun(ctx, r, shared, func(r *run, f *folder) error {
		if err := r.refresh(ctx, f, n); err != nil {
			return err
		}
		return do(r)
	})
}
