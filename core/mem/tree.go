package mem

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// artifactData is the tree of files that all handles of one repository share. A directory is what has files below it.
type artifactData struct {
	mu    sync.RWMutex
	files map[string]*file
	paths []string // of the files, sorted by bytes
}

// file is one version of a file and never changes: a path that is written again gets another one.
type file struct {
	core.Artifact
	content []byte
}

// from returns the index of the first path that is not less than text.
func (d *artifactData) from(text string) int {
	at, _ := slices.BinarySearch(d.paths, text)
	return at
}

// end returns the index behind the paths that begin with prefix, which must end in a slash, or be empty.
func (d *artifactData) end(prefix string) int {
	if prefix == "" {
		return len(d.paths)
	}
	return d.from(prefix[:len(prefix)-1] + "0") // in ASCII 0 follows the slash
}

func (d *artifactData) isDir(path string) bool {
	at := d.from(path + "/")
	return at < len(d.paths) && strings.HasPrefix(d.paths[at], path+"/")
}

// obstacle is why a file cannot be put at path.
func (d *artifactData) obstacle(path string, ifAbsent bool) error {
	_, isFile := d.files[path]
	isDir := d.isDir(path)
	switch {
	case ifAbsent && (isFile || isDir):
		return core.Exists("artifact", path)
	case isDir:
		return core.State(path, "there is a directory at %q: a file cannot replace it", path)
	}
	for at, c := range path {
		if c != '/' {
			continue
		}
		if _, found := d.files[path[:at]]; found {
			return core.State(path, "%q cannot lie below %q, which is a file", path, path[:at])
		}
	}
	return nil
}

func (d *artifactData) put(f *file) {
	if d.files == nil {
		d.files = map[string]*file{}
	}
	if _, found := d.files[f.Path]; !found {
		d.paths = slices.Insert(d.paths, d.from(f.Path), f.Path)
	}
	d.files[f.Path] = f
}

func (d *artifactData) deleteFile(path string) {
	if _, found := d.files[path]; !found {
		return
	}
	at := d.from(path)
	d.paths = slices.Delete(d.paths, at, at+1)
	delete(d.files, path)
}

func (d *artifactData) deleteBelow(prefix string) {
	start, end := d.from(prefix), d.end(prefix)
	for _, path := range d.paths[start:end] {
		delete(d.files, path)
	}
	d.paths = slices.Delete(d.paths, start, end)
}

// below returns what lies below prefix and comes after the path `after`, sorted by path: every file, or the files and
// directories directly below.
func (d *artifactData) below(prefix, after string, recursive bool) []core.Artifact {
	start, end := d.from(prefix), d.end(prefix)
	if recursive {
		if after != "" {
			start = d.from(after + "\x00") // the least text above after
		}
		entries := make([]core.Artifact, 0, max(end-start, 0))
		for at := start; at < end; at++ {
			entries = append(entries, d.files[d.paths[at]].Artifact)
		}
		return entries
	}
	entries := []core.Artifact{}
	for at := start; at < end; at++ {
		e := d.files[d.paths[at]].Artifact
		if name, _, deeper := strings.Cut(e.Path[len(prefix):], "/"); deeper {
			e = core.Artifact{Path: prefix + name, Dir: true}
			at = d.end(e.Path+"/") - 1
		}
		if e.Path > after {
			entries = append(entries, e)
		}
	}
	// By bytes a directory `a` comes before `a.txt`, but what lies in it comes behind.
	slices.SortFunc(entries, func(a, b core.Artifact) int { return cmp.Compare(a.Path, b.Path) })
	return entries
}
