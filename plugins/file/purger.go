package file

import (
	"context"
	"crypto/rand"
	"errors"
	"path"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// PurgeRun removes a deleted run and everything that it logged, but for its artifacts where they lie elsewhere.
func (t *Tracking) PurgeRun(ctx context.Context, id core.RunID) (err error) {
	defer named(&err, "purge run", string(id))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := core.CheckRunID(id); err != nil {
		return err
	}
	return t.withRun(ctx, id, exclusive, func(r *run, f *folder) error {
		if err := r.refreshMeta(ctx, f); err != nil {
			return err
		}
		shown, err := r.entity(need{})
		if err == nil && shown.Lifecycle != core.Deleted {
			err = notDeleted("run", id)
		}
		if err != nil {
			return err
		}
		if err := t.forgetMeasurements(ctx, path.Dir(r.base), id); err != nil {
			return err
		}
		if err := t.forgetJournal(runJournals, string(id)); err != nil {
			return err
		}
		return t.discard(r.base)
	})
}

func notDeleted[K ~string](kind string, id K) error {
	return core.State(id, "the %s %q is active: only what has been deleted can be purged", kind, string(id))
}

// discard removes a folder for good: it is gone at once, and then what was in it.
func (t *Tracking) discard(base string) error {
	dir, err := t.store.folder(newRuns, true)
	if err != nil {
		return err
	}
	gone := dir.path + "/" + rand.Text()
	if err := t.top.root.Rename(base, gone); err != nil {
		return ioError("remove", base, err)
	}
	if !t.relaxed() {
		if err := t.top.flush(path.Dir(base)); err != nil {
			return disk.Unsure(ioError("remove", base, err))
		}
	}
	return ioError("remove", base, t.top.root.RemoveAll(gone))
}

// forgetMeasurements removes the points of a run from the logged models of its experiment.
func (t *Tracking) forgetMeasurements(ctx context.Context, experiment string, id core.RunID) error {
	entries, err := t.top.list(experiment + "/" + modelsName)
	if err != nil {
		return ioError("list", experiment, err)
	}
	for _, entry := range entries {
		if !entry.IsDir() || core.CheckModelID(core.ModelID(entry.Name())) != nil {
			continue
		}
		err := t.withModel(ctx, core.ModelID(entry.Name()), exclusive, func(m *model, f *folder) error {
			defer m.forget()
			return m.forgetRun(f, id)
		})
		if err != nil && !errors.Is(err, core.ErrDataLoss) && !errors.Is(err, core.ErrNotFound) {
			return err
		}
	}
	return nil
}

func (m *model) forgetRun(f *folder, id core.RunID) error {
	for _, i := range m.metrics.items {
		kept, dropped := []byte(nil), false
		file, info, err := f.open(i.path, 0)
		if err != nil {
			return ioError("read", i.path, err)
		}
		err = scanPoints(file, info.Size(), true, func(p point) error {
			if p.run == id {
				dropped = true
				return nil
			}
			kept = appendLine(kept, p.metric(""), p.run)
			return nil
		})
		_ = file.Close()
		switch {
		case err != nil || !dropped:
		case len(kept) == 0:
			err = f.root.Remove(i.path)
		default:
			err = f.replace(i.path, kept)
		}
		if err != nil {
			return ioError("write", f.path+"/"+i.path, err)
		}
	}
	return nil
}

// PurgeExperiment removes a deleted experiment with its runs and logged models, and frees its name.
func (t *Tracking) PurgeExperiment(ctx context.Context, id core.ExperimentID) (err error) {
	defer named(&err, "purge experiment", string(id))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := core.CheckExperimentID(id); err != nil {
		return err
	}
	return t.withExperiment(ctx, id, exclusive, func(e *experiment, f *folder) error {
		if err := e.refresh(ctx, f); err != nil {
			return err
		}
		shown, err := e.entity()
		if err == nil && shown.Lifecycle != core.Deleted {
			err = notDeleted("experiment", id)
		}
		if err != nil {
			return err
		}
		runs, err := t.listRuns(e, f)
		if err != nil {
			return err
		}
		for _, r := range runs {
			if err := t.forgetJournal(runJournals, string(r.id)); err != nil {
				return err
			}
		}
		if err := t.forgetJournal(experimentJournals, string(id)); err != nil {
			return err
		}
		return t.discard(e.base)
	})
}

// PurgeLoggedModel removes a deleted logged model.
func (t *Tracking) PurgeLoggedModel(ctx context.Context, id core.ModelID) (err error) {
	defer named(&err, "purge logged model", string(id))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := core.CheckModelID(id); err != nil {
		return err
	}
	return t.withModel(ctx, id, exclusive, func(m *model, _ *folder) error {
		if m.info.Lifecycle != core.Deleted {
			return notDeleted("logged model", id)
		}
		if err := t.forgetJournal(modelJournals, string(id)); err != nil {
			return err
		}
		return t.discard(m.base)
	})
}
