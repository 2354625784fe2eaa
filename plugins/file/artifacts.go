package file

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
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
	at   lazyFolder
	o    ArtifactsOptions
	free sync.Pool // of *[chunkSize]byte
}

// NewArtifacts returns the repository in the folder at location, a path or a file: URI. The folder is made by the first
// Put. A location that is not of this machine is ErrInvalid.
func NewArtifacts(location string, o ArtifactsOptions) (*Artifacts, error) {
	dir, err := localFolder(location)
	if err != nil {
		return nil, core.Do("open artifacts", "", err)
	}
	a := &Artifacts{at: lazyFolder{dir: dir, store: "artifact"}, o: o}
	a.at.prepare = a.prepare
	return a, nil
}

// Describe says what the repository promises.
func (a *Artifacts) Describe(ctx context.Context) (core.Info, error) {
	if err := a.at.begin(ctx); err != nil {
		return core.Info{}, core.Do("describe artifacts", "", err)
	}
	promises := []core.Capability{core.PutIfAbsent, core.PutAtomic, core.ArtifactMtime, core.PagesKeyset}
	if runtime.GOOS != "windows" {
		promises = append(promises, core.ArtifactVerbatim)
	}
	return core.Info{
		Name: "file", Version: core.ContractVersion, Contract: core.ContractVersion,
		Capabilities: core.CapabilitiesOf(a, promises...), Limits: core.DefaultLimits(),
	}, nil
}

// Close ends the use of the repository. Open readers can be read to their end.
func (a *Artifacts) Close() error { return a.at.close() }

// prepare removes what writers have left that died. A folder that we may only read needs no sweeping.
func (a *Artifacts) prepare(root *disk.Root) error {
	if a.o.ReadOnly {
		return nil
	}
	if err := root.Sweep("."); !errors.Is(err, core.ErrPermission) {
		return err
	}
	return nil
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
	if err := a.at.begin(ctx); err != nil {
		return core.Artifact{}, err
	}
	if err := core.CheckArtifactPath(path); err != nil {
		return core.Artifact{}, err
	}
	missing := core.Missing("artifact", path)
	if reserved(path) {
		return core.Artifact{}, missing
	}
	root, err := a.at.open(ifThere)
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
	if err := a.at.begin(ctx); err != nil {
		return err
	}
	if err := cmp.Or(core.CheckDelete(path, o), a.writable()); err != nil {
		return err
	}
	if reserved(path) {
		return nil
	}
	root, err := a.at.open(ifThere)
	if err != nil {
		return unlessNothing(err)
	}
	if path != "" {
		return unlessNothing(root.Discard(path, ".", a.durability()))
	}
	entries, err := root.ReadDir(".")
	if err != nil {
		return unlessNothing(err)
	}
	for _, entry := range entries {
		if err := core.Interrupted(ctx); err != nil {
			return err
		}
		if err := root.Discard(entry.Name(), ".", disk.Relaxed); err != nil {
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
