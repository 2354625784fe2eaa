package discover

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
)

const (
	lockFile   = "plugins.lock"
	lockFormat = 1
	lockLimit  = 1 << 20 // bytes
)

// Lock is the lock file of a folder: what was installed there, and which bytes it was.
type Lock struct {
	Format  int   `json:"format"`
	Plugins []Pin `json:"plugins"` // sorted by name
}

// Pin is one installed plugin.
type Pin struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	Program  string `json:"program"`  // its path below the folder, with slashes
	Size     int64  `json:"size"`     // of the program, in bytes
	SHA256   string `json:"sha256"`   // of the program, in hexadecimal
	Manifest string `json:"manifest"` // sha256 of the manifest's file
}

// pin returns the entry of a plugin.
func (l Lock) pin(name string) (Pin, bool) {
	i := slices.IndexFunc(l.Plugins, func(p Pin) bool { return p.Name == name })
	if i < 0 {
		return Pin{}, false
	}
	return l.Plugins[i], true
}

// with is the lock with the pin in the place of what was there for its name.
func (l Lock) with(p Pin) Lock {
	l = l.without(p.Name)
	l.Plugins = append(l.Plugins, p)
	slices.SortFunc(l.Plugins, func(a, b Pin) int { return strings.Compare(a.Name, b.Name) })
	return l
}

func (l Lock) without(name string) Lock {
	plugins := slices.DeleteFunc(slices.Clone(l.Plugins), func(p Pin) bool { return p.Name == name })
	return Lock{Format: lockFormat, Plugins: plugins}
}

// readLock reads the lock file of dir, and whether there is one.
func readLock(dir string) (Lock, bool, error) {
	var lock Lock
	there, err := readSide(dir, lockFile, &lock)
	if err != nil || !there {
		return Lock{}, there, err
	}
	if lock.Format != lockFormat {
		return Lock{}, true, core.Invalid(lockFile, "the lock file %s has format %d, and this release reads %d",
			filepath.Join(dir, lockFile), lock.Format, lockFormat)
	}
	return lock, true, nil
}

// readSide reads a JSON file of ours that a folder of plugins may have.
func readSide(dir, name string, into any) (there bool, err error) {
	path := filepath.Join(dir, name)
	if _, err := safeFile(dir, name); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return true, err
	}
	text, err := readSmall(path, lockLimit)
	if err != nil {
		return true, err
	}
	if err := strict(text); err != nil {
		return true, core.Invalid(name, "%s is no proper JSON: %w", path, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return true, core.Invalid(name, "%s cannot be read: %w", path, err)
	}
	return true, nil
}

// hold checks what was read of a plugin against its pin, short of reading the program.
func hold(c *Candidate, p Pin) error {
	program, err := filepath.Rel(c.Dir, c.Path)
	if err != nil {
		return err
	}
	if p.Manifest != c.manifest || p.Version != c.Manifest.Version || p.Program != filepath.ToSlash(program) {
		return changed(*c, c.File)
	}
	if p.Size != c.Size {
		return changed(*c, c.Path)
	}
	c.Digest = p.SHA256
	return nil
}

// changed is the error for a file that is not the one that was installed.
func changed(c Candidate, path string) error {
	return &core.Error{
		Code: core.FailedPrecondition, Reason: ReasonChecksum, Key: c.Name(),
		Err: errorf("%s is not the file that was installed (%s pins it): if you changed it, run mlstore plugin install again",
			path, filepath.Join(c.Dir, lockFile)),
	}
}
