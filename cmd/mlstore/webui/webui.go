// Package webui takes the build of MLflow's web page out of MLflow's Python package, where somebody has that already.
package webui

import (
	"archive/zip"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/mlstore/mlstore/core"
)

// buildPath is where the build lies in MLflow's package.
const buildPath = "mlflow/server/js/build"

// Fetched is what was taken, and from where.
type Fetched struct {
	From  string `json:"from"`
	Into  string `json:"into"`
	Files int    `json:"files"`
	Bytes int64  `json:"bytes"`
}

// FromWheel takes the build out of a wheel, a file such as mlflow-3.18.0-py3-none-any.whl. What is at into is replaced if it is a
// build as well, and else left alone, which is an error.
func FromWheel(ctx context.Context, wheel, into string) (Fetched, error) {
	archive, err := zip.OpenReader(wheel)
	if err != nil {
		return Fetched{}, core.Invalid("wheel", "%s cannot be read as a wheel: %w", wheel, err)
	}
	defer archive.Close()
	f, err := fetch(ctx, into, func(w *writer) error { return w.unzip(archive.File) })
	f.From = wheel
	return f, err
}

// FromFolder takes the build out of a folder: one in which the package mlflow lies, such as site-packages, that of the package
// itself, or the build.
func FromFolder(ctx context.Context, folder, into string) (Fetched, error) {
	for _, below := range []string{buildPath, strings.TrimPrefix(buildPath, "mlflow/"), "."} {
		dir := filepath.Join(folder, filepath.FromSlash(below))
		if _, err := os.Stat(filepath.Join(dir, "index.html")); err != nil {
			continue
		}
		f, err := fetch(ctx, into, func(w *writer) error { return w.copyTree(os.DirFS(dir)) })
		f.From = dir
		return f, err
	}
	return Fetched{}, core.Invalid("folder", "%s has no build of MLflow's web page: it would be at %s", folder, buildPath)
}

// FromPython asks a Python where its mlflow lies, without loading it, and takes the build from there.
func FromPython(ctx context.Context, python, into string) (Fetched, error) {
	const where = "import importlib.util as u; s = u.find_spec('mlflow'); " +
		"print(*(s.submodule_search_locations if s else []), sep='\\n')"
	cmd := exec.CommandContext(ctx, python, "-I", "-c", where)
	out, err := cmd.Output()
	if err != nil {
		return Fetched{}, core.Invalid("python", "%s cannot be asked for its mlflow: %w", python, err)
	}
	folder, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if folder == "" {
		return Fetched{}, core.Errorf(core.NotFound,
			"%s has no mlflow: pip install it there, or name another Python with --python or a wheel with --wheel", python)
	}
	return FromFolder(ctx, strings.TrimSpace(folder), into)
}

// fetch fills a new folder beside into and puts it in the place of into when it is complete.
func fetch(ctx context.Context, into string, fill func(*writer) error) (f Fetched, err error) {
	if into, err = filepath.Abs(into); err != nil {
		return f, core.Errorf(core.Internal, "find the working directory: %w", err)
	}
	if err := replaceable(into); err != nil {
		return f, err
	}
	if err := os.MkdirAll(filepath.Dir(into), 0o750); err != nil {
		return f, core.Errorf(core.PermissionDenied, "make the folder of %s: %w", into, err)
	}
	temp, err := os.MkdirTemp(filepath.Dir(into), "."+filepath.Base(into)+"-")
	if err != nil {
		return f, core.Errorf(core.PermissionDenied, "make a folder beside %s: %w", into, err)
	}
	defer func() { _ = os.RemoveAll(temp) }() // gone already when all is well
	root, err := os.OpenRoot(temp)
	if err != nil {
		return f, core.Errorf(core.Internal, "%w", err)
	}
	w := &writer{ctx: ctx, root: root}
	err = errors.Join(fill(w), root.Close())
	if err != nil {
		return f, err
	}
	if !w.index {
		return f, core.Errorf(core.NotFound, "there is no %s/index.html: mlflow-skinny has no web page, mlflow has", buildPath)
	}
	return Fetched{Into: into, Files: w.files, Bytes: w.bytes}, replace(temp, into)
}

// replaceable refuses to put a build in the place of something else.
func replaceable(into string) error {
	entries, err := os.ReadDir(into)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0:
		return nil
	case err != nil:
		return core.Invalid("into", "%s cannot be replaced: %w", into, err)
	}
	for _, name := range []string{"index.html", "static"} {
		if _, err := os.Stat(filepath.Join(into, name)); err != nil {
			return core.Exists("folder that is no build of MLflow's web page", into)
		}
	}
	return nil
}

// replace puts temp in the place of into.
func replace(temp, into string) error {
	if err := os.Chmod(temp, 0o755); err != nil { //nolint:gosec // a web page, which servers of other users may serve
		return core.Errorf(core.Internal, "%w", err)
	}
	old := temp + ".old"
	moved := os.Rename(into, old) == nil
	if err := os.Rename(temp, into); err != nil {
		if moved {
			_ = os.Rename(old, into) // the error that counts is the first
		}
		return core.Errorf(core.Internal, "put the web page at %s: %w", into, err)
	}
	if moved {
		return os.RemoveAll(old)
	}
	return nil
}
