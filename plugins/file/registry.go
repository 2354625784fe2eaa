package file

import (
	"context"
	"errors"
	"path"
	"sync/atomic"

	"github.com/mlstore/mlstore/core"
	"github.com/mlstore/mlstore/plugins/file/internal/disk"
)

// Where the registry keeps what is its own, away from the folders that MLflow lists.
const (
	registryHidden = hiddenName + "/registry"
	registryLock   = registryHidden + "/lock"
	intentFile     = registryHidden + "/journal"
)

// RegistryOptions choose how a registry works. The zero value is usual.
type RegistryOptions struct {
	Durability Durability    // Relaxed leaves the flushing to the operating system
	ReadOnly   bool          // every change is ErrPermission. What a crash has left half done is finished nevertheless
	Report     func(Finding) // told of each malformed folder that is skipped; may be nil; must not block
}

// Registry is a core.RegistryStore in a folder, laid out as MLflow's file registry, with the abilities Aliases, Stages and
// RegistryImporter. It is safe for concurrent use, and several processes may use one folder at once.
//
// A change is one step for readers of this package, whatever the number of files that it takes: it holds a lock of the whole
// registry, and what a crash has left half done is finished by whoever takes the lock next. MLflow knows no such lock; it
// sees version folders appear complete, and files replaced whole. Source: MLflow, mlflow/store/model_registry/file_store.py.
type Registry struct {
	at     lazyFolder
	o      RegistryOptions
	limits core.Limits
	swept  atomic.Bool // what died before has been removed
}

// NewRegistry returns the registry in the folder root, a path or a file: URI; models lie in its folder "models". What is
// missing is made by the first change. A root that is not of this machine is ErrInvalid.
func NewRegistry(root string, o RegistryOptions) (*Registry, error) {
	dir, err := localFolder(root)
	if err != nil {
		return nil, core.Do("open registry", "", err)
	}
	return &Registry{at: lazyFolder{dir: dir, store: "registry"}, o: o, limits: core.DefaultLimits()}, nil
}

// Describe says what the registry promises.
func (r *Registry) Describe(ctx context.Context) (core.Info, error) {
	if err := r.at.begin(ctx); err != nil {
		return core.Info{}, core.Do("describe registry", "", err)
	}
	return core.Info{
		Name: "file", Version: core.ContractVersion, Contract: core.ContractVersion, Limits: r.limits,
		Capabilities: core.CapabilitiesOf(r,
			core.AtomicBatch, core.PagesKeyset, core.SearchNative, core.VersionUser, core.VersionVerbatim,
			core.VersionTouchesModel,
		),
	}, nil
}

// Close ends the use of the registry.
func (r *Registry) Close() error { return r.at.close() }

// view calls read while nobody of ours changes anything. Without a folder there is nothing to read: root is nil.
func (r *Registry) view(ctx context.Context, read func(root *disk.Root) error) error {
	if err := r.at.begin(ctx); err != nil {
		return err
	}
	root, err := r.at.open(ifThere)
	if errors.Is(err, core.ErrNotFound) {
		return read(nil)
	}
	if err != nil {
		return err
	}
	for {
		unlock, err := root.RLock(ctx, registryLock)
		if err != nil {
			return err
		}
		if _, err := root.Stat(intentFile); err != nil { // nothing half done
			defer unlock()
			return read(root)
		}
		unlock()
		if err := r.change(ctx, func(*disk.Root) error { return nil }); err != nil {
			return err
		}
	}
}

// change calls do with the lock held, after what a crash may have left half done has been finished.
func (r *Registry) change(ctx context.Context, do func(root *disk.Root) error) error {
	root, err := r.at.open(create)
	if err != nil {
		return err
	}
	if err := root.MkdirAll(registryHidden, r.durability()); err != nil {
		return err
	}
	unlock, err := root.Lock(ctx, registryLock)
	if err != nil {
		return err
	}
	defer unlock()
	if err := r.recover(root); err != nil {
		return err
	}
	return do(root)
}

// write is change for the methods that change something.
func (r *Registry) write(ctx context.Context, do func(root *disk.Root) error) error {
	if err := r.at.begin(ctx); err != nil {
		return err
	}
	if r.o.ReadOnly {
		return core.Errorf(core.PermissionDenied, "the registry was opened for reading only")
	}
	return r.change(ctx, do)
}

func (r *Registry) durability() disk.Durability { return r.o.Durability.onDisk() }

// modelPath is the folder of a model, from the root.
func modelPath(name string) string { return path.Join(modelsName, modelFolder(name)) }
