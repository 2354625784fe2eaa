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

// Names lists the plugins that are used, and then those that are not, each once.
func (f Found) Names() []string {
	var all []string
	for _, c := range f.Plugins {
		all = append(all, c.Name())
	}
	for _, r := range f.Rejected {
		if !slices.Contains(all, r.Name) {
			all = append(all, r.Name)
		}
	}
	return all
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
	s := search{locked: o.Locked, seen: map[string]bool{}}
	for _, dir := range o.Dirs {
		if err := core.Interrupted(ctx); err != nil {
			return Found{}, core.Do("find plugins", dir, err)
		}
		s.look(dir)
	}
	slices.SortFunc(s.found.Plugins, func(a, b Candidate) int { return cmp.Compare(a.Name(), b.Name()) })
	return s.found, nil
}

// search is one look through the folders.
type search struct {
	locked bool
	seen   map[string]bool // folders
	found  Found
}

// look adds what one folder holds. A folder that is not there holds nothing.
func (s *search) look(dir string) {
	resolved, err := realDir(dir)
	switch {
	case err == nil && s.seen[resolved], errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		s.reject(filepath.Base(dir), dir, Candidate{}, err)
		return
	}
	s.seen[resolved] = true
	dir = resolved
	names, err := manifests(dir)
	if err != nil {
		s.reject(filepath.Base(dir), dir, Candidate{}, err)
		return
	}
	if err := safeDir(dir); err != nil {
		s.rejectAll(dir, names, err)
		return
	}
	if err := s.readChoices(dir); err != nil {
		s.reject(settingsFile, filepath.Join(dir, settingsFile), Candidate{}, err)
	}
	lock, there, err := readLock(dir)
	if err != nil {
		s.rejectAll(dir, names, err)
		return
	}
	for _, name := range names {
		c, err := readIn(dir, filePrefix+name+".json")
		switch {
		case err != nil:
		case c.Name() != name:
			err = core.Invalid("name", "the manifest is that of %q, and its file is called %s", c.Name(), filepath.Base(c.File))
		case there || s.locked:
			err = pinned(&c, lock)
		}
		if err != nil {
			s.reject(name, c.File, c, err)
			continue
		}
		s.add(c)
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
func pinned(c *Candidate, lock Lock) error {
	pin, ok := lock.pin(c.Name())
	if !ok {
		return core.Errorf(core.FailedPrecondition, "no lock file pins it: run mlstore plugin install %s", c.Path)
	}
	return hold(c, pin)
}

func (s *search) add(c Candidate) {
	if slices.ContainsFunc(s.found.Plugins, func(other Candidate) bool { return other.Name() == c.Name() }) {
		s.found.Shadowed = append(s.found.Shadowed, c)
		return
	}
	s.found.Plugins = append(s.found.Plugins, c)
}

func (s *search) reject(name, file string, c Candidate, err error) {
	err = core.Do("read plugin", name, err)
	s.found.Rejected = append(s.found.Rejected, Rejected{Name: name, File: file, Manifest: c.Manifest, Err: err})
}

func (s *search) rejectAll(dir string, names []string, err error) {
	for _, name := range names {
		s.reject(name, filepath.Join(dir, filePrefix+name+".json"), Candidate{}, err)
	}
}

func errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }
