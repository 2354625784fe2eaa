package file

import (
	"context"
	"errors"
	"iter"
	"path"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/names"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// Check reads the whole store and yields everything in it that is not as it should be, the worst of it left by crashes and
// full disks. It changes nothing, but for what opening a store finishes anyway. An error ends it.
func (t *Tracking) Check(ctx context.Context) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		ctx, done, err := t.begin(ctx)
		if err != nil {
			yield(Finding{}, core.Do("check", "file", err))
			return
		}
		defer done()
		c := &checker{t: t, ctx: ctx, yield: yield, names: map[string]string{}}
		if err := c.root(); err != nil && !errors.Is(err, errStop) {
			yield(Finding{}, core.Do("check", "file", err))
		}
	}
}

var errStop = errors.New("the caller has seen enough")

type checker struct {
	t     *Tracking
	ctx   context.Context //nolint:containedctx // of the one call that the checker lives for
	yield func(Finding, error) bool
	names map[string]string // of experiments: where each was seen first
}

func (c *checker) found(kind, p, problem, fix string) error {
	return c.tell(Finding{Path: p, Kind: kind, Problem: problem, Fix: fix})
}

// unread is found for what the store does not show.
func (c *checker) unread(kind, p, problem, fix string) error {
	return c.tell(Finding{Path: p, Kind: kind, Problem: problem, Fix: fix, Unread: true})
}

func (c *checker) tell(f Finding) error {
	if !c.yield(f, nil) {
		return errStop
	}
	return nil
}

const (
	fixRemove = "remove it, or move it out of the store"
	fixLink   = "when it is a link to a folder that you want, move that folder to the place of the link"
	fixMeta   = "restore meta.yaml from a backup, or remove the folder"
)

func (c *checker) root() error {
	for _, parent := range []string{".", trashName} {
		if info, err := c.t.top.root.Lstat(parent); err == nil && !info.IsDir() {
			continue // said of it already
		}
		entries, err := c.t.top.list(parent)
		if err != nil {
			return ioError("list", parent, err)
		}
		for _, entry := range entries {
			name, p := entry.Name(), path.Join(parent, entry.Name())
			switch {
			case disk.IsTemp(name): // of artifacts, which sweep theirs themselves
			case entry.IsDir() && parent == "." && (name == trashName || name == hiddenName || name == modelsName):
			case !entry.IsDir() && entry.Type().IsRegular():
				err = c.found("file", p, "it belongs to no experiment", fixRemove)
			case !entry.IsDir():
				err = c.unread("file", p, "it is neither a file nor a folder, and not followed", fixLink)
			case names.ExperimentID(name) != nil || isHidden(name):
				err = c.found("file", p, "its name is no experiment id", fixRemove)
			default:
				err = c.experiment(p)
			}
			if err != nil {
				return err
			}
		}
	}
	return c.leftovers()
}

func (c *checker) experiment(base string) error {
	id := core.ExperimentID(path.Base(base))
	if at, _ := stat(c.t.top.dir, string(id)); trashed(base) && !at.absent() {
		return c.unread("experiment", base, "an active experiment has the same id, so that this one is not seen", fixRemove)
	}
	var runs []*run
	err := c.t.withExperiment(c.ctx, id, shared, func(e *experiment, f *folder) error {
		if err := e.refresh(c.ctx, f); err != nil {
			return err
		}
		shown, err := e.entity()
		if err != nil {
			return c.broken("experiment", err, fixMeta)
		}
		if first, twice := c.names[shown.Name]; twice {
			if err := c.found("experiment", base, "it has the name of "+first+": "+shown.Name, "rename one of them"); err != nil {
				return err
			}
		}
		c.names[shown.Name] = base
		if err := c.shelf("tag", e.base, &e.tags); err != nil {
			return err
		}
		if runs, err = c.t.listRuns(e, f); err != nil {
			return err
		}
		return c.links(e.base, f)
	})
	if err != nil {
		return err
	}
	for _, r := range runs {
		if err := c.run(r); err != nil {
			return err
		}
	}
	return c.models(base)
}

// links reports what lies where the runs of an experiment lie and is neither a file nor a folder: a run that is a link, which
// MLflow follows, is not seen.
func (c *checker) links(base string, f *folder) error {
	entries, err := f.list(".")
	if err != nil {
		return ioError("list", base, err)
	}
	for _, entry := range entries {
		if entry.IsDir() || entry.Type().IsRegular() || isHidden(entry.Name()) {
			continue
		}
		err := c.unread("file", base+"/"+entry.Name(), "it is neither a file nor a folder, and not followed", fixLink)
		if err != nil {
			return err
		}
	}
	return nil
}

// broken reports an ErrDataLoss; other errors end the check.
func (c *checker) broken(kind string, err error, fix string) error {
	if !errors.Is(err, core.ErrDataLoss) {
		return err
	}
	f := findingOf(kind, err)
	return c.unread(kind, f.Path, strings.TrimPrefix(f.Problem, f.Path+": "), fix)
}

func (c *checker) run(r *run) error {
	_, err := c.t.enterRun(c.ctx, r, shared, func(r *run, f *folder) error {
		if err := r.refresh(c.ctx, f, wholeRun()); err != nil {
			return err
		}
		if r.meta.err != nil {
			return c.broken("run", r.meta.err, fixMeta)
		}
		for _, name := range []string{"metrics", "params", "artifacts"} {
			if at, err := stat(f.dir, name); err == nil && at.absent() {
				err := c.found("run", r.base, "its folder "+name+" is missing, so that MLflow 3 does not find the run",
					"make the empty folder "+name)
				if err != nil {
					return err
				}
			}
		}
		for kind, s := range map[string]*shelf{
			"metric": &r.metrics, "param": &r.params, "tag": &r.tags, "input": &r.inputs, "output": &r.outputs,
		} {
			if err := c.shelf(kind, r.base, s); err != nil {
				return err
			}
		}
		if _, _, err := c.t.lineage(c.ctx, r); err != nil {
			return c.broken("input", err, "remove the folder of the input, output or dataset")
		}
		return nil
	})
	if errors.Is(err, core.ErrNotFound) {
		return nil
	}
	return err
}

func (c *checker) shelf(kind, base string, s *shelf) error {
	for _, p := range s.odd {
		if err := c.unread("file", base+"/"+p, "it is not the file of a "+kind, fixRemove); err != nil {
			return err
		}
	}
	for _, i := range s.items {
		var err error
		switch {
		case i.err != nil:
			err = c.broken(kind, i.err, "repair the line or file, or remove it")
		case s.holds == texts:
		case i.at.Size == 0:
			err = c.found(kind, base+"/"+i.path, "it is empty, which MLflow refuses to read", "remove it")
		case i.ended < i.at.Size:
			err = c.found(kind, base+"/"+i.path, "its last line was cut short and is not read",
				"nothing: logging to it again, with mlstore, takes the torn line off")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) models(experiment string) error {
	entries, err := c.t.top.list(experiment + "/" + modelsName)
	if err != nil {
		return ioError("list", experiment+"/"+modelsName, err)
	}
	for _, entry := range entries {
		base := experiment + "/" + modelsName + "/" + entry.Name()
		if !entry.IsDir() || names.LoggedModelID(entry.Name()) != nil {
			if err := c.found("file", base, "it is no logged model", fixRemove); err != nil {
				return err
			}
			continue
		}
		m := c.t.knownModel(core.ModelID(entry.Name()), base)
		_, err := c.t.enterModel(c.ctx, m, shared, func(m *model, _ *folder) error {
			for kind, s := range map[string]*shelf{"metric": &m.metrics, "param": &m.params, "tag": &m.tags} {
				if err := c.shelf(kind, base, s); err != nil {
					return err
				}
			}
			return nil
		})
		if errors.Is(err, core.ErrDataLoss) {
			err = c.broken("logged model", err, fixMeta)
		}
		if err != nil && !errors.Is(err, core.ErrNotFound) {
			return err
		}
	}
	return nil
}

// leftovers looks for what dead processes have left and the opening of the store could not finish.
func (c *checker) leftovers() error {
	for _, kind := range []string{experimentJournals, modelJournals, runJournals, newRuns} {
		dir, err := c.t.store.folder(kind, false)
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
			p := dir.path + "/" + entry.Name()
			if kind == newRuns {
				err = c.leftNew(dir, entry.Name(), p)
			} else if pending, pendingErr := c.t.pending(kind, entry.Name()); pendingErr != nil || pending {
				err = errors.Join(pendingErr, c.found("journal", p, "a change has not been finished",
					"open the store for writing; when that fails, see why"))
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *checker) leftNew(dir *folder, name, p string) error {
	f, err := dir.sub(name)
	if err != nil {
		return nil // it has been moved to its place
	}
	defer f.close()
	if !tryLockDir(f.dir, exclusive) {
		return nil
	}
	return c.found("temporary", p, "it was being made or removed when its process died", "open the store anew, which removes it")
}
