package file

import (
	"errors"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/core/names"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

const (
	tagsName    = "tags"
	aliasesName = "aliases"

	maxTag = 1 << 20 // bytes of a tag's file; the longest value has a tenth of a million characters
)

// keyed is what lies in a folder of which each file is a key, with slashes in it for folders: tags, aliases.
type keyed struct {
	dir   string            // from the root
	paths map[string]string // by key, from dir
	dirs  map[string]struct{}
	files map[string]struct{}
}

func (k *keyed) isFile(path string) bool { _, found := k.files[path]; return found }
func (k *keyed) isDir(path string) bool  { _, found := k.dirs[path]; return found }

// readKeys finds the keys in a folder, which need not be there. Files whose name is no key are passed over.
func readKeys(root *disk.Root, dir string) (*keyed, error) {
	k := &keyed{dir: dir, paths: map[string]string{}, dirs: map[string]struct{}{}, files: map[string]struct{}{}}
	return k, k.walk(root, "")
}

func (k *keyed) walk(root *disk.Root, below string) error {
	entries, err := root.ReadDir(path.Join(k.dir, below))
	if err != nil {
		return unlessNothing(err)
	}
	for _, entry := range entries {
		name := path.Join(below, entry.Name())
		switch {
		case entry.IsDir():
			k.dirs[name] = struct{}{}
			if strings.Count(name, "/") < maxKeyDepth {
				if err := k.walk(root, name); err != nil {
					return err
				}
			}
		case entry.Type().IsRegular():
			k.files[name] = struct{}{}
			if key, ok := pathKey(name); ok {
				k.paths[key] = name
			}
		}
	}
	return nil
}

// maxKeyDepth bounds how deep folders of keys are followed: a key has at most 250 characters.
const maxKeyDepth = 256

// path is where the key is, or would be.
func (k *keyed) path(key string) string {
	if known, found := k.paths[key]; found {
		return known
	}
	name := keyPath(key, k)
	if len(key) <= maxFolder && !strings.ContainsAny(key, "./") && !k.isDir(key) {
		name = key // as MLflow has it, also where a long component is cut elsewhere
	}
	return name
}

// read returns the values of all keys. A file that has gone meanwhile, by MLflow's hand, has none.
func (k *keyed) read(root *disk.Root) (map[string]string, error) {
	if len(k.paths) == 0 {
		return nil, nil //nolint:nilnil // no values
	}
	values := make(map[string]string, len(k.paths))
	for key, name := range k.paths {
		data, err := root.ReadFile(path.Join(k.dir, name), maxTag)
		if errors.Is(err, core.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		values[key] = string(data)
	}
	return values, nil
}

func readTags(root *disk.Root, folder string) (map[string]string, error) {
	k, err := readKeys(root, path.Join(folder, tagsName))
	if err != nil {
		return nil, err
	}
	return k.read(root)
}

// readAliases returns the aliases of a model, whatever they point to. What is no alias is passed over.
func readAliases(root *disk.Root, folder string) (map[string]int, error) {
	k, err := readKeys(root, path.Join(folder, aliasesName))
	if err != nil {
		return nil, err
	}
	values, err := k.read(root)
	if err != nil {
		return nil, err
	}
	aliases := make(map[string]int, len(values))
	for alias, text := range values {
		number, err := strconv.Atoi(strings.TrimSpace(text))
		if err == nil && number > 0 && names.Alias(alias) == nil {
			aliases[alias] = number
		}
	}
	return aliases, nil
}

// tagSteps adds to a change what setting and deleting tags takes. in is the folder that has the tags, from in.Folder.
func tagSteps(root *disk.Root, in *intent, folder string, change core.TagChange) error {
	if change.Empty() {
		return nil
	}
	dir := path.Join(folder, tagsName)
	k, err := readKeys(root, path.Join(in.Folder, dir))
	if err != nil {
		return err
	}
	for _, key := range change.Delete {
		if name, found := k.paths[key]; found {
			in.Remove = append(in.Remove, path.Join(dir, name))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(change.Set)) {
		name := k.path(key)
		in.write(path.Join(dir, name), change.Set[key])
		k.add(key, name)
	}
	return nil
}

// add makes a place known that is to be written.
func (k *keyed) add(key, name string) {
	k.paths[key] = name
	k.files[name] = struct{}{}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		k.dirs[dir] = struct{}{}
	}
}

func (in *intent) write(name, content string) {
	if in.Write == nil {
		in.Write = map[string]string{}
	}
	in.Write[name] = content
}

// fillTags writes tags into a new folder that nobody sees yet.
func fillTags(into *disk.TempDir, tags map[string]string, d disk.Durability) error {
	k := &keyed{paths: map[string]string{}, dirs: map[string]struct{}{}, files: map[string]struct{}{}}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		name := k.path(key)
		k.add(key, name)
		if err := into.Add(path.Join(tagsName, name), []byte(tags[key]), d); err != nil {
			return err
		}
	}
	return nil
}
