package file

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// A new run or experiment is made in a folder where nobody looks, which its maker has locked, and then moved to its place: it
// appears as a whole. What the dead have left there is swept when a store is opened.

// newFolder makes and locks an empty folder for a run or experiment with the id.
func (t *Tracking) newFolder(ctx context.Context, id string) (*folder, error) {
	for {
		if ctx.Err() != nil {
			return nil, interrupted(ctx)
		}
		dir, err := t.store.folder(newRuns, true)
		if err != nil {
			return nil, err
		}
		err = dir.root.Mkdir(id, dirMode)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) { // both: another one is at it too
			return nil, ioError("make", dir.path+"/"+id, err)
		}
		f, again, err := t.lockFolder(ctx, hiddenName+"/"+newRuns+"/"+id, exclusive)
		if !again {
			return f, err
		}
	}
}

// dropNew removes a new folder unless it has been moved to its place, and frees its lock.
func (t *Tracking) dropNew(f *folder) {
	if strings.HasPrefix(f.path, hiddenName+"/") {
		_ = t.top.root.RemoveAll(f.path)
	}
	f.close()
}

// flushTree flushes a folder and everything in it.
func flushTree(f *folder, name string) error {
	entries, err := f.list(name)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		below := path.Join(name, entry.Name())
		if entry.IsDir() {
			err = flushTree(f, below)
		} else {
			err = f.flush(below)
		}
		if err != nil {
			return err
		}
	}
	return f.flush(name)
}

// sweepNew removes new folders whose makers have died.
func (t *Tracking) sweepNew() error {
	dir, err := t.store.folder(newRuns, false)
	if dir == nil || err != nil {
		return err
	}
	entries, err := dir.list(".")
	if err != nil {
		return ioError("list", dir.path, err)
	}
	for _, entry := range entries {
		f, err := dir.sub(entry.Name())
		if err != nil {
			continue // moved to its place meanwhile
		}
		if tryLockDir(f.dir, exclusive) {
			journal, statErr := stat(t.top.dir, hiddenName+"/"+runJournals+"/"+entry.Name())
			there, _ := stat(dir.dir, entry.Name())
			mine, mineErr := f.dir.Stat()
			if statErr == nil && journal.absent() && mineErr == nil && stampOf(mine).Ino == there.Ino {
				err = dir.root.RemoveAll(entry.Name())
			}
		}
		f.close()
		if err != nil {
			return ioError("sweep", dir.path, err)
		}
	}
	return nil
}

// journalBase finds the folder that a journal belongs to; empty when there is none.
func (t *Tracking) journalBase(name journalName) (string, error) {
	if name.kind == experimentJournals {
		e, err := t.findExperiment(core.ExperimentID(name.id))
		if errors.Is(err, core.ErrNotFound) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		return e.base, nil
	}
	if name.kind == modelJournals {
		m, err := t.findModel(core.ModelID(name.id))
		if errors.Is(err, core.ErrNotFound) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		return m.base, nil
	}
	for range 2 { // it may be moved from the one place to the other while we look
		r, err := t.findRun(core.RunID(name.id))
		if err == nil {
			return r.base, nil
		}
		if !errors.Is(err, core.ErrNotFound) {
			return "", err
		}
		base := hiddenName + "/" + newRuns + "/" + name.id
		if at, err := stat(t.top.dir, base); err != nil || !at.absent() {
			return base, ioError("look for", base, err)
		}
	}
	return "", nil
}

// location is where the artifacts of an experiment go by default. MLflow turns the store's folder into a URI.
func (t *Tracking) location(id core.ExperimentID) string {
	root := t.options.Artifacts
	if root == "" {
		p := filepath.ToSlash(t.path)
		if !strings.HasPrefix(p, "/") {
			p = "/" + p
		}
		root = (&url.URL{Scheme: "file", Path: p}).String()
	}
	return core.JoinLocation(root, string(id))
}
