package file

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// maxIntent bounds the size of a journal: a rename writes the meta.yaml of each version.
const maxIntent = 1 << 30

// intent is a change of one model that takes several steps. It is written down before the first of them and repeated after a
// crash; each step may be repeated.
type intent struct {
	// From and To name a folder to move, before anything else. When something is at To and From is still there, somebody
	// who does not know our lock was quicker, and the whole change is void.
	From, To string `json:",omitempty"`

	Folder string            // of the model, from the root. When it is not there, there is nothing to do
	Write  map[string]string // files in Folder and their content
	Remove []string          // files and folders in Folder
}

// perform makes a change. The lock must be held. A void one is ErrExists.
func (r *Registry) perform(root *disk.Root, in intent) error {
	if step, single := r.single(in); single {
		return step(root)
	}
	data, err := json.Marshal(in)
	if err != nil {
		return core.Errorf(core.Internal, "encode the journal: %w", err)
	}
	if err := root.WriteAtomic(intentFile, data, r.durability()); err != nil {
		return err
	}
	return r.finish(root, in)
}

// single returns a change of at most one step, which needs no journal.
func (r *Registry) single(in intent) (step func(*disk.Root) error, single bool) {
	moves := 0
	if in.From != "" {
		moves = 1
	}
	switch {
	case moves+len(in.Write)+len(in.Remove) > 1:
		return nil, false
	case moves == 1:
		return func(root *disk.Root) error { return root.Rename(in.From, in.To, r.durability()) }, true
	}
	return func(root *disk.Root) error { return r.steps(root, in, r.durability()) }, true
}

// finish takes the steps of a change whose journal is written, and removes the journal. An error in between leaves it: the
// change will be finished by who takes the lock next.
func (r *Registry) finish(root *disk.Root, in intent) error {
	void, err := r.moveFirst(root, in)
	if err == nil && void == nil {
		if err = r.steps(root, in, disk.Relaxed); err == nil && r.durability() == disk.Sync {
			err = flushSteps(root, in)
		}
	}
	if err != nil {
		return disk.Unsure(err)
	}
	// Flushed before the next change: repeated after that one, this one would undo it.
	if err := root.Remove(intentFile, r.durability()); err != nil {
		return disk.Unsure(err)
	}
	return void
}

// moveFirst moves the folder. void is ErrExists for a change that must not be made.
func (r *Registry) moveFirst(root *disk.Root, in intent) (void, err error) {
	if in.From == "" {
		return nil, nil
	}
	err = root.Rename(in.From, in.To, disk.Relaxed)
	switch {
	case errors.Is(err, core.ErrNotFound): // moved before the crash
		return nil, nil
	case errors.Is(err, core.ErrExists):
		return err, nil
	}
	return nil, err
}

// steps writes and removes. A single step must be flushed at once; many are flushed together.
func (r *Registry) steps(root *disk.Root, in intent, d disk.Durability) error {
	if _, err := root.Stat(in.Folder); err != nil {
		return unlessNothing(err)
	}
	for _, name := range in.Remove {
		full := path.Join(in.Folder, name)
		if err := root.RemoveAll(full, d); err != nil {
			return err
		}
		prune(root, path.Dir(full))
	}
	for _, name := range slices.Sorted(maps.Keys(in.Write)) {
		full := path.Join(in.Folder, name)
		if err := root.MkdirAll(path.Dir(full), disk.Relaxed); err != nil {
			return err
		}
		if err := root.WriteVia(registryHidden, full, []byte(in.Write[name]), d); err != nil {
			return err
		}
	}
	return nil
}

// prune removes the folders of tags and aliases that have become empty, so that a key may take the name of one. It stops at
// the first that has something in it.
func prune(root *disk.Root, dir string) {
	for path.Base(dir) != tagsName && path.Base(dir) != aliasesName && root.Remove(dir, disk.Relaxed) == nil {
		dir = path.Dir(dir)
	}
}

func flushSteps(root *disk.Root, in intent) error {
	dirs := map[string]struct{}{in.Folder: {}}
	if in.From != "" {
		dirs[path.Dir(in.From)], dirs[path.Dir(in.To)] = struct{}{}, struct{}{}
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(in.Write)), in.Remove) {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			dirs[path.Join(in.Folder, dir)] = struct{}{}
		}
	}
	for name := range in.Write {
		if err := root.SyncFile(path.Join(in.Folder, name)); unlessNothing(err) != nil {
			return err
		}
	}
	delete(dirs, registryHidden) // flushed when the journal goes
	for dir := range dirs {
		if err := root.SyncDir(dir); unlessNothing(err) != nil {
			return err
		}
	}
	return nil
}

// recover finishes what a crash has left half done, and removes what has become of its temporary files. The lock must be
// held.
func (r *Registry) recover(root *disk.Root) error {
	data, err := root.ReadFile(intentFile, maxIntent)
	if err == nil {
		var in intent
		if err := json.Unmarshal(data, &in); err != nil || !in.valid() {
			return core.Errorf(core.DataLoss, "%s is damaged: look whether its change was made, then remove it", intentFile)
		}
		if err := r.finish(root, in); err != nil && !errors.Is(err, core.ErrExists) {
			return err
		}
	} else if !errors.Is(err, core.ErrNotFound) {
		return err
	}
	if r.swept.Swap(true) {
		return nil
	}
	return root.Sweep(registryHidden)
}

// valid reports that every path of a change lies where changes are made.
func (in *intent) valid() bool {
	paths := []string{in.Folder}
	if in.From != "" {
		paths = append(paths, in.From, in.To)
	}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(in.Write)), in.Remove) {
		paths = append(paths, path.Join(in.Folder, name))
		if !fs.ValidPath(name) || name == "." {
			return false
		}
	}
	return !slices.ContainsFunc(paths, func(name string) bool { return !fs.ValidPath(name) || name == "." })
}
