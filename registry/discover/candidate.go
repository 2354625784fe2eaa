package discover

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// filePrefix is how the names of a plugin's files begin; the plugin's name follows.
const filePrefix = "mlstore-plugin-"

// Candidate is a plugin that was found and may be started.
type Candidate struct {
	Manifest core.Manifest
	File     string   // the manifest's path
	Path     string   // the program's path, absolute; neither it nor a folder on the way from Dir is a symbolic link
	Args     []string // for the program
	Dir      string   // the folder of both, absolute and without symbolic links
	Digest   string   // the sha256 that Path must have, in hexadecimal; empty when no lock file pins it
	Size     int64    // of the program, in bytes

	manifest string // sha256 of the manifest's file
}

// Name is the plugin's name.
func (c Candidate) Name() string { return c.Manifest.Name }

// Serves reports whether the plugin serves the scheme with stores of the kind; an empty kind is any.
func (c Candidate) Serves(scheme, kind string) bool {
	return slices.ContainsFunc(c.Manifest.Schemes, func(s core.ManifestScheme) bool {
		return s.Scheme == scheme && (kind == "" || slices.Contains(s.Kinds, kind))
	})
}

// Read reads the manifest at file and looks at the program, under the rules of Find for the folder that they are in, but for
// the lock file. Every name of a file will do.
func Read(file string) (Candidate, error) {
	c, err := read(file)
	return c, core.Do("read plugin", file, err)
}

func read(file string) (Candidate, error) {
	dir, err := realDir(filepath.Dir(file))
	if err != nil {
		return Candidate{}, err
	}
	if err := safeDir(dir); err != nil {
		return Candidate{}, err
	}
	return readIn(dir, filepath.Base(file))
}

// readIn reads the manifest called name in dir, which has been checked.
func readIn(dir, name string) (Candidate, error) {
	c := Candidate{Dir: dir, File: filepath.Join(dir, name)}
	if _, err := safeFile(dir, name); err != nil {
		return c, err
	}
	text, err := readSmall(c.File, manifestLimit)
	if err != nil {
		return c, err
	}
	if c.Manifest, err = Parse(text); err != nil {
		return c, err
	}
	c.manifest = hexDigest(text)
	err = locate(&c, strings.TrimSuffix(name, ".json"))
	return c, err
}

// locate finds the program: what the manifest's command names, else the file beside it.
func locate(c *Candidate, program string) error {
	if len(c.Manifest.Command) > 0 {
		program, c.Args = filepath.FromSlash(c.Manifest.Command[0]), c.Manifest.Command[1:]
	} else if runtime.GOOS == "windows" {
		program += ".exe"
	}
	c.Path = filepath.Join(c.Dir, program)
	info, err := safeFile(c.Dir, program)
	if err != nil {
		return err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o111 == 0 {
		return core.Errorf(core.FailedPrecondition, "the program %s may not be executed: run chmod +x on it", c.Path)
	}
	c.Size = info.Size()
	return nil
}

// realDir is the folder at path without symbolic links. A path must be absolute: what the working directory holds is nobody's
// plugin.
func realDir(path string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", core.Invalid("folder", "the folder %s is not an absolute path", path)
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fileError(err)
	}
	info, err := os.Stat(resolved)
	switch {
	case err != nil:
		return "", fileError(err)
	case !info.IsDir():
		return "", core.Invalid("folder", "%s is no folder", path)
	}
	return resolved, nil
}
