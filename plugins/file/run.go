package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// run is what is known of one run: what was read of its folder, and in which state that was. Its gate guards it; whoever is
// through the gate may look at stamps without a lock, and reads and writes files under the lock of the folder.
type run struct {
	t    *Tracking
	id   core.RunID
	gate gate
	in   core.ExperimentID
	base string // its folder, from the store's root

	kept *folder // its folder, open and unlocked, of a run that is written to: see keeper
	done stamp   // the journal as it was when nothing of it was pending

	meta    metaState
	info    core.RunInfo // as meta.yaml says it
	metrics shelf
	params  shelf
	tags    shelf
	inputs  shelf
	outputs shelf
}

// metaState is a meta.yaml as it was read.
type metaState struct {
	at   stamp
	firm bool
	err  error
}

// broken reports whether the file could not be read.
func (m *metaState) broken() bool { return m.err != nil }

func newRun(t *Tracking, id core.RunID, in core.ExperimentID, base string) *run {
	return &run{
		t: t, id: id, gate: newGate(), in: in, base: base,
		metrics: shelf{name: "metrics", holds: runPoints},
		params:  shelf{name: "params"}, tags: shelf{name: "tags"},
		inputs: shelf{name: "inputs"}, outputs: shelf{name: "outputs"},
	}
}

// need is the part of a run that is looked at, beside its meta.yaml.
type need struct {
	metrics, params, tags keys
	lineage               bool
}

// keys chooses keys of a shelf. The zero value chooses none.
type keys struct {
	all   bool
	these []string
}

func (k keys) none() bool { return !k.all && len(k.these) == 0 }

// list is nil for all keys.
func (k keys) list() []string {
	if k.all {
		return nil
	}
	return k.these
}

func wholeRun() need {
	return need{metrics: keys{all: true}, params: keys{all: true}, tags: keys{all: true}, lineage: true}
}

// shelves calls do for each shelf that is needed.
func (r *run) shelves(n need, do func(*shelf, []string) (bool, error)) (bool, error) {
	type pick struct {
		s *shelf
		k keys
	}
	lineage := keys{all: n.lineage}
	if r.info.Name == "" && !n.tags.all { // 1.x has the name in a tag alone
		n.tags.these = append(n.tags.these[:len(n.tags.these):len(n.tags.these)], core.RunNameTag)
	}
	for _, p := range [...]pick{
		{&r.metrics, n.metrics}, {&r.params, n.params}, {&r.tags, n.tags}, {&r.inputs, lineage}, {&r.outputs, lineage},
	} {
		if p.k.none() {
			continue
		}
		if going, err := do(p.s, p.k.list()); !going || err != nil {
			return going, err
		}
	}
	return true, nil
}

// current reports, without a lock, whether what is needed is as it was read. All of it was read under the lock, so that a
// state in which everything is unchanged is one without half a batch. When the shelves are enough to know that nobody wants the
// run, the second result says so, and its meta.yaml was not looked at.
//
// base is the run's folder as seen from dir.
func (r *run) current(dir *os.File, base string, n need, hopeless func(*run) bool) (same, without bool, err error) {
	meta := state{path: metaFile, at: r.meta.at, firm: r.meta.firm}
	base += "/"
	if meta.firm && !r.meta.broken() {
		same, err = r.shelves(n, func(s *shelf, keys []string) (bool, error) { return s.current(dir, base, keys) })
		if !same || err != nil {
			return false, false, err
		}
		if hopeless != nil && hopeless(r) {
			return true, true, nil
		}
	}
	same, err = meta.current(dir, base)
	return same, false, err
}

// refresh brings what is needed up to date. The folder's lock must be held.
func (r *run) refresh(ctx context.Context, f *folder, n need) error {
	if err := r.refreshMeta(ctx, f); err != nil {
		return err
	}
	if r.meta.broken() {
		return nil
	}
	_, err := r.shelves(n, func(s *shelf, keys []string) (bool, error) { return true, s.refresh(f, keys) })
	return err
}

func (r *run) refreshMeta(ctx context.Context, f *folder) error {
	if r.meta.firm {
		if now, err := stat(f.dir, metaFile); err == nil && now == r.meta.at {
			return nil
		}
	}
	return r.meta.load(ctx, f, func(data []byte) (err error) {
		r.info, err = readRun(r.in, r.id, data)
		return err
	})
}

// load reads a meta.yaml. MLflow writes it in place, so that a young one that is not whole may be whole in a moment, and
// while one changes between two looks somebody is at it. An empty one gets more time: MLflow empties it, makes up the text and
// then writes, and a busy disk can hold it up in between for longer than a second.
func (m *metaState) load(ctx context.Context, f *folder, parse func([]byte) error) error {
	const patience = 3 * time.Second
	begin := time.Now()
	for attempt := 1; ; attempt++ {
		data, at, err := f.read(metaFile, maxYAML)
		if err == nil {
			err = parse(data)
		}
		now := time.Now()
		if attempt > 1 && at != m.at && now.Sub(begin) < patience {
			attempt = 1
		}
		m.at, m.firm, m.err = at, at.firm(now), err
		attempts, youth := 4, time.Second
		if len(data) == 0 {
			attempts, youth = 6, 30*time.Second
		}
		young := !at.absent() && now.Add(-youth).UnixNano() < at.Mtime
		if err == nil || attempt == attempts || !young {
			break
		}
		select {
		case <-time.After(time.Duration(attempt*attempt) * 10 * time.Millisecond):
		case <-ctx.Done():
			return interrupted(ctx)
		}
	}
	switch {
	case m.err == nil:
	case passing(m.err):
		err := m.err
		*m = metaState{}
		return ioError("read", path.Join(f.path, metaFile), err)
	case errors.Is(m.err, fs.ErrNotExist):
		m.err = malformed(path.Join(f.path, metaFile), "it is missing")
	default:
		m.err = malformed(path.Join(f.path, metaFile), "it cannot be read: %w", disk.Bare(m.err))
	}
	return nil
}

// entity makes what the store shows of the run, as far as n was read. The first file that cannot be read is the error.
func (r *run) entity(n need) (core.Run, error) {
	if r.meta.err != nil {
		return core.Run{}, r.meta.err
	}
	e := core.Run{RunInfo: r.info}
	var err error
	if trashed(r.base) {
		var moved bool
		if moved, err = r.t.movedOnly(path.Dir(r.base)); err != nil {
			return core.Run{}, err
		}
		if moved {
			e.Lifecycle = core.Deleted
		}
	}
	if n.metrics.all || len(n.metrics.these) > 0 {
		e.Metrics, err = r.latest(n.metrics)
	}
	if err == nil && !n.params.none() {
		e.Params, err = r.params.strings(n.params)
	}
	if err == nil && !n.tags.none() {
		e.Tags, err = r.tags.strings(n.tags)
	}
	if e.Name == "" {
		if tag := r.tags.items[core.RunNameTag]; tag != nil {
			e.Name = tag.text
		}
	}
	return e, err
}

func (r *run) latest(k keys) (map[string]core.Metric, error) {
	all := make(map[string]core.Metric, len(r.metrics.items))
	err := r.metrics.each(k, func(key string, i *item) {
		if len(i.latest) > 0 { // an empty file holds no point
			all[key] = i.latest[0].Metric
		}
	})
	return all, err
}

// strings returns the texts of the keys that are there.
func (s *shelf) strings(k keys) (map[string]string, error) {
	all := make(map[string]string, len(s.items))
	err := s.each(k, func(key string, i *item) { all[key] = i.text })
	return all, err
}

func (s *shelf) each(k keys, do func(string, *item)) error {
	if k.all {
		for key, i := range s.items {
			if i.err != nil {
				return i.err
			}
			do(key, i)
		}
		return nil
	}
	for _, key := range k.these {
		if i := s.items[key]; i != nil {
			if i.err != nil {
				return i.err
			}
			do(key, i)
		}
	}
	return nil
}
