package webui

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// Bounds of what is taken (security rule R8). MLflow's build has 28 MiB.
const (
	maxEntries = 200_000
	maxBytes   = 1 << 30
	maxRatio   = 200 // of what is unpacked to what is packed
)

// writer writes regular files below a new folder, and nothing else.
type writer struct {
	ctx   context.Context //nolint:containedctx // a writer lives for one call
	root  *os.Root
	files int
	bytes int64
	index bool // there is a page
}

// unzip writes the entries of a wheel that belong to the build. A wheel that has anything but plain files there is refused
// whole.
func (w *writer) unzip(entries []*zip.File) error {
	if len(entries) > maxEntries {
		return core.Invalid("wheel", "the wheel has more than %d entries", maxEntries)
	}
	for _, entry := range entries {
		name, found := strings.CutPrefix(entry.Name, buildPath+"/")
		if !found || name == "" || strings.HasSuffix(name, "/") && entry.UncompressedSize64 == 0 {
			continue
		}
		if !entry.Mode().IsRegular() {
			return core.Invalid("wheel", "%q is no plain file", entry.Name)
		}
		packed := max(entry.CompressedSize64, 1)
		if entry.UncompressedSize64 > maxBytes || entry.UncompressedSize64/packed > maxRatio {
			return core.Invalid("wheel", "%q unpacks to %d bytes: that is too much", entry.Name, entry.UncompressedSize64)
		}
		from, err := entry.Open()
		if err != nil {
			return core.Invalid("wheel", "%q cannot be read: %w", entry.Name, err)
		}
		err = w.write(name, from)
		if err = errors.Join(err, from.Close()); err != nil {
			return err
		}
	}
	return nil
}

// copyTree writes the files of a tree. Links are refused: they may lead out of it.
func (w *writer) copyTree(tree fs.FS) error {
	return fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return core.Errorf(core.Internal, "read the web page: %w", err)
		case entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			return core.Invalid("folder", "%q is no plain file", name)
		}
		from, err := tree.Open(name)
		if err != nil {
			return core.Errorf(core.Internal, "read the web page: %w", err)
		}
		defer from.Close()
		return w.write(name, from)
	})
}

// write writes one file. A name that leads out, or is there already, is refused.
func (w *writer) write(name string, from io.Reader) error {
	if err := core.CheckArtifactPath(name); err != nil {
		return err
	}
	if err := core.Interrupted(w.ctx); err != nil {
		return err
	}
	if w.files++; w.files > maxEntries {
		return core.Invalid("entries", "there are more than %d files", maxEntries)
	}
	if err := w.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return core.Invalid("entries", "%q cannot be written: %w", name, err)
	}
	to, err := w.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return core.Invalid("entries", "%q cannot be written: %w", name, err)
	}
	n, err := io.Copy(to, io.LimitReader(from, maxBytes-w.bytes+1))
	if err = errors.Join(err, to.Close()); err != nil {
		return core.Invalid("entries", "%q cannot be written: %w", name, err)
	}
	if w.bytes += n; w.bytes > maxBytes {
		return core.Invalid("entries", "there are more than %d bytes", maxBytes)
	}
	w.index = w.index || name == "index.html"
	return nil
}
