package mem

import (
	"context"
	"sync"

	"github.com/mlstore/mlstore/core"
)

// Registry is a core.RegistryStore with the abilities Aliases, Stages, RegistryImporter and Webhooks. It keeps every promise
// that the contract has for registries. It is safe for concurrent use.
type Registry struct {
	handle
	data *registryData
}

// registryData is what all handles of one registry share.
type registryData struct {
	mu       sync.RWMutex
	models   map[string]*model
	created  creations[madeVersion]
	webhooks map[core.WebhookID]core.Webhook // nil until there is one
}

// madeVersion remembers a version by its model's identity, which a renaming does not change and a deletion ends.
type madeVersion struct {
	model  *model
	number int
}

// model is a registered model with its versions. Its own Latest stays empty: it is computed when a caller sees the model.
type model struct {
	core.Model
	versions map[int]*core.Version
	last     int // the highest number ever given: none is given twice (D-15)
}

// NewRegistry makes an empty registry.
func NewRegistry() *Registry { return openRegistry(newRegistryData()) }

func newRegistryData() *registryData { return &registryData{models: map[string]*model{}} }

func openRegistry(d *registryData) *Registry {
	return &Registry{handle: newHandle("registry"), data: d}
}

// Reopen returns a new handle on the same data.
func (r *Registry) Reopen() *Registry { return openRegistry(r.data) }

// Describe says that the store keeps every promise for registries.
func (r *Registry) Describe(ctx context.Context) (_ core.Info, err error) {
	defer named(&err, "describe", r.kind)
	if err := r.read(ctx); err != nil {
		return core.Info{}, err
	}
	return r.describe(r,
		core.AtomicBatch, core.PagesKeyset, core.IdempotentCreate, core.SearchNative, core.VersionUser, core.VersionVerbatim,
		core.VersionTouchesModel,
	), nil
}

// model finds a model. The lock must be held.
func (d *registryData) model(name string) (*model, error) {
	m, found := d.models[name]
	if !found {
		return nil, core.Missing("registered model", name)
	}
	return m, nil
}

// version finds a version and its model. The lock must be held.
func (d *registryData) version(ref core.VersionRef) (*model, *core.Version, error) {
	m, err := d.model(ref.Model)
	if err != nil {
		return nil, nil, err
	}
	v, found := m.versions[ref.Number]
	if !found {
		return nil, nil, missingVersion(ref)
	}
	return m, v, nil
}
