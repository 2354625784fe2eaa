package file

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// LogBatch logs metrics, params and tags, all or nothing.
//
// A batch of one point for a metric that has some already is one write to that file and, unless the store is relaxed, one
// flush. Every other batch goes through the run's journal: one write and one flush there, and the files are flushed later.
func (t *Tracking) LogBatch(ctx context.Context, id core.RunID, batch core.Batch) (err error) {
	defer named(&err, "log batch", string(id))
	ctx, done, err := t.change(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := core.CheckRunID(id); err != nil {
		return err
	}
	if err := core.CheckBatch(batch, t.limits); err != nil {
		return err
	}
	for _, tag := range batch.Tags {
		if tag.Key == core.RunNameTag {
			if err := core.CheckRunChange(core.RunChange{Name: tag.Value}, t.limits); err != nil {
				return err
			}
		}
	}
	var single *appendFile
	err = t.withRun(ctx, id, exclusive, func(r *run, f *folder) (err error) {
		if single, err = t.appendPoint(ctx, r, f, batch); single != nil || err != nil {
			return err
		}
		return t.logBatch(ctx, r, f, batch)
	})
	if single == nil {
		return err
	}
	// Flushed without the lock: who reads the point before it is flushed reads what is not acknowledged yet.
	return t.settle(single)
}

// appendPoint logs a batch of a single point of a metric that is there; nil when it is not such a batch.
func (t *Tracking) appendPoint(ctx context.Context, r *run, f *folder, batch core.Batch) (*appendFile, error) {
	if len(batch.Metrics) != 1 || len(batch.Params)+len(batch.Tags) > 0 || batch.Metrics[0].ModelID != "" {
		return nil, nil //nolint:nilnil // not such a batch
	}
	m := batch.Metrics[0]
	if strings.Contains(m.Key, ".mlstore-") || len(m.Key) > partLength {
		return nil, nil //nolint:nilnil // its file may have another name
	}
	if err := r.refreshMeta(ctx, f); err != nil {
		return nil, err
	}
	shown, err := r.entity(need{})
	if err == nil {
		err = mustBeActive(shown.RunInfo)
	}
	if err != nil {
		return nil, err
	}
	name := "metrics/" + m.Key
	file, err := openForAppend(f.root, name, path.Join(f.path, name), false)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENOTDIR):
		return nil, nil //nolint:nilnil // a new file, or one of another name
	case errors.Is(err, errNotRegular):
		return nil, nil //nolint:nilnil // a folder, which cannot be opened for writing on some systems and can on others
	case err != nil:
		return nil, ioError("write", path.Join(f.path, name), err)
	}
	if err := file.append(appendLine(make([]byte, 0, 80), m, "")); err != nil {
		_ = file.close()
		return nil, ioError("write", path.Join(f.path, name), err)
	}
	return file, nil
}

// settle makes an appended point durable.
func (t *Tracking) settle(file *appendFile) error {
	var err error
	if t.relaxed() {
		t.dirty.addFile(file.path)
	} else {
		err = file.file.Sync()
	}
	if closed := file.close(); err == nil {
		err = closed
	}
	return disk.Unsure(ioError("flush", file.path, err))
}

// logBatch logs any batch through the run's journal. The lock is held.
func (t *Tracking) logBatch(ctx context.Context, r *run, f *folder, batch core.Batch) error {
	n := need{
		metrics: keys{these: []string{""}}, // no key, but the list of files
		params:  keys{these: append(paramKeys(batch), "")}, tags: keys{these: append(tagKeys(batch), core.RunNameTag)},
	}
	info, err := t.activeRun(ctx, r, f, n)
	if err != nil {
		return err
	}
	ops, err := r.paramSteps(batch)
	if err != nil {
		return err
	}
	tags, err := r.tagSteps(info, batch)
	if err != nil {
		return err
	}
	models := map[core.ModelID]*model{}
	return t.lockModels(ctx, measured(batch), models, func() error {
		defer func() {
			for _, m := range models {
				m.forget()
			}
		}()
		return t.commitAndForget(r, f, slices.Concat(ops, r.metricSteps(batch, models), tags))
	})
}

func paramKeys(batch core.Batch) []string {
	all := make([]string, 0, len(batch.Params)+1)
	for _, p := range batch.Params {
		all = append(all, p.Key)
	}
	return all
}

func tagKeys(batch core.Batch) []string {
	all := make([]string, 0, len(batch.Tags)+1)
	for _, tag := range batch.Tags {
		all = append(all, tag.Key)
	}
	return all
}

func (r *run) paramSteps(batch core.Batch) ([]op, error) {
	var ops []op
	for _, p := range batch.Params {
		known := r.params.items[p.Key]
		switch {
		case known == nil:
			ops = append(ops, op{kind: opWrite, path: r.params.newPath(p.Key), data: []byte(p.Value)})
		case known.err != nil:
			return nil, known.err
		case known.text != p.Value:
			return nil, core.ParamConflict(r.id, p.Key, known.text, p.Value)
		}
	}
	return ops, nil
}

// metricSteps appends the points of each metric at once, in the batch's order; those of logged models to their files too.
func (r *run) metricSteps(batch core.Batch, models map[core.ModelID]*model) []op {
	var ops []op
	at := make(map[string]int, len(batch.Metrics)) // where in ops the file of a metric is
	add := func(p string, m core.Metric, run core.RunID) {
		i, known := at[p]
		if !known {
			i = len(ops)
			at[p] = i
			ops = append(ops, op{kind: opPoints, path: p})
		}
		ops[i].data = appendLine(ops[i].data, m, run)
	}
	paths := make(map[string]string, len(batch.Metrics))
	for _, m := range batch.Metrics {
		p, known := paths[m.Key]
		if !known {
			p = r.metrics.newPath(m.Key)
			paths[m.Key] = p
		}
		add(p, m, "")
		if m.ModelID != "" {
			add(modelMark+string(m.ModelID)+"/"+models[m.ModelID].metrics.newPath(m.Key), m, r.id)
		}
	}
	return ops
}

// tagSteps writes the tags, of which the last of a key counts, and mirrors the run's name.
func (r *run) tagSteps(info core.RunInfo, batch core.Batch) ([]op, error) {
	last := make(map[string]string, len(batch.Tags))
	for _, tag := range batch.Tags {
		last[tag.Key] = tag.Value
	}
	old, err := r.tags.strings(keys{these: tagKeys(batch)})
	if err != nil {
		return nil, err
	}
	ops, err := r.tags.changes(old, core.TagChange{Set: last})
	if err != nil {
		return nil, err
	}
	if name, renames := last[core.RunNameTag]; renames && name != r.info.Name {
		info.Name = name
		ops = append(ops, op{kind: opWrite, path: metaFile, data: runDocument(info, false).bytes()})
	}
	return ops, nil
}
