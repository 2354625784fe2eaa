package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/mlstore/mlstore/core"
)

// UploadFile stores a local file as the artifact at target, which is the whole path and not a directory. What the store
// says to have stored is compared with what was read.
func UploadFile(
	ctx context.Context, r core.ArtifactRepository, local, target string, o TransferOptions,
) (core.Artifact, error) {
	size, err := regular(local)
	if err == nil {
		err = core.CheckArtifactPath(target)
	}
	if err != nil {
		return core.Artifact{}, core.Do("upload", target, err)
	}
	var stored core.Artifact
	t := newTransfer("upload", o)
	t.run(ctx, func(yield func(item) bool) {
		yield(item{target, size, func(ctx context.Context, moved func(int) error) error {
			stored, err = put(ctx, r, source{local, target, size}, moved)
			return err
		}})
	})
	if err := t.result(ctx, target); err != nil {
		return core.Artifact{}, err
	}
	return stored, nil
}

// UploadDir stores the files below a local directory at the same places below the directory target of the repository; ""
// is its root. What is there already and has no counterpart stays; directories without files are not represented.
//
// Files are read through symbolic links, wherever they lead, and so is local itself. Links to directories below it are not
// entered, as in MLflow's object stores. Anything else that is no regular file fails, as does a link to nothing. A failure
// does not stop the others; the error names the first ten.
func UploadDir(ctx context.Context, r core.ArtifactRepository, local, target string, o TransferOptions) error {
	target, err := core.CheckArtifactDir(target)
	if err != nil {
		return core.Do("upload", target, err)
	}
	if local, err = directory(local); err != nil {
		return core.Do("upload", local, err)
	}
	t := newTransfer("upload", o)
	t.run(ctx, func(yield func(item) bool) {
		_ = filepath.WalkDir(local, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				t.fail(name, localError(err))
				return nil
			}
			if !t.offer(r, uploadOf{root: local, name: name, target: target, entry: entry}, yield) {
				return fs.SkipAll
			}
			return nil
		})
	})
	return t.result(ctx, target)
}

// directory checks that there is a local directory. It returns its name; where that is a link, which a walk does not enter,
// the name of what it leads to.
func directory(local string) (string, error) {
	info, err := os.Stat(local)
	if err != nil {
		return local, localError(err)
	}
	if !info.IsDir() {
		return local, core.Invalid(local, "%s is not a directory", local)
	}
	behind, err := filepath.EvalSymlinks(local)
	if err != nil {
		return local, localError(err)
	}
	return behind, nil
}

// uploadOf is one entry of the walk through a local directory.
type uploadOf struct {
	root, name, target string
	entry              fs.DirEntry
}

// offer yields the entry if it is a file, and reports whether the walk shall go on.
func (t *transfer) offer(r core.ArtifactRepository, u uploadOf, yield func(item) bool) bool {
	if u.entry.IsDir() {
		return true
	}
	if u.entry.Type()&fs.ModeSymlink != 0 {
		if info, err := os.Stat(u.name); err == nil && info.IsDir() {
			return true
		}
	}
	below, err := filepath.Rel(u.root, u.name)
	if err != nil {
		t.fail(u.name, err)
		return true
	}
	to := path.Join(u.target, filepath.ToSlash(below))
	size, err := regular(u.name)
	if err == nil {
		err = core.CheckArtifactPath(to)
	}
	if err != nil {
		t.fail(u.name, err)
		return true
	}
	return yield(item{to, size, func(ctx context.Context, moved func(int) error) error {
		_, err := put(ctx, r, source{u.name, to, size}, moved)
		return err
	}})
}

// regular returns the size of a regular file; links are followed.
func regular(name string) (int64, error) {
	info, err := os.Stat(name)
	if err != nil {
		return 0, localError(err)
	}
	if !info.Mode().IsRegular() {
		return 0, core.Invalid(name, "%s is not a regular file", name)
	}
	return info.Size(), nil
}

// source is a local file on its way to an artifact.
type source struct {
	local, target string
	size          int64
}

func put(ctx context.Context, r core.ArtifactRepository, s source, moved func(int) error) (core.Artifact, error) {
	file, err := os.Open(s.local)
	if err != nil {
		return core.Artifact{}, localError(err)
	}
	defer file.Close()
	if stored, done, err := putFile(ctx, r, s, file); err != nil {
		return core.Artifact{}, err
	} else if done {
		return stored, moved(int(s.size))
	}
	digest := sha256.New()
	stored, err := r.Put(ctx, s.target, &counted{io.TeeReader(file, digest), moved}, core.PutOptions{Size: &s.size})
	if err != nil {
		return core.Artifact{}, err
	}
	if sum := hex.EncodeToString(digest.Sum(nil)); stored.SHA256 != "" && stored.SHA256 != sum {
		return core.Artifact{}, core.Errorf(core.DataLoss, "the store has SHA-256 %s, the file %s", stored.SHA256, sum)
	}
	return stored, nil
}

// counted tells how much is read from a reader, and ends when that is answered with an error.
type counted struct {
	io.Reader
	moved func(int) error
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	if n == 0 {
		return n, err
	}
	if stop := c.moved(n); stop != nil {
		return 0, stop
	}
	return n, err
}

// localError gives an error of package os its code.
func localError(err error) error {
	code := core.Internal
	switch {
	case os.IsNotExist(err):
		code = core.NotFound
	case os.IsPermission(err):
		code = core.PermissionDenied
	}
	return core.Errorf(code, "%w", err)
}
