package file

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// model is what is known of one logged model, as a run is of one run.
type model struct {
	id   core.ModelID
	gate gate
	in   core.ExperimentID
	base string

	meta    metaState
	info    core.LoggedModel // as meta.yaml says it
	metrics shelf
	params  shelf
	tags    shelf
}

// findModel finds the folder of a logged model.
func (t *Tracking) findModel(id core.ModelID) (*model, error) {
	t.mu.Lock()
	known := t.models[id]
	t.mu.Unlock()
	if known != nil {
		if at, err := stat(t.top.dir, known.base); err == nil && !at.absent() {
			return known, nil
		}
	}
	folders, err := t.experimentFolders()
	if err != nil {
		return nil, err
	}
	for _, folder := range folders {
		base := folder + "/" + modelsName + "/" + string(id)
		if info, err := t.top.root.Lstat(base); err == nil && info.IsDir() {
			return t.knownModel(id, base), nil
		}
	}
	t.mu.Lock()
	delete(t.models, id)
	t.mu.Unlock()
	return nil, core.Missing("logged model", id)
}

func (t *Tracking) knownModel(id core.ModelID, base string) *model {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.models[id]
	if m == nil || m.base != base {
		m = &model{
			id: id, gate: newGate(), base: base, in: core.ExperimentID(path.Base(path.Dir(path.Dir(base)))),
			metrics: shelf{name: "metrics", holds: modelPoints}, params: shelf{name: "params"}, tags: shelf{name: "tags"},
		}
		t.models[id] = m
	}
	return m
}

// withModel finds a logged model, passes its gate, locks its folder and brings what is known of it up to date.
func (t *Tracking) withModel(ctx context.Context, id core.ModelID, kind int, do func(*model, *folder) error) error {
	for {
		m, err := t.findModel(id)
		if err != nil {
			return err
		}
		again, err := t.enterModel(ctx, m, kind, do)
		if !again {
			return err
		}
	}
}

func (t *Tracking) enterModel(ctx context.Context, m *model, kind int, do func(*model, *folder) error) (bool, error) {
	if err := m.gate.enter(ctx); err != nil {
		return false, err
	}
	defer m.gate.leave()
	f, again, err := t.lockFolder(ctx, m.base, kind)
	if again || err != nil {
		return again, err
	}
	defer func() {
		if f != nil {
			f.close()
		}
	}()
	pending, err := t.pending(modelJournals, string(m.id))
	if err == nil && pending && kind == shared {
		f.close()
		if f, again, err = t.lockFolder(ctx, m.base, exclusive); again || err != nil {
			return again, err
		}
	}
	if err == nil && pending {
		err = t.recover(modelJournals, string(m.id), f, func(rec record, written time.Time) error {
			return (&applier{here: f, top: t.top.root, again: true, written: written}).apply(rec.ops)
		})
	}
	if err == nil {
		err = m.refresh(ctx, f)
	}
	if err != nil {
		return false, err
	}
	return false, do(m, f)
}

func (m *model) refresh(ctx context.Context, f *folder) error {
	now, err := stat(f.dir, metaFile)
	if err != nil || !m.meta.firm || now != m.meta.at {
		err := m.meta.load(ctx, f, func(data []byte) (err error) {
			m.info, err = readModel(m.in, m.id, data)
			return err
		})
		if err != nil {
			return err
		}
	}
	if m.meta.err != nil {
		return m.meta.err
	}
	for _, s := range []*shelf{&m.metrics, &m.params, &m.tags} {
		if err := s.refresh(f, nil); err != nil {
			return err
		}
	}
	return nil
}

// entity is what the store shows of the model.
func (m *model) entity() (core.LoggedModel, error) {
	shown := m.info
	var err error
	if shown.Params, err = m.params.strings(keys{all: true}); err != nil {
		return core.LoggedModel{}, err
	}
	if shown.Tags, err = m.tags.strings(keys{all: true}); err != nil {
		return core.LoggedModel{}, err
	}
	err = m.metrics.each(keys{all: true}, func(_ string, i *item) {
		for _, p := range i.latest {
			p.ModelID = m.id
			shown.Metrics = append(shown.Metrics, p)
		}
	})
	slices.SortFunc(shown.Metrics, func(a, b core.RunMetric) int {
		return cmp.Or(
			cmp.Compare(a.Key, b.Key), cmp.Compare(a.DatasetName, b.DatasetName),
			cmp.Compare(a.DatasetDigest, b.DatasetDigest), cmp.Compare(a.RunID, b.RunID),
		)
	})
	return shown, err
}

// active is the model as it is, if it can be changed: a deleted one is ErrNotFound like an unknown one.
func (m *model) active() (core.LoggedModel, error) {
	if m.meta.err == nil && m.info.Lifecycle != core.Active {
		return core.LoggedModel{}, core.Missing("logged model", m.id)
	}
	return m.entity()
}

// makeModel makes the folder of a new logged model, which appears as a whole. The lock of the experiment, whose folder is
// base, is held.
func (t *Tracking) makeModel(ctx context.Context, base string, m core.LoggedModel) error {
	f, err := t.newFolder(ctx, string(m.ID))
	if err != nil {
		return err
	}
	defer t.dropNew(f)
	ops := []op{{kind: opMkdir, path: "metrics"}, {kind: opMkdir, path: "params"}, {kind: opMkdir, path: "tags"}}
	for name, texts := range map[string]map[string]string{"params": m.Params, "tags": m.Tags} {
		s := shelf{name: name}
		for _, key := range slices.Sorted(maps.Keys(texts)) {
			ops = append(ops, op{kind: opWrite, path: s.newPath(key), data: []byte(texts[key])})
		}
	}
	ops = append(ops, op{kind: opWrite, path: metaFile, data: modelDocument(m).bytes()})
	if err := (&applier{here: f}).apply(ops); err != nil {
		return err
	}
	parent := base + "/" + modelsName
	if !t.relaxed() {
		if err := flushTree(f, "."); err != nil {
			return ioError("flush", f.path, err)
		}
	}
	if err := t.top.root.MkdirAll(parent, dirMode); err != nil {
		return ioError("make", parent, err)
	}
	place := parent + "/" + string(m.ID)
	if err := t.top.root.Rename(f.path, place); err != nil {
		return ioError("make", place, err)
	}
	f.path = place
	if t.relaxed() {
		return nil
	}
	return disk.Unsure(ioError("flush", place, errors.Join(t.top.flush(parent), t.top.flush(base))))
}

// modelMark begins the path of a step on a file of a logged model, in the journal of a run.
const modelMark = "model:"

// splitModel takes the path of such a step apart.
func splitModel(p string) (core.ModelID, string, bool) {
	rest, found := strings.CutPrefix(p, modelMark)
	id, below, _ := strings.Cut(rest, "/")
	return core.ModelID(id), below, found
}

// lockModels locks the logged models that a batch measures, in order, and lets do run.
func (t *Tracking) lockModels(
	ctx context.Context, ids []core.ModelID, known map[core.ModelID]*model, do func() error,
) error {
	if len(ids) == 0 {
		return do()
	}
	return t.withModel(ctx, ids[0], exclusive, func(m *model, _ *folder) error {
		if _, err := m.active(); err != nil {
			return err
		}
		known[m.id] = m
		return t.lockModels(ctx, ids[1:], known, do)
	})
}

// measured lists the logged models of a batch.
func measured(batch core.Batch) []core.ModelID {
	var ids []core.ModelID
	for _, m := range batch.Metrics {
		if m.ModelID != "" {
			ids = append(ids, m.ModelID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
