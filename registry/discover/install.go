package discover

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/mlstore/mlstore/core"
)

// Source is a plugin that is to be installed.
type Source struct {
	Program  string // its path
	Manifest []byte // what it prints for the argument `describe`
}

// Install copies a plugin into dir, which it makes when need be, and pins what it copied in the folder's lock file. What was
// installed under the name before is replaced. The lock file changes last: if Install is cut short, the plugin is one that
// Find rejects, never another than the one that is pinned.
func Install(ctx context.Context, dir string, s Source) (Candidate, error) {
	const op = "install plugin"
	m, err := Parse(s.Manifest)
	if err != nil {
		return Candidate{}, core.Do(op, s.Program, err)
	}
	c, err := install(ctx, dir, s, m)
	return c, core.Do(op, m.Name, err)
}

func install(ctx context.Context, dir string, s Source, m core.Manifest) (Candidate, error) {
	if !filepath.IsAbs(dir) {
		return Candidate{}, core.Invalid("folder", "the folder %s is not an absolute path", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // programs are no secret
		return Candidate{}, fileError(err)
	}
	dir, err := realDir(dir)
	if err != nil {
		return Candidate{}, err
	}
	if err := safeDir(dir); err != nil {
		return Candidate{}, err
	}
	unlock, err := lockDir(ctx, dir)
	if err != nil {
		return Candidate{}, err
	}
	defer unlock()
	lock, _, err := readLock(dir)
	if err != nil {
		return Candidate{}, err
	}
	manifest, program, err := stored(m, s.Manifest)
	if err != nil {
		return Candidate{}, err
	}
	pin := Pin{Name: m.Name, Version: m.Version, Program: program, Manifest: hexDigest(manifest)}
	if err := place(ctx, dir, s.Program, manifest, &pin); err != nil {
		return Candidate{}, err
	}
	if err := writeLock(ctx, dir, lock.with(pin)); err != nil {
		return Candidate{}, err
	}
	c, err := readIn(dir, filePrefix+m.Name+".json")
	if err != nil {
		return c, err
	}
	err = hold(&c, pin)
	return c, err
}

// stored is the manifest as it is installed, and the program's name there: its own name, whatever the source is called.
func stored(m core.Manifest, text []byte) (manifest []byte, program string, err error) {
	program = filePrefix + m.Name
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if len(m.Command) == 0 {
		return text, program, nil
	}
	m.Command = slices.Concat([]string{program}, m.Command[1:])
	manifest, err = json.MarshalIndent(m, "", "  ")
	return append(manifest, '\n'), program, err
}

// place puts program and manifest where they belong, and notes in pin what they are.
func place(ctx context.Context, dir, source string, manifest []byte, pin *Pin) error {
	f, err := os.Open(source)
	if err != nil {
		return fileError(err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return fileError(err)
	case !info.Mode().IsRegular():
		return core.Invalid("program", "%s is no regular file", source)
	}
	staged, err := stage(ctx, dir, f, 0o755)
	if err != nil {
		return err
	}
	defer staged.discard()
	described, err := stage(ctx, dir, bytes.NewReader(manifest), 0o644)
	if err != nil {
		return err
	}
	defer described.discard()
	pin.SHA256, pin.Size = staged.digest, staged.size
	if err := staged.rename(pin.Program); err != nil {
		return err
	}
	return described.rename(filePrefix + pin.Name + ".json")
}

// writeLock replaces the lock file of dir.
func writeLock(ctx context.Context, dir string, lock Lock) error {
	text, err := json.MarshalIndent(lock, "", "  ")
	if err != nil {
		return err
	}
	staged, err := stage(ctx, dir, bytes.NewReader(append(text, '\n')), 0o644)
	if err != nil {
		return err
	}
	defer staged.discard()
	if err := staged.rename(lockFile); err != nil {
		return err
	}
	return syncDir(dir)
}

// stagedFile is a file that is whole, but has no name yet that anybody looks for.
type stagedFile struct {
	path   string
	digest string
	size   int64
}

// stage writes a file into dir, to be renamed within it.
func stage(ctx context.Context, dir string, content io.Reader, mode fs.FileMode) (stagedFile, error) {
	f, err := os.CreateTemp(dir, ".staged-*")
	if err != nil {
		return stagedFile{}, fileError(err)
	}
	s := stagedFile{path: f.Name()}
	s.digest, s.size, err = digestOf(ctx, io.TeeReader(content, f))
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		s.discard()
		return stagedFile{}, core.Do("write", s.path, err)
	}
	return s, nil
}

// rename gives the file its name.
func (s stagedFile) rename(name string) error {
	if err := os.Rename(s.path, filepath.Join(filepath.Dir(s.path), filepath.FromSlash(name))); err != nil {
		return fileError(err)
	}
	return nil
}

// discard removes the file unless it has got its name.
func (s stagedFile) discard() { _ = os.Remove(s.path) }
