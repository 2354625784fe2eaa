package discover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// The reasons of errors about plugins, which say more than their codes.
const (
	ReasonNotFound  core.Reason = "PLUGIN_NOT_FOUND"
	ReasonAmbiguous core.Reason = "SCHEME_AMBIGUOUS"
	ReasonRefused   core.Reason = "PLUGIN_REFUSED"
	ReasonChecksum  core.Reason = "CHECKSUM_MISMATCH"
)

// Options says where plugins are looked for and which are used. The zero value finds none.
type Options struct {
	Dirs   []string // in order; see Places
	Locked bool     // use only plugins that the lock file of their folder pins
}

// Found is what is in the folders.
type Found struct {
	Plugins  []Candidate // that may be started, sorted by name
	Rejected []Rejected  // that may not, in the order of the folders
	Shadowed []Candidate // that a plugin of the same name in an earlier folder hides

	choices []choice
}

// Rejected is a plugin that is not used, and why.
type Rejected struct {
	Name     string        // as the file is called
	File     string        // the manifest's path, or the folder's
	Manifest core.Manifest // as far as it could be read
	Err      error
}

// Find looks for plugins. What is wrong with one of them, or with a folder, is in Found.Rejected; its own error is ctx's.
func Find(ctx context.Context, o Options) (Found, error) {
	var f Found
	seen := map[string]bool{}
	for _, dir := range o.Dirs {
		if err := core.Interrupted(ctx); err != nil {
			return Found{}, core.Do("find plugins", dir, err)
		}
		real, err := realDir(dir)
		switch {
		case err == nil && seen[real], errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			f.reject(filepath.Base(dir), dir, Candidate{}, err)
			continue
		}
		seen[real] = true
		f.search(real, o.Locked)
	}
	slices.SortFunc(f.Plugins, func(a, b Candidate) int { return cmp.Compare(a.Name(), b.Name()) })
	return f, nil
}

// search adds what one folder holds.
func (f *Found) search(dir string, locked bool) {
	names, err := manifests(dir)
	if err != nil {
		f.reject(filepath.Base(dir), dir, Candidate{}, err)
		return
	}
	if err := safeDir(dir); err != nil {
		f.rejectAll(dir, names, err)
		return
	}
	if err := f.readChoices(dir); err != nil {
		f.reject(settingsFile, filepath.Join(dir, settingsFile), Candidate{}, err)
	}
	lock, pinned, err := readLock(dir)
	if err != nil {
		f.rejectAll(dir, names, err)
		return
	}
	for _, name := range names {
		c, err := readIn(dir, filePrefix+name+".json")
		switch {
		case err != nil:
		case c.Name() != name:
			err = core.Invalid("name", "the manifest is that of %q, and its file is called %s", c.Name(), filepath.Base(c.File))
		case pinned || locked:
			err = c.pinned(lock)
		}
		if err != nil {
			f.reject(name, c.File, c, err)
			continue
		}
		f.add(c)
	}
}

// manifests lists the names of the plugins whose manifests are in dir, sorted.
func manifests(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fileError(err)
	}
	var names []string
	for _, entry := range entries {
		name, found := strings.CutPrefix(entry.Name(), filePrefix)
		name, isManifest := strings.CutSuffix(name, ".json")
		if found && isManifest && core.ManifestName(name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// pinned holds a plugin to the lock file of its folder.
func (c *Candidate) pinned(lock Lock) error {
	pin, ok := lock.pin(c.Name())
	if !ok {
		return core.Errorf(core.FailedPrecondition, "no lock file pins it: run mlstore plugin install %s", c.Path)
	}
	return c.hold(pin)
}

func (f *Found) add(c Candidate) {
	if slices.ContainsFunc(f.Plugins, func(other Candidate) bool { return other.Name() == c.Name() }) {
		f.Shadowed = append(f.Shadowed, c)
		return
	}
	f.Plugins = append(f.Plugins, c)
}

func (f *Found) reject(name, file string, c Candidate, err error) {
	f.Rejected = append(f.Rejected, Rejected{Name: name, File: file, Manifest: c.Manifest, Err: core.Do("read plugin", name, err)})
}

func (f *Found) rejectAll(dir string, names []string, err error) {
	for _, name := range names {
		f.reject(name, filepath.Join(dir, filePrefix+name+".json"), Candidate{}, err)
	}
}

func errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }
