package file

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// CreateRun creates a running run in an active experiment.
func (t *Tracking) CreateRun(ctx context.Context, in core.ExperimentID, spec core.RunSpec) (_ core.Run, err error) {
	defer named(&err, "create run", string(in))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return core.Run{}, err
	}
	defer done()
	if err := core.CheckExperimentID(in); err != nil {
		return core.Run{}, err
	}
	if err := core.CheckRunSpec(spec, t.limits); err != nil {
		return core.Run{}, err
	}
	var created core.Run
	var shown core.Experiment
	err = t.holdExperiment(ctx, in, func(e *experiment, f *folder) (err error) {
		shown, err = e.active(ctx, f)
		return err
	}, func(f *folder) error {
		id, name := newRunID(spec.IdempotencyKey), spec.RunName()
		created = core.Run{
			RunInfo: core.RunInfo{
				ID: id, ExperimentID: in, Name: name, User: spec.User, Status: core.Running, StartTime: spec.StartTime,
				ArtifactURI: core.JoinLocation(shown.ArtifactLocation, string(id), "artifacts"), Lifecycle: core.Active,
			},
			RunData: core.RunData{Metrics: map[string]core.Metric{}, Params: map[string]string{}, Tags: copied(spec.Tags)},
		}
		created.Tags[core.RunNameTag] = name
		return t.makeRun(ctx, f.path, created, requestOf(in, spec), nil)
	})
	if errors.Is(err, errMadeBefore) {
		return t.madeBefore(ctx, in, spec)
	}
	if err != nil {
		return core.Run{}, err
	}
	return created, nil
}

// makeRun makes the folder of a new run, with the steps that more adds. It appears as a whole. The lock of the experiment,
// whose folder is base, is held. One record, flushed at once, makes it durable; its many files are flushed later.
func (t *Tracking) makeRun(ctx context.Context, base string, r core.Run, request string, more []op) error {
	f, err := t.newFolder(ctx, string(r.ID))
	if err != nil {
		return err
	}
	defer t.dropNew(f)
	if request != "" { // whoever was quicker with the key has moved its folder to its place by now
		switch _, err := t.findRun(r.ID); {
		case err == nil:
			return errMadeBefore
		case !errors.Is(err, core.ErrNotFound):
			return err
		}
	}
	ops := append(runSteps(r, request), more...)
	rec := record{experiment: r.ExperimentID, ops: append([]op{{kind: opCreate}}, ops...)}
	j, err := t.openJournal(runJournals, string(r.ID), true)
	if err != nil {
		return err
	}
	defer j.close()
	if err := t.write(runJournals, j, rec); err != nil {
		return t.undoNew(j, r.ID, err)
	}
	t.dirty.add(runJournals, string(r.ID), j.size)
	if err := t.placeRun(f, base, r.ID, rec); err != nil {
		return t.undoNew(j, r.ID, err)
	}
	j.done(t.boot)
	return nil
}

// undoNew takes the record of a run that could not be made back.
func (t *Tracking) undoNew(j *journal, id core.RunID, err error) error {
	undone := j.drop(0)
	if undone == nil && !t.relaxed() {
		undone = ioError("flush", "journal", j.file.Sync())
	}
	if errors.Join(undone, t.forgetJournal(runJournals, string(id))) != nil {
		return disk.Unsure(err)
	}
	return err
}

// placeRun fills a new folder and moves it to its place.
func (t *Tracking) placeRun(f *folder, experiment string, id core.RunID, rec record) error {
	a := &applier{here: f, top: t.top.root, others: t.others(experiment)}
	if err := a.apply(rec.ops); err != nil {
		return err
	}
	base := experiment + "/" + string(id)
	if err := t.top.root.Rename(f.path, base); err != nil {
		return ioError("make", base, err)
	}
	f.path = base
	return nil
}

// runSteps are the steps that fill the folder of a new run. MLflow looks for the three folders, and for meta.yaml.
func runSteps(r core.Run, request string) []op {
	ops := []op{
		{kind: opMkdir, path: "metrics"},
		{kind: opMkdir, path: "params"},
		{kind: opMkdir, path: "artifacts"},
		{kind: opMkdir, path: "tags"},
	}
	params, tags := shelf{name: "params"}, shelf{name: "tags"}
	for _, key := range slices.Sorted(maps.Keys(r.Params)) {
		ops = append(ops, op{kind: opWrite, path: params.newPath(key), data: []byte(r.Params[key])})
	}
	for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
		ops = append(ops, op{kind: opWrite, path: tags.newPath(key), data: []byte(r.Tags[key])})
	}
	meta := runDocument(r.RunInfo, true)
	if request != "" {
		meta[requestField] = request
	}
	return append(ops, op{kind: opWrite, path: metaFile, data: meta.bytes()})
}

// recoverNewRun finishes a run whose maker has died after it had written its record. One that is not there, and was not being
// made, has been removed since.
func (t *Tracking) recoverNewRun(ctx context.Context, id core.RunID) error {
	base, err := t.journalBase(journalName{runJournals, string(id)})
	if err != nil {
		return err
	}
	j, err := t.openJournal(runJournals, string(id), false)
	if j == nil || err != nil {
		return err
	}
	defer j.close()
	records, _, err := j.records(0)
	if err != nil {
		return err
	}
	if len(records) == 0 || base == "" && !j.stale || len(records[0].ops) == 0 || records[0].ops[0].kind != opCreate {
		return t.forgetJournal(runJournals, string(id))
	}
	return t.withExperiment(ctx, records[0].experiment, shared, func(e *experiment, _ *folder) error {
		f, err := t.tryNewFolder(string(id))
		if f == nil || err != nil { // its maker lives
			return err
		}
		defer t.dropNew(f)
		if _, err := t.findRun(id); !errors.Is(err, core.ErrNotFound) {
			return err // finished meanwhile
		}
		a := &applier{here: f, top: t.top.root, again: true, others: t.others(e.base)}
		for _, rec := range records {
			if err := a.apply(rec.ops); err != nil {
				return err
			}
		}
		if err := f.sweep(); err != nil {
			return ioError("sweep", f.path, err)
		}
		if err := t.placeRun(f, e.base, id, record{}); err != nil {
			return err
		}
		j.done(t.boot)
		return nil
	})
}

// tryNewFolder is newFolder for a folder that may be there; nil when somebody has locked it, or has just taken it away.
func (t *Tracking) tryNewFolder(id string) (*folder, error) {
	dir, err := t.store.folder(newRuns, true)
	if err != nil {
		return nil, err
	}
	if err := dir.root.Mkdir(id, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, ioError("make", dir.path+"/"+id, err)
	}
	f, err := dir.sub(id)
	if absent(err) {
		return nil, nil //nolint:nilnil // its maker has moved it to its place, or somebody has swept it
	}
	if err != nil {
		return nil, err
	}
	if !tryLockDir(f.dir, exclusive) {
		f.close()
		return nil, nil //nolint:nilnil // somebody else is at it
	}
	return f, nil
}

// Run returns an active or deleted run whole.
func (t *Tracking) Run(ctx context.Context, id core.RunID) (_ core.Run, err error) {
	defer named(&err, "get run", string(id))
	ctx, done, err := t.begin(ctx)
	if err != nil {
		return core.Run{}, err
	}
	defer done()
	if err := core.CheckRunID(id); err != nil {
		return core.Run{}, err
	}
	var shown core.Run
	err = t.lookUp(ctx, id, wholeRun(), &look{}, func(r *run) (err error) {
		shown, err = t.whole(ctx, r)
		return err
	})
	return shown, err
}

// lookUp finds a run and lets do look at the part that is needed.
func (t *Tracking) lookUp(ctx context.Context, id core.RunID, n need, l *look, do func(*run) error) error {
	for {
		r, err := t.findRun(id)
		if err != nil {
			return err
		}
		again, err := t.readRun(ctx, r, n, l, do)
		if !again {
			return err
		}
	}
}

// whole is everything that the store shows of a run.
func (t *Tracking) whole(ctx context.Context, r *run) (core.Run, error) {
	shown, err := r.entity(wholeRun())
	if err != nil {
		return core.Run{}, err
	}
	shown.Inputs, shown.Outputs, err = t.lineage(ctx, r)
	return shown, err
}

// UpdateRun changes what is given, and returns the new state.
func (t *Tracking) UpdateRun(ctx context.Context, id core.RunID, change core.RunChange) (_ core.RunInfo, err error) {
	defer named(&err, "update run", string(id))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return core.RunInfo{}, err
	}
	defer done()
	if err := core.CheckRunID(id); err != nil {
		return core.RunInfo{}, err
	}
	if err := core.CheckRunChange(change, t.limits); err != nil {
		return core.RunInfo{}, err
	}
	var info core.RunInfo
	err = t.withRun(ctx, id, exclusive, func(r *run, f *folder) error {
		if err := r.refresh(ctx, f, need{tags: keys{these: []string{core.RunNameTag}}}); err != nil {
			return err
		}
		shown, err := r.entity(need{})
		if err != nil {
			return err
		}
		info = shown.RunInfo
		if change.Lifecycle != "" {
			return t.moveAlone(r, f, &info, change.Lifecycle)
		}
		if err := mustBeActive(info); err != nil {
			return err
		}
		return t.commitAndForget(r, f, r.updates(&info, change))
	})
	if err != nil {
		return core.RunInfo{}, err
	}
	return info, nil
}

func mustBeActive(r core.RunInfo) error {
	if r.Lifecycle == core.Active {
		return nil
	}
	return core.State(r.ID, "The run %s must be in the 'active' state. Current state is deleted.", r.ID)
}

// moveAlone deletes or restores one run; what is so already stays as it is (D-5).
func (t *Tracking) moveAlone(r *run, f *folder, info *core.RunInfo, to core.Lifecycle) error {
	if info.Lifecycle == to {
		return nil
	}
	if r.info.Lifecycle == to {
		return core.State(r.id, "MLflow 1 has deleted the experiment of run %s by moving its folder: restore that.", r.id)
	}
	info.Lifecycle, info.DeletedAt = to, 0
	if to == core.Deleted {
		info.DeletedAt = core.Now()
	}
	return t.commitAndForget(r, f, []op{{kind: opWrite, path: metaFile, data: runDocument(*info, false).bytes()}})
}

// updates are the steps of a change, which info takes on.
func (r *run) updates(info *core.RunInfo, change core.RunChange) []op {
	was := *info
	if change.Name != "" {
		info.Name = change.Name
	}
	if change.Status != 0 {
		info.Status = change.Status
	}
	if change.EndTime != nil {
		info.EndTime = *change.EndTime
	}
	var ops []op
	if tag := r.tags.items[core.RunNameTag]; change.Name != "" && (tag == nil || tag.text != change.Name) {
		ops = append(ops, op{kind: opWrite, path: r.tags.newPath(core.RunNameTag), data: []byte(change.Name)})
	}
	if *info != was || r.info.Name != info.Name {
		ops = append(ops, op{kind: opWrite, path: metaFile, data: runDocument(*info, false).bytes()})
	}
	return ops
}

// commitAndForget is commitRun, after which the folders are listed anew.
func (t *Tracking) commitAndForget(r *run, f *folder, ops []op) error {
	defer func() {
		r.meta.firm = false
		for _, s := range []*shelf{&r.metrics, &r.params, &r.tags, &r.inputs, &r.outputs} {
			s.forget()
		}
	}()
	return t.commitRun(r, f, ops)
}

// ChangeRunTags sets and deletes tags of an active run.
func (t *Tracking) ChangeRunTags(ctx context.Context, id core.RunID, change core.TagChange) (err error) {
	defer named(&err, "change run tags", string(id))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := core.CheckRunID(id); err != nil {
		return err
	}
	if err := core.CheckRunTagChange(change, t.limits); err != nil {
		return err
	}
	name, renames := change.Set[core.RunNameTag]
	if err := core.CheckRunChange(core.RunChange{Name: name}, t.limits); err != nil {
		return err
	}
	wanted := slices.Concat(slices.Collect(maps.Keys(change.Set)), change.Delete, []string{core.RunNameTag})
	return t.withRun(ctx, id, exclusive, func(r *run, f *folder) error {
		info, err := t.activeRun(ctx, r, f, need{tags: keys{these: wanted}})
		if err != nil {
			return err
		}
		old, err := r.tags.strings(keys{these: wanted})
		if err != nil {
			return err
		}
		ops, err := r.tags.changes(old, change)
		if err != nil {
			r.tags.forget()
			return err
		}
		if _, deletes := old[core.RunNameTag]; (renames && name != info.Name) || deletes && r.info.Name == "" {
			if renames {
				info.Name = name
			}
			ops = append(ops, op{kind: opWrite, path: metaFile, data: runDocument(info, false).bytes()})
		}
		return t.commitAndForget(r, f, ops)
	})
}

// activeRun brings what is needed up to date and returns what the run is, if it may be changed. The lock is held.
func (t *Tracking) activeRun(ctx context.Context, r *run, f *folder, n need) (core.RunInfo, error) {
	if err := r.refresh(ctx, f, n); err != nil {
		return core.RunInfo{}, err
	}
	shown, err := r.entity(need{})
	if err == nil {
		err = mustBeActive(shown.RunInfo)
	}
	return shown.RunInfo, err
}
