package file

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// uploading starts the names of the files into which MLflow's server receives an upload before it renames them
// (mlflow/server/fastapi_app.py, 3.15 and newer): no artifacts, and no names for artifacts.
const uploading = ".artifact.uploading."

// ArtifactsOptions choose how artifacts are kept. The zero value flushes every artifact before Put returns.
type ArtifactsOptions struct {
	Durability Durability // Relaxed leaves the flushing to the operating system
	ReadOnly   bool       // every change is ErrPermission
}

// Artifacts is an ArtifactRepository in a folder, laid out as MLflow's local repository: the files themselves under their
// names. It is safe for concurrent use, also by several processes.
//
// Symbolic links, pipes and devices in the folder are never followed, opened or overwritten, and not listed; directories
// without any file below them are not listed either. Files that are being written lie in the top folder under names of
// their own, which no artifact may have; what a crash leaves of them is removed when the folder is opened next.
//
// A Put holds three buffers of 256 KiB at most, whatever the size of the artifact.
type Artifacts struct {
	dir  string
	o    ArtifactsOptions
	free sync.Pool // of *[chunkSize]byte

	mu     sync.Mutex
	root   *disk.Root // nil until the folder is there and needed
	info   fs.FileInfo
	closed bool
}

// NewArtifacts returns the repository in the folder at location, a path or a file: URI. The folder is made by the first
// Put. A location that is not of this machine is ErrInvalid.
func NewArtifacts(location string, o ArtifactsOptions) (*Artifacts, error) {
	dir, err := localFolder(location)
	if err != nil {
		return nil, core.Do("open artifacts", "", err)
	}
	return &Artifacts{dir: dir, o: o}, nil
}

// localFolder is the absolute path that a location names.
func localFolder(location string) (string, error) {
	uri, err := core.ParseURI(location)
	if err != nil {
		return "", err
	}
	path, err := uri.LocalPath()
	if err != nil {
		return "", err
	}
	if path == "" {
		return "", core.Invalid("uri", "the location of a folder must not be empty")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", core.Invalid("uri", "%s has no absolute path: %w", uri, err)
	}
	return abs, nil
}

// Describe says what the repository promises.
func (a *Artifacts) Describe(ctx context.Context) (core.Info, error) {
	if err := a.begin(ctx); err != nil {
		return core.Info{}, core.Do("describe artifacts", "", err)
	}
	promises := []core.Capability{core.PutIfAbsent, core.ArtifactMtime, core.PagesKeyset}
	if runtime.GOOS != "windows" {
		promises = append(promises, core.ArtifactVerbatim)
	}
	return core.Info{
		Name: "file", Version: core.ContractVersion, Contract: core.ContractVersion,
		Capabilities: core.CapabilitiesOf(a, promises...), Limits: core.DefaultLimits(),
	}, nil
}

// Close ends the use of the repository. Open readers can be read to their end.
func (a *Artifacts) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed || a.root == nil {
		a.closed = true
		return nil
	}
	a.closed = true
	return a.root.Close()
}

// begin refuses a call that comes too late.
func (a *Artifacts) begin(ctx context.Context) error {
	a.mu.Lock()
	closed := a.closed
	a.mu.Unlock()
	if closed {
		return core.Closed("artifact")
	}
	return core.Interrupted(ctx)
}

// opening says what to do about a folder that is not there.
type opening int

const (
	ifThere opening = iota // it is ErrNotFound
	create
)

// folder returns the open folder. It opens it anew when it has been replaced by another one.
func (a *Artifacts) folder(how opening) (*disk.Root, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, core.Closed("artifact")
	}
	now, err := os.Stat(a.dir)
	if a.root != nil && err == nil && os.SameFile(a.info, now) {
		return a.root, nil
	}
	open := disk.Open
	if how == create {
		open = disk.Create
	}
	root, err := open(a.dir)
	if err != nil {
		return nil, err
	}
	info, err := root.Stat(".")
	if err == nil && !a.o.ReadOnly {
		err = root.Sweep(".")
	}
	if err != nil && !errors.Is(err, core.ErrPermission) { // a folder that we may only read needs no sweeping
		_ = root.Close()
		return nil, err
	}
	a.root, a.info = root, info // calls that still use the old one finish with it; the garbage collector closes it
	return root, nil
}

// reserved reports a path of which some component belongs to writers: nothing is there for our callers.
func reserved(path string) bool {
	for component := range strings.SplitSeq(path, "/") {
		if disk.IsTemp(component) || strings.HasPrefix(component, uploading) {
			return true
		}
	}
	return false
}

// nothing reports that an error means that there is nothing, be it that a parent is a file.
func nothing(err error) bool {
	return errors.Is(err, core.ErrNotFound) || errors.Is(err, disk.ErrNotDir)
}

// Stat describes a file or directory.
func (a *Artifacts) Stat(ctx context.Context, path string) (core.Artifact, error) {
	found, err := a.stat(ctx, path)
	return found, core.Do("stat artifact", path, err)
}

func (a *Artifacts) stat(ctx context.Context, path string) (core.Artifact, error) {
	if err := a.begin(ctx); err != nil {
		return core.Artifact{}, err
	}
	if err := core.CheckArtifactPath(path); err != nil {
		return core.Artifact{}, err
	}
	missing := core.Missing("artifact", path)
	if reserved(path) {
		return core.Artifact{}, missing
	}
	root, err := a.folder(ifThere)
	if err == nil {
		var info fs.FileInfo
		if info, err = root.Stat(path); err == nil {
			return describe(root, path, info)
		}
	}
	if nothing(err) {
		err = missing
	}
	return core.Artifact{}, err
}

// describe turns what is at path into an artifact.
func describe(root *disk.Root, path string, info fs.FileInfo) (core.Artifact, error) {
	switch {
	case info.Mode().IsRegular():
		return core.Artifact{Path: path, Size: info.Size(), ModTime: core.MillisOf(info.ModTime())}, nil
	case info.IsDir():
		filled, err := hasFile(root, path)
		if err != nil {
			return core.Artifact{}, err
		}
		if !filled {
			return core.Artifact{}, core.Missing("artifact", path)
		}
		return core.Artifact{Path: path, Dir: true}, nil
	}
	return core.Artifact{}, notPlain(path)
}

// notPlain is the error for a link, pipe or device.
func notPlain(path string) error {
	return core.State(path, "%q is a link or a special file, not an artifact", path)
}

// Delete removes the file or directory at path. A directory goes in one step. Links are removed, not followed.
func (a *Artifacts) Delete(ctx context.Context, path string, o core.DeleteOptions) error {
	return core.Do("delete artifact", path, a.delete(ctx, path, o))
}

func (a *Artifacts) delete(ctx context.Context, path string, o core.DeleteOptions) error {
	if err := a.begin(ctx); err != nil {
		return err
	}
	if err := cmp.Or(core.CheckDelete(path, o), a.writable()); err != nil {
		return err
	}
	if reserved(path) {
		return nil
	}
	root, err := a.folder(ifThere)
	if err != nil {
		return unlessNothing(err)
	}
	if path != "" {
		return unlessNothing(root.Discard(path, a.durability()))
	}
	entries, err := root.ReadDir(".")
	if err != nil {
		return unlessNothing(err)
	}
	for _, entry := range entries {
		if err := core.Interrupted(ctx); err != nil {
			return err
		}
		if err := root.Discard(entry.Name(), disk.Relaxed); err != nil {
			return err
		}
	}
	if a.durability() == disk.Relaxed {
		return nil
	}
	return root.SyncDir(".")
}

// unlessNothing drops an error that says that nothing is there.
func unlessNothing(err error) error {
	if nothing(err) {
		return nil
	}
	return err
}

func (a *Artifacts) writable() error {
	if a.o.ReadOnly {
		return core.Errorf(core.PermissionDenied, "the repository was opened for reading only")
	}
	return nil
}

func (a *Artifacts) durability() disk.Durability {
	return a.o.Durability.onDisk()
}

// onDisk is the durability in the terms of package disk.
func (d Durability) onDisk() disk.Durability {
	if d == Relaxed {
		return disk.Relaxed
	}
	return disk.Sync
}
