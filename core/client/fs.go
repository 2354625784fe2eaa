package client

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"time"

	"github.com/mlstore/mlstore/core"
)

// FS is a read-only view of a repository for whoever knows package io/fs: template parsers, http.FileServerFS, fs.WalkDir.
// Every call runs under ctx. Files are streams without Seek. Times are zero where the store knows none.
func FS(ctx context.Context, r core.ArtifactRepository) fs.FS {
	return &artifactFS{ctx: ctx, from: r}
}

type artifactFS struct {
	ctx  context.Context //nolint:containedctx // io/fs has no other place for it
	from core.ArtifactRepository
}

var (
	_ fs.ReadDirFS = (*artifactFS)(nil)
	_ fs.StatFS    = (*artifactFS)(nil)
)

// Open opens a file or directory.
func (f *artifactFS) Open(name string) (fs.File, error) {
	info, err := f.stat("open", name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return &openDir{fs: f, name: name, info: info}, nil
	}
	body, err := f.from.Open(f.ctx, name, core.ReadOptions{})
	if err != nil {
		return nil, pathError("open", name, err)
	}
	return &openFile{body, info}, nil
}

// Stat describes a file or directory. The root is always there.
func (f *artifactFS) Stat(name string) (fs.FileInfo, error) { return f.stat("stat", name) }

func (f *artifactFS) stat(op, name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	if name == "." {
		return artifactInfo{core.Artifact{Path: ".", Dir: true}}, nil
	}
	found, err := f.from.Stat(f.ctx, name)
	if err != nil {
		return nil, pathError(op, name, err)
	}
	return artifactInfo{found}, nil
}

// ReadDir lists a directory, sorted by name.
func (f *artifactFS) ReadDir(name string) ([]fs.DirEntry, error) {
	info, err := f.stat("readdir", name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a directory")}
	}
	return f.list(name)
}

func (f *artifactFS) list(name string) ([]fs.DirEntry, error) {
	dir := name
	if dir == "." {
		dir = ""
	}
	var entries []fs.DirEntry
	for a, err := range Artifacts(f.ctx, f.from, dir, core.ListOptions{}) {
		if err == nil {
			err = inside(a, dir)
		}
		if err != nil {
			return nil, pathError("readdir", name, err)
		}
		entries = append(entries, fs.FileInfoToDirEntry(artifactInfo{a}))
	}
	return entries, nil
}

// pathError makes an error that errors.Is finds both as the store's and as package fs's.
func pathError(op, name string, err error) error {
	var as error
	switch {
	case errors.Is(err, core.ErrNotFound), errors.Is(err, core.ErrInvalid): // a name that no store can have is not there
		as = fs.ErrNotExist
	case errors.Is(err, core.ErrPermission), errors.Is(err, core.ErrUnauthenticated):
		as = fs.ErrPermission
	}
	return &fs.PathError{Op: op, Path: name, Err: errors.Join(as, err)}
}

type artifactInfo struct{ artifact core.Artifact }

func (i artifactInfo) Name() string { return path.Base(i.artifact.Path) }
func (i artifactInfo) Size() int64  { return i.artifact.Size }
func (i artifactInfo) IsDir() bool  { return i.artifact.Dir }
func (i artifactInfo) Sys() any     { return i.artifact }

func (i artifactInfo) Mode() fs.FileMode {
	if i.artifact.Dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

func (i artifactInfo) ModTime() time.Time {
	if i.artifact.ModTime == 0 {
		return time.Time{}
	}
	return i.artifact.ModTime.Time()
}

type openFile struct {
	io.ReadCloser
	info fs.FileInfo
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }

type openDir struct {
	fs     *artifactFS
	name   string
	info   fs.FileInfo
	listed bool
	rest   []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return d.info, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: errors.New("is a directory")}
}

// ReadDir returns the next n entries, or with n ≤ 0 all that are left.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if !d.listed {
		entries, err := d.fs.list(d.name)
		if err != nil {
			return nil, err
		}
		d.rest, d.listed = entries, true
	}
	if n <= 0 {
		n = len(d.rest)
	} else if len(d.rest) == 0 {
		return nil, io.EOF
	}
	var next []fs.DirEntry
	next, d.rest = cut(d.rest, n)
	return next, nil
}
