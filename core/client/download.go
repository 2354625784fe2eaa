package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// Download copies the file or directory at remote, or with "" everything, below the local directory dst and returns where
// it lies: the whole path in the repository is kept, so `a/b.txt` becomes dst/a/b.txt. Source: MLflow,
// mlflow/store/artifact/artifact_repo.py, download_artifacts.
//
// dst is created where it is missing; "" is a new temporary directory, which the caller removes. A file appears when it is
// complete, and when size and SHA-256, where the store knows it, are right; it replaces what had its name. Nothing is
// written outside dst: a listing that names such a place is refused, and links that lead out are not followed. A failure
// does not stop the others; the error names the first ten.
func Download(ctx context.Context, r core.ArtifactRepository, remote, dst string, o TransferOptions) (string, error) {
	remote, err := core.CheckArtifactDir(remote)
	if err != nil {
		return "", core.Do("download", remote, err)
	}
	file := core.Artifact{Dir: true}
	if remote != "" {
		if file, err = r.Stat(ctx, remote); err != nil {
			return "", core.Do("download", remote, err)
		}
	}
	root, err := destination(dst)
	if err != nil {
		return "", core.Do("download", dst, localError(err))
	}
	defer root.Close()
	t := newTransfer("download", o)
	d := downloader{transfer: t, from: r, to: root}
	if file.Dir {
		err = d.directory(ctx, remote)
	} else {
		file.Path = remote
		t.run(ctx, func(yield func(item) bool) { yield(d.item(file)) })
	}
	if err = errors.Join(err, t.result(ctx, remote)); err != nil {
		return "", core.Do("download", remote, err)
	}
	return filepath.Join(root.Name(), filepath.FromSlash(remote)), nil
}

func destination(dst string) (*os.Root, error) {
	if dst == "" {
		temp, err := os.MkdirTemp("", "mlstore-")
		if err != nil {
			return nil, err
		}
		dst = temp
	} else if err := os.MkdirAll(dst, 0o777); err != nil { //nolint:gosec // the umask decides, as for every program's files
		return nil, err
	}
	return os.OpenRoot(dst)
}

type downloader struct {
	*transfer
	from core.ArtifactRepository
	to   *os.Root
}

// directory downloads every file below dir, while it is still being listed.
func (d downloader) directory(ctx context.Context, dir string) error {
	if dir != "" {
		if err := d.to.MkdirAll(dir, 0o777); err != nil {
			return localError(err)
		}
	}
	var listing error
	d.run(ctx, func(yield func(item) bool) {
		for found, err := range Artifacts(ctx, d.from, dir, core.ListOptions{Recursive: true}) {
			if err != nil {
				listing = err
				return
			}
			if err := inside(found, dir); err != nil {
				d.fail(found.Path, err)
				continue
			}
			if !found.Dir && !yield(d.item(found)) {
				return
			}
		}
	})
	return listing
}

// inside refuses an entry of a listing that is not below the directory that was listed: what a store answers is not
// trusted.
func inside(found core.Artifact, dir string) error {
	if err := core.CheckArtifactPath(found.Path); err != nil {
		return core.Errorf(core.DataLoss, "the store listed a bad path: %w", err)
	}
	if dir != "" && !strings.HasPrefix(found.Path, dir+"/") {
		return core.Errorf(core.DataLoss, "the store listed %q, which is not below %q", found.Path, dir)
	}
	return nil
}

func (d downloader) item(file core.Artifact) item {
	return item{file.Path, file.Size, func(ctx context.Context, moved func(int) error) error { return d.file(ctx, file, moved) }}
}

// file writes into a temporary file beside the destination and renames it when all is well.
func (d downloader) file(ctx context.Context, file core.Artifact, moved func(int) error) error {
	dir := path.Dir(file.Path)
	if err := d.to.MkdirAll(dir, 0o777); err != nil {
		return localError(err)
	}
	temp := path.Join(dir, ".mlstore-"+rand.Text())
	if err := d.write(ctx, temp, file, moved); err != nil {
		_ = d.to.Remove(temp)
		return err
	}
	if err := d.to.Rename(temp, file.Path); err != nil {
		_ = d.to.Remove(temp)
		return localError(err)
	}
	return nil
}

func (d downloader) write(ctx context.Context, temp string, file core.Artifact, moved func(int) error) error {
	out, err := d.to.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return localError(err)
	}
	done, err := getFile(ctx, d.from, file, out)
	switch {
	case err == nil && done:
		err = moved(int(file.Size))
	case err == nil:
		err = d.stream(ctx, io.NewOffsetWriter(out, 0), file, moved)
	}
	if closed := out.Close(); err == nil {
		err = localErrorOrNil(closed)
	}
	return err
}

// stream copies the file, and compares it with what the store said of it.
func (d downloader) stream(ctx context.Context, out io.Writer, file core.Artifact, moved func(int) error) error {
	in, err := d.from.Open(ctx, file.Path, core.ReadOptions{})
	if err != nil {
		return err
	}
	defer in.Close()
	digest := sha256.New()
	size, err := io.Copy(io.MultiWriter(out, digest), &counted{in, moved})
	switch {
	case err != nil:
		return err
	case size != file.Size:
		return core.Errorf(core.DataLoss, "got %d bytes of %d", size, file.Size)
	case file.SHA256 != "" && file.SHA256 != hex.EncodeToString(digest.Sum(nil)):
		return core.Errorf(core.DataLoss, "the SHA-256 is not %s", file.SHA256)
	}
	return nil
}
