package file

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// Open reads a file or a part of it, as it was when it was opened: a Put that replaces it meanwhile does not show.
func (a *Artifacts) Open(ctx context.Context, path string, o core.ReadOptions) (io.ReadCloser, error) {
	r, err := a.open(ctx, path, o)
	if err != nil {
		return nil, core.Do("open artifact", path, err)
	}
	return r, nil
}

func (a *Artifacts) open(ctx context.Context, path string, o core.ReadOptions) (*artifactReader, error) {
	if err := a.at.begin(ctx); err != nil {
		return nil, err
	}
	if err := cmp.Or(core.CheckArtifactPath(path), core.CheckRead(o)); err != nil {
		return nil, err
	}
	missing := core.Missing("artifact", path)
	if reserved(path) {
		return nil, missing
	}
	root, err := a.at.open(ifThere)
	if err != nil {
		if nothing(err) {
			err = missing
		}
		return nil, err
	}
	f, err := root.OpenRegular(path, os.O_RDONLY, 0)
	switch {
	case errors.Is(err, disk.ErrDir):
		if filled, failed := hasFile(root, path); !filled || failed != nil {
			return nil, cmp.Or(failed, missing)
		}
		return nil, err
	case nothing(err):
		return nil, missing
	case err != nil:
		return nil, err
	}
	length, err := position(f, path, o)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &artifactReader{ctx: ctx, file: f, path: path, left: length}, nil
}

// position moves f to where reading starts and returns how many bytes there are to read.
func position(f *os.File, path string, o core.ReadOptions) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, disk.Wrap("stat", path, err)
	}
	if o.Offset > info.Size() {
		return 0, core.Errorf(core.OutOfRange, "the offset %d is past the end of %q, which has %d bytes",
			o.Offset, path, info.Size())
	}
	length := info.Size() - o.Offset
	if o.Length != nil {
		length = min(length, *o.Length)
	}
	_, err = f.Seek(o.Offset, io.SeekStart)
	return length, disk.Wrap("read", path, err)
}

// artifactReader reads a file up to the size that it had at first.
type artifactReader struct {
	ctx  context.Context //nolint:containedctx // a read has no context of its own; it ends with that of Open
	file *os.File
	path string
	left int64
}

func (r *artifactReader) Read(p []byte) (int, error) {
	if err := core.Interrupted(r.ctx); err != nil {
		return 0, core.Do("read artifact", r.path, err)
	}
	if r.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > r.left {
		p = p[:r.left]
	}
	n, err := r.file.Read(p)
	r.left -= int64(n)
	switch {
	case errors.Is(err, io.EOF) && r.left > 0:
		// Somebody has cut it: MLflow overwrites files in place.
		err = core.Errorf(core.DataLoss, "%q became shorter while it was read", r.path)
	case errors.Is(err, io.EOF):
		return n, io.EOF
	}
	return n, core.Do("read artifact", r.path, disk.Wrap("read", r.path, err))
}

// piece is how much WriteTo hands on at once.
const piece = 256 << 10

// WriteTo writes what is left, in pieces that w may take straight from the file: the kernel then sends them to a connection by
// itself.
func (r *artifactReader) WriteTo(w io.Writer) (int64, error) {
	var written int64
	for r.left > 0 {
		if err := core.Interrupted(r.ctx); err != nil {
			return written, core.Do("read artifact", r.path, err)
		}
		n, err := io.CopyN(w, r.file, min(piece, r.left))
		written += n
		r.left -= n
		switch {
		case errors.Is(err, io.EOF):
			return written, core.Errorf(core.DataLoss, "%q became shorter while it was read", r.path)
		case err != nil:
			return written, core.Do("read artifact", r.path, disk.Wrap("read", r.path, err))
		}
	}
	return written, nil
}

// Close closes the file. A second time is an error that os.File has for it.
func (r *artifactReader) Close() error { return disk.Wrap("close", r.path, r.file.Close()) }
